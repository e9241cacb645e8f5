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
  - Moves gateways that are Deployments with an injected proxy. A stand-in, a second Deployment of
    the new revision, joins the same Service and gets ready first; then the gateway's own pods are
    replaced; then the stand-in goes.
  - Name, Service, addresses, node ports and autoscaler of a gateway stay as they are.
  - Where the stand-in does not get ready it is removed again, and the gateway was not touched.
  - A run that was killed is finished by the next one. The way back is the same with the revision
    of before.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
options:
  gateways:
    description:
      - The gateways, each as C(namespace/Deployment/name).
      - Every gateway by injection in the cluster when it is empty.
    type: list
    elements: str
    default: []
  revision:
    description: >-
      The revision, or a tag, that shall inject their proxies. V(default) is the control plane
      without a revision, or what the tag of that name points at.
    type: str
    required: true
  wait_timeout:
    description: For how many seconds to wait for all of them.
    type: int
    default: 300
requirements:
  - Python package urllib3
seealso:
  - module: meshwright.istio.workload_restart
    description: Replaces the pods of everything else.
"""

EXAMPLES = r"""
- name: Move every gateway to the new revision
  meshwright.istio.gateway_revision:
    revision: 1-31
  register: moved

- name: Take one back
  meshwright.istio.gateway_revision:
    gateways: [istio-ingress/Deployment/istio-ingressgateway]
    revision: 1-30
"""

RETURN = r"""
gateways:
  description: The gateways that were chosen, with the revisions of their pods before and after.
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
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_job, _result
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._reference import parse_all
from ansible_collections.meshwright.istio.plugins.module_utils._revision import check_name
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "gateways": {"type": "list", "elements": "str", "default": []},
        "revision": {"type": "str", "required": True},
        "wait_timeout": {"type": "int", "default": 300},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, apply, report."""
    check_name("revision", module.params["revision"])
    names = parse_all("gateways", module.params["gateways"])
    waiter = Waiter.start(module.params["wait_timeout"], Progress(module).say)
    job = _gateway_job.plan(api, names, module.params["revision"])
    took = {} if module.check_mode else job.carry_out(api, waiter)
    return {
        "changed": bool(job.todo),
        "gateways": job.summary(took),
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
