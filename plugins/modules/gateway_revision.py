#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Move gateways to another revision."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gateway_revision
short_description: Move Istio gateways to another revision behind their Services
version_added: 0.1.0
description:
  - Moves gateways that are Deployments with an injected proxy, and those that istiod deploys from a
    Gateway of the Gateway API. Pods of the new revision join the same Services first, and get
    ready, and serve every listener, certificate and route that the old ones do. Then the old pods
    leave the Services by getting unready, since without the labels that a Service selects by istiod
    would take their listeners away. They are deleted when nothing is open in them any more.
  - A Gateway of the Gateway API follows its own label C(istio.io/rev), then that of its namespace,
    then the default. Where that does not lead to the revision yet, the Gateway gets the label, and
    loses it again on the way back.
  - Name, Service, addresses, node ports and autoscaler of a gateway stay as they are.
  - Where the new pods do not get ready, or do not serve all that the old ones do, they are drained
    and the Deployment is put back. The old pods were not touched.
  - A run that was killed is finished by the next one. The way back is the same with the revision
    of before.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.gone
options:
  gateways:
    description:
      - The gateways, each as C(namespace/Deployment/name). O(gone) says what becomes of those that
        do not exist.
      - Every gateway in the cluster when it is empty.
    type: list
    elements: str
    default: []
  revision:
    description: >-
      The revision, or a tag, that shall inject their proxies. V(default) is the control plane
      without a revision, or what the tag of that name points at.
    type: str
    required: true
  version:
    description: >-
      The version that their proxies shall run, where an upgrade in place keeps the revision, such
      as V(1.31.0).
    type: str
  state:
    description:
      - V(held) only sees to it that a change of labels, or another version of their istiod, does
        not replace the pods of those that istiod deploys, as it would at once, by pausing their
        Deployments. O(state=moved) goes on from there, onward or back. Others are left as they are.
    type: str
    choices: [moved, held]
    default: moved
  drain_timeout:
    description: >-
      For how many seconds an old pod is kept for the requests and streams that are open in it, from
      when it has left its Services. What is still open then breaks, and is counted in
      C(open_at_end).
    type: int
    default: 300
  drain_hold:
    description: >-
      For how many seconds an old pod is kept at least, and until nobody has asked it for anything
      for 5 seconds. Clients that keep their connections are told to come to another with their next
      request.
    type: int
    default: 10
  wait_timeout:
    description: >-
      For how many seconds to wait for the new pods of all of them, and as long again until every
      proxy knows that the old ones have left.
    type: int
    default: 300
  allow_empty_nodes:
    description:
      - Whether old pods may leave a node on which no new one is ready, though a Service before the
        gateway leads to the pods of the same node alone, by C(externalTrafficPolicy) or
        C(internalTrafficPolicy) V(Local). New connections to that node are lost then, until the
        load balancer before it has noticed.
      - Without it the old pods stay until there are new ones on each of their nodes, and the
        gateway goes back when O(wait_timeout) has passed.
    type: bool
    default: false
requirements:
  - Python package urllib3
  - For those that istiod deploys, the rights to list and patch gateways of
    gateway.networking.k8s.io and replicasets.
  - The right to patch pods/status; without it the kubelet finds old pods unready in its own time.
seealso:
  - module: meshwright.istio.workload_restart
    description: Replaces the pods of everything else.
"""

EXAMPLES = r"""
- name: Move every gateway to the new revision
  meshwright.istio.gateway_revision:
    revision: 1-31
  register: moved

- name: Hold one that istiod deploys before the label of its namespace changes
  meshwright.istio.gateway_revision:
    gateways: [web/Deployment/public-istio]
    revision: 1-31
    state: held

- name: Take one back
  meshwright.istio.gateway_revision:
    gateways: [istio-ingress/Deployment/istio-ingressgateway]
    revision: 1-30
"""

RETURN = r"""
gateways:
  description:
    - The gateways that were chosen, with the revisions of their pods before and after.
    - C(drained) has each old pod as M(meshwright.istio.workload_restart) returns it.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: istio-ingress
      kind: Deployment
      name: istio-ingressgateway
      before: [1-30]
      after: [1-31]
      changed: true
      seconds: 12.3
      drained:
        - pod: istio-ingressgateway-5c6d5b9cc-hd4zh
          revision: 1-30
          released: "2026-11-25T09:30:01Z"
          out: "2026-11-25T09:30:01Z"
          acknowledged: "2026-11-25T09:30:02Z"
          ended: "2026-11-25T09:31:12Z"
          proxies: 41
          open_at_out: 20
          open_at_end: 0
          seconds: 71.0
left_out:
  description: The names in O(gateways) that do not exist, with O(gone=leave_out).
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway_job,
    _gone,
    _result,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._patience import Patience
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._reference import parse_all
from ansible_collections.meshwright.istio.plugins.module_utils._revision import check_name
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import check_version


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "gateways": {"type": "list", "elements": "str", "default": []},
        "revision": {"type": "str", "required": True},
        "version": {"type": "str"},
        "state": {"type": "str", "choices": ["moved", "held"], "default": "moved"},
        "drain_timeout": {"type": "int", "default": 300},
        "drain_hold": {"type": "int", "default": 10},
        "wait_timeout": {"type": "int", "default": 300},
        "allow_empty_nodes": {"type": "bool", "default": False},
        "gone": dict(_gone.OPTION),
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, apply, report."""
    check_name("revision", module.params["revision"])
    names = parse_all("gateways", module.params["gateways"])
    version = check_version("version", module.params["version"])
    patience = Patience.from_params(module.params)
    waiter = Waiter.start(module.params["wait_timeout"], Progress(module).say)
    job = _gateway_job.plan(
        api,
        names,
        module.params["revision"],
        version,
        holds=module.params["state"] == "held",
        leave_out=_gone.leaves_out(module.params),
    )
    if module.params["allow_empty_nodes"]:
        job = job.allowing_empty_nodes()
    if not module.check_mode:
        job.carry_out(api, waiter, patience)
    return {
        "changed": bool(job.todo),
        "gateways": job.summary(),
        "left_out": [name.path for name in job.gone],
        "diff": _result.diff(job.changes()),
    }


def main() -> None:
    """Start here."""
    module = create_module(argument_spec(), supports_check_mode=True)
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
