#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install, update or remove one revision of the Istio control plane."""

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_revision
short_description: Install, update or remove one revision of the Istio control plane
version_added: 0.1.0
description:
  - Renders one control plane with the C(istioctl) of its version, compares every object with the
    cluster by a server-side dry run, and writes only those that differ, with the labels and the
    field manager of C(istioctl install).
  - Never touches a gateway or another revision. A manifest that holds anything else than the
    revision's own objects is refused. The CustomResourceDefinitions, which all revisions share,
    are never replaced by older ones.
  - A running istiod keeps its settings until the new one is ready, so that a missing image harms
    nobody. What istiod itself writes, such as C(caBundle) and the validator's C(failurePolicy),
    and the replicas that an autoscaler sets, are left alone.
  - The first revision of a cluster gets the default tag too; see
    M(meshwright.istio.istio_revision_tag) to move it.
  - With O(state=absent), refuses while anybody uses the revision and names them all; removes only
    the revision's own objects, also half of one that a failed installation left.
  - A run that was killed is finished by the next one.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.control_plane
  - meshwright.istio.istioctl
options:
  state:
    description: Whether the revision shall be there.
    type: str
    choices: [present, absent]
    default: present
  revision:
    description: The revision. Left out, or V(default), it is the control plane without one.
    type: str
  version:
    description: The version of Istio and of the C(istioctl). Required with O(state=present).
    type: str
  image_pull_secrets:
    description: Secrets in O(istio_namespace) with which istiod and the sidecars are pulled.
    type: list
    elements: str
    default: []
  replicas:
    description: A fixed number of istiods in place of an autoscaler.
    type: int
  disruption_budget:
    description: How many istiods may be missing at once while nodes are drained; one of the two.
    type: dict
    suboptions:
      min_available:
        description: So many stay; less than O(replicas).
        type: int
      max_unavailable:
        description: So many may go.
        type: int
  cni:
    description:
      - Also install the CNI of the nodes. It belongs to all revisions, so it is never replaced by
        an older one, and never removed.
    type: bool
    default: false
  try_images:
    description: Pull new images with a short pod before anything of Istio is written.
    type: bool
    default: true
  allow_skew:
    description: Allow to go further than one minor release in place, or two beside another.
    type: bool
    default: false
  wait:
    description:
      - Wait until the control plane can serve. Its pods are ready, its Service leads to one, its
        webhooks are trusted, and a pod tried by a dry run comes back with its sidecar.
      - Pods that cannot start are reported at once. With O(state=absent), wait for their end.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 300
requirements:
  - istioctl of the version, for O(state=present)
  - Python packages urllib3 and PyYAML, and websocket-client for O(state=absent)
seealso:
  - module: meshwright.istio.istio_revision_info
  - module: meshwright.istio.istio_revision_tag
"""

EXAMPLES = r"""
- name: Install a second control plane beside the first
  meshwright.istio.istio_revision:
    revision: 1-31
    version: 1.31.0
    istioctl_directory: /opt/istio
    replicas: 2
    disruption_budget: {max_unavailable: 1}
    values: {pilot: {resources: {requests: {cpu: 500m}}}}
  register: installed

- name: Show with which sidecar pods start
  ansible.builtin.debug:
    var: installed.proof.injected.image

- name: Remove the old one
  meshwright.istio.istio_revision:
    revision: 1-30
    state: absent
"""

RETURN = r"""
revision:
  description: The name of the revision; V(default) for the control plane without one.
  returned: success
  type: str
  sample: 1-31
objects:
  description: What was written or deleted, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample: [{kind: Deployment, name: istiod-1-31, namespace: istio-system, action: created}]
kept:
  description: Shared objects that stay, because they are newer or kept up to date by another tool.
  returned: success with O(state=present)
  type: list
  elements: dict
  sample: [{kind: ServiceAccount, name: istio-reader-service-account, namespace: istio-system}]
proof:
  description: What was seen; C(injected) is null where no label of a pod leads to this revision.
  returned: success with O(state=present) and O(wait), not in check mode
  type: dict
  sample: {istiod_image: hub/pilot:1.31.0, injected: {revision: 1-31, image: hub/proxyv2:1.31.0}}
users:
  description: Who still uses the revision, by kind of user.
  returned: when O(state=absent) is refused
  type: dict
  sample: {namespaces: [payments], pods: [payments/web-0], tags: [prod]}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _install_job, _removal, _steps
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Job
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    limits = {"min_available": {"type": "int"}, "max_unavailable": {"type": "int"}}
    paths = {"type": "list", "elements": "path", "default": []}
    names = {"type": "list", "elements": "str", "default": []}
    return {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "revision": {"type": "str"},
        "version": {"type": "str"},
        "istio_namespace": {"type": "str", "default": "istio-system"},
        "istioctl_path": {"type": "path"},
        "istioctl_directory": {"type": "path"},
        "operator": {"type": "dict"},
        "operator_files": paths,
        "values": {"type": "dict"},
        "values_files": paths,
        "hub": {"type": "str"},
        "image_pull_secrets": {**names, "no_log": False},
        "replicas": {"type": "int"},
        "disruption_budget": {"type": "dict", "options": limits},
        "cni": {"type": "bool", "default": False},
        "try_images": {"type": "bool", "default": True},
        "take_over": {**names, "choices": ["helm", "sail", "argo_cd", "flux"]},
        "allow_skew": {"type": "bool", "default": False},
        "allow_other_images": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 300},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, apply, report."""
    revision = Revision.parse(module.params["revision"], module.params["istio_namespace"])
    waiter = Waiter.start(module.params["wait_timeout"], Progress(module).say)
    absent = module.params["state"] == "absent"
    job: Job = (_removal if absent else _install_job).plan(api, module, revision)
    result = {"revision": revision.name, **_steps.report(job.steps), **job.facts()}
    return result if module.check_mode else result | job.carry_out(api, waiter)


def main() -> None:
    """Start here."""
    module = create_module(
        argument_spec(),
        supports_check_mode=True,
        required_if=[("state", "present", ("version",))],
    )
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
