#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Point many namespaces at an Istio revision or tag in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: namespace_revision_label
short_description: Point namespaces at an Istio revision or tag
version_added: 0.1.0
description:
  - Sets the label C(istio.io/rev) of many namespaces and removes C(istio-injection) in the same
    request, because C(istio-injection) would win over the revision.
  - Sends one request for each namespace that really changes, many at once; a namespace that is
    right is never written.
  - Running pods keep their sidecar. They get the one of the new revision when they are replaced.
  - When some namespaces cannot be written, all others still are; the task fails and names those
    that are left.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.gone
options:
  namespaces:
    description: Names of namespaces. O(gone) says what becomes of those that do not exist.
    type: list
    elements: str
  label_selector:
    description: A label selector of the Kubernetes API; beside O(namespaces), it adds to them.
    type: str
  share:
    description:
      - Takes only so many per cent of what O(namespaces) and O(label_selector) choose.
      - The choice depends on nothing but the name (the first 64 bits of its SHA-256, as a part of
        2 to the power of 64, are below the share), so a share that grows keeps every namespace that
        it had.
      - Of a few namespaces the share can be none or all; of hundreds it is close to the number.
      - Namespaces outside the share are left as they are.
    type: float
    default: 100
  revision:
    description:
      - The revision or tag that shall inject the pods of the namespaces.
      - Refused when no webhook with a C(caBundle) and a ready endpoint answers for it.
      - With O(state=absent), only namespaces that name this revision are changed.
    type: str
  injection:
    description:
      - In place of O(revision), a value for the label C(istio-injection); C(istio.io/rev) is then
        removed.
      - V(enabled) follows the default revision, which is the way back to a control plane without a
        revision.
      - V(disabled) opts the namespaces out of injection.
    type: str
    choices: [enabled, disabled]
  state:
    description:
      - V(present) gives the namespaces the label.
      - V(absent) takes away what asks for injection, C(istio.io/rev) and
        C(istio-injection=enabled).
    type: str
    choices: [present, absent]
    default: present
  allow_system_namespaces:
    description:
      - Also change C(kube-*), C(openshift-*), C(local-path-storage) and O(istio_namespace).
    type: bool
    default: false
  allow_opted_out:
    description: Also inject into namespaces with C(istio-injection=disabled).
    type: bool
    default: false
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
  retry_timeout:
    description:
      - For how many seconds conflicts (409), a busy API server (429, 5xx) and lost connections are
        tried again.
    type: int
    default: 60
requirements:
  - Python package urllib3
seealso:
  - module: meshwright.istio.workload_restart
    description: Replaces the pods that still have the sidecar of another revision.
"""

EXAMPLES = r"""
- name: Point two namespaces at the new revision
  meshwright.istio.namespace_revision_label:
    namespaces: [payments, orders]
    revision: 1-31

- name: Point a tenth of the mesh at it
  meshwright.istio.namespace_revision_label:
    label_selector: istio.io/rev=1-30
    share: 10
    revision: 1-31
  register: moved

- name: Show what has moved
  ansible.builtin.debug:
    msg: "{{ moved.namespaces | selectattr('changed') | map(attribute='name') }}"

- name: Go back to the control plane without a revision
  meshwright.istio.namespace_revision_label:
    namespaces: [payments, orders]
    injection: enabled

- name: Take a namespace out of the mesh
  meshwright.istio.namespace_revision_label:
    namespaces: [orders]
    state: absent
"""

RETURN = r"""
namespaces:
  description:
    - The namespaces that were chosen, sorted by name, with their two labels before and as they
      are wanted.
    - A label is null where the namespace does not carry it, and C(error) where nothing went wrong.
    - C(changed) says whether the namespace was written, or would be in check mode.
  returned: success, and when some namespaces could not be changed
  type: list
  elements: dict
  sample:
    - name: orders
      before: {revision: null, injection: enabled}
      after: {revision: 1-31, injection: null}
      changed: true
      error: null
counts:
  description: How many namespaces were chosen, and what became of them.
  returned: success, and when some namespaces could not be changed
  type: dict
  sample: {chosen: 20, changed: 18, unchanged: 2, failed: 0}
left_out:
  description: The names in O(namespaces) that do not exist, with O(gone=leave_out).
  returned: success, and when some namespaces could not be changed
  type: list
  elements: str
  sample: []
failed_namespaces:
  description: The names of those that could not be changed.
  returned: when some namespaces could not be changed
  type: list
  elements: str
  sample: [orders]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _gone, _namespace_patches
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._relabelling import Relabelling


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "namespaces": {"type": "list", "elements": "str"},
        "label_selector": {"type": "str"},
        "share": {"type": "float", "default": 100},
        "revision": {"type": "str"},
        "injection": {"type": "str", "choices": ["enabled", "disabled"]},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "allow_system_namespaces": {"type": "bool", "default": False},
        "allow_opted_out": {"type": "bool", "default": False},
        "gone": dict(_gone.OPTION),
        "istio_namespace": {"type": "str", "default": "istio-system"},
        "retry_timeout": {"type": "int", "default": 60},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, apply, report."""
    relabelling = Relabelling.from_params(module.params)
    moves = relabelling.plan(relabelling.read(api))
    if any(move.changed for move in moves):
        relabelling.require_injector(api)
        if not module.check_mode:
            moves = _namespace_patches.write(
                api,
                moves,
                timeout=module.params["retry_timeout"],
                leave_out=relabelling.leaves_out,
            )
    return _namespace_patches.report(moves, relabelling.left_out(moves))


def main() -> None:
    """Start here."""
    module = create_module(
        argument_spec(),
        supports_check_mode=True,
        required_one_of=[("namespaces", "label_selector")],
        mutually_exclusive=[("revision", "injection")],
    )
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
