#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Point a tag at a revision."""

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_revision_tag
short_description: Set, move or remove a tag of an Istio revision
version_added: 0.1.0
description:
  - Makes a tag point at a revision, as C(istioctl tag set) does, and does nothing when it does
    already. Namespaces and pods that ask for the tag get the sidecar of the revision from then on;
    running pods keep theirs.
  - The tag V(default) decides for C(istio-injection=enabled). With it goes the default validator,
    which checks configuration that names no revision, so the two never disagree.
  - Refused when the revision's istiod does not answer, or pods would be injected twice. Removing is
    refused while a namespace, workload, gateway or configuration object asks for the tag.
  - Refused as well when an object that is to be changed belongs to another tool, unless
    O(take_over) names it. Signs that C(istioctl tag set) has copied from the revision do not count.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.control_plane
options:
  tag:
    description: The name of the tag. That of a revision is refused.
    type: str
    required: true
  revision:
    description: >-
      The revision that it shall point at; V(default) is the control plane without one. Required
      with O(state=present).
    type: str
  state:
    description: Whether the tag shall be there.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - Python package urllib3
seealso:
  - module: meshwright.istio.namespace_revision_label
    description: Points namespaces at a tag.
  - module: meshwright.istio.istio_revision
"""

EXAMPLES = r"""
- name: Let the tag prod point at the new revision
  meshwright.istio.istio_revision_tag:
    tag: prod
    revision: 1-31

- name: Let everything that asks for no revision follow it too
  meshwright.istio.istio_revision_tag:
    tag: default
    revision: 1-31
  register: moved

- name: Remove a tag that nobody asks for
  meshwright.istio.istio_revision_tag:
    tag: old-prod
    state: absent
"""

RETURN = r"""
before:
  description: The revision that the tag pointed at; null where there was no tag.
  returned: success
  type: str
  sample: 1-30
after:
  description: The revision that it points at now, or would in check mode; null without a tag.
  returned: success
  type: str
  sample: 1-31
objects:
  description: What was written or deleted, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: MutatingWebhookConfiguration
      name: istio-revision-tag-prod
      namespace: null
      action: updated
users:
  description: Who still asks for the tag.
  returned: when O(state=absent) is refused
  type: list
  elements: str
  sample: [Namespace payments]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _steps, _tag_job
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    Revision,
    check_name,
)


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    owners = ["helm", "sail", "argo_cd", "flux"]
    return {
        "tag": {"type": "str", "required": True},
        "revision": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "istio_namespace": {"type": "str", "default": "istio-system"},
        "take_over": {"type": "list", "elements": "str", "choices": owners, "default": []},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, apply, report."""
    tag, namespace = module.params["tag"], module.params["istio_namespace"]
    take_over = module.params["take_over"]
    check_name("tag", tag)
    if module.params["state"] == "absent":
        job = _tag_job.plan_absent(api, tag, namespace, take_over)
    else:
        revision = Revision.parse(module.params["revision"], namespace)
        job = _tag_job.plan_present(api, tag, revision, take_over)
    if not module.check_mode:
        job.carry_out(api)
    return {"before": job.before, "after": job.after, **_steps.report(job.steps)}


def main() -> None:
    """Start here."""
    module = create_module(
        argument_spec(),
        supports_check_mode=True,
        required_if=[("state", "present", ("revision",))],
    )
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
