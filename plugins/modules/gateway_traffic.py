#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell how much traffic the gateways of a cluster really see, and wait until they see none."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gateway_traffic
short_description: Tell how much traffic gateways really see, and wait until they see none
version_added: 0.1.0
description:
  - Asks the Envoy of every gateway pod how many connections and requests it has, and how many
    requests came since an earlier call. A weight of 0 before a cluster moves new connections only,
    and a share that was set is not yet one that arrives.
  - Listeners for users count. Probes, scrapes and the administration of the proxy do not.
  - With O(wait) it looks again and again until the gateways have been quiet for O(quiet) seconds
    without a break, and fails when O(wait_timeout) has passed before.
  - By default Istio keeps no statistics of the listeners. The sessions are then all connections of
    the proxy, those of probes and scrapes included, and RV(exact) is false. They are exact where
    C(proxyStatsMatcher) has the suffixes C(downstream_cx_active), C(downstream_rq_active) and
    C(downstream_rq_total).
author: The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
attributes:
  diff_mode: {support: none, details: The module changes nothing.}
options:
  gateways:
    description:
      - The gateways, by the names of their Deployments or other controllers.
      - When it is empty, those before which a Service of type C(LoadBalancer) or C(NodePort)
        stands, and those that istiod deploys for a Gateway of the Gateway API.
    type: list
    elements: dict
    default: []
    suboptions:
      namespace:
        description: The namespace of the gateway.
        type: str
        required: true
      name:
        description: The name of the controller of its pods.
        type: str
        required: true
  since:
    description: The RV(counters) of an earlier result, for RV(requests_since).
    type: dict
  wait:
    description: Wait until the gateways are quiet. In check mode it looks once.
    type: bool
    default: false
  max_rate:
    description: How many requests per second are quiet, over each O(interval).
    type: float
    default: 0
  max_sessions:
    description: How many sessions of all gateways together are quiet.
    type: int
    default: 0
  quiet:
    description: For how many seconds both have to hold without a break.
    type: int
    default: 10
  interval:
    description: How many seconds are between two looks.
    type: int
    default: 1
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 600
  waited:
    description: For how many seconds earlier calls have waited already, for what is said.
    type: int
    default: 0
requirements: [urllib3, websocket-client]
seealso:
  - module: meshwright.istio.mesh_gate
    description: Watches whether requests succeed.
notes:
  - Needs the rights to list deployments, services and pods, and to get and create
    pods/portforward where the gateways are.
"""

EXAMPLES = r"""
- name: See what the gateways of the old cluster have
  meshwright.istio.gateway_traffic:
    context: blue
  register: before

- name: Count what came within a minute
  meshwright.istio.gateway_traffic:
    context: blue
    since: "{{ before.counters }}"
  register: after

- name: Wait until nobody is there any more
  meshwright.istio.gateway_traffic:
    context: blue
    gateways:
      - {namespace: ingress, name: public}
    wait: true
    max_rate: 0.1
    wait_timeout: 1800
"""

RETURN = r"""
requests_since:
  description: How many requests came in since O(since); null without it.
  returned: success
  type: int
  sample: 5120
counters:
  description: The state of the counters, to be given back as O(since).
  returned: success
  type: dict
  sample: {time: "2026-05-04T08:00:45+00:00", pods: {4f1c: {http: {requests: 812}}}}
sessions:
  description: How many connections of users there are.
  returned: success
  type: int
  sample: 16
open_requests:
  description: How many requests have not been answered yet.
  returned: success
  type: int
  sample: 3
rate:
  description: >-
    The requests per second of the last O(interval); without O(wait) those since O(since), or null.
  returned: success
  type: float
  sample: 42.7
exact:
  description: Whether the sessions are those of users alone; otherwise these are the most.
  returned: success
  type: bool
  sample: true
quiet:
  description: Whether the gateways are quiet.
  returned: with O(wait), outside check mode
  type: bool
  sample: true
gateways:
  description: The same by gateway; C(requests) are those since O(since).
  returned: success
  type: list
  elements: dict
  sample:
    - {namespace: ingress, name: public, pods: 2, requests: 5120, sessions: 16, open_requests: 3}
unread:
  description: >-
    The pods that could not be asked. One that serves users fails the module; no other has any.
  returned: success
  type: list
  elements: str
  sample: []
samples:
  description: What was seen while it waited, thinned to at most 200.
  returned: success
  type: list
  elements: dict
  sample:
    - {time: "2026-05-04T08:00:45+00:00", rate: 42.7, sessions: 16, open_requests: 3}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._gate_run import Clock
from ansible_collections.meshwright.istio.plugins.module_utils._ingress import Ingress
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._traffic import Limits, Traffic
from ansible_collections.meshwright.istio.plugins.module_utils._traffic_look import (
    check_since,
    report,
)


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    name = {"type": "str", "required": True}
    gateway = {"namespace": name, "name": name}
    return {
        "gateways": {"type": "list", "elements": "dict", "default": [], "options": gateway},
        "since": {"type": "dict"},
        "wait": {"type": "bool", "default": False},
        "max_rate": {"type": "float", "default": 0},
        "max_sessions": {"type": "int", "default": 0},
        "quiet": {"type": "int", "default": 10},
        "interval": {"type": "int", "default": 1},
        "wait_timeout": {"type": "int", "default": 600},
        "waited": {"type": "int", "default": 0},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Measure, or wait until they are quiet."""
    limits = Limits.from_params(module.params)
    since = check_since(module.params["since"])
    ingress = Ingress.find(api, module.params["gateways"])
    traffic = Traffic(api=api, ingress=ingress, say=Progress(module).say, clock=Clock())
    if module.params["wait"] and not module.check_mode:
        return {"changed": False, **traffic.wait(limits, since)}
    return {"changed": False, **report(traffic.measure(), since)}


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
