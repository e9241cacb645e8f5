#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch a mesh for a time, and tell whether it was healthy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_gate
short_description: Watch a mesh for a time, and fail unless it stays healthy
version_added: 0.1.0
description:
  - Looks at every check at the same time, again and again, for O(duration) seconds. It passes when
    all of them were good, and fails as soon as it cannot pass any more.
  - What cannot be measured does not pass. RV(verdict) tells that from what was measured and is bad.
  - To compare with how it was before, call it with O(action=measure) before the change and give
    the RV(baseline) back afterwards.
  - In check mode it takes one sample of every check. It fails for what cannot be measured, such as
    a query that Prometheus refuses, and only warns of what would fail now, or belongs to a revision
    that does not exist yet.
author: The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.gate_sources
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
attributes:
  diff_mode: {support: none, details: The module changes nothing.}
options:
  action:
    description: V(hold) watches; V(measure) takes one sample of each of O(queries) as a baseline.
    type: str
    choices: [hold, measure]
    default: hold
  baseline:
    description: What V(measure) returned, for O(queries[].factor). Other names in it are ignored.
    type: dict
  namespaces:
    description: >-
      The namespaces whose proxies and pods are looked at. Without this and O(namespace_selector)
      it is the whole mesh, which is every pod with a proxy.
    type: list
    elements: str
  namespace_selector:
    description: A label selector for namespaces; beside O(namespaces), it adds to them.
    type: str
  revision:
    description: Only the proxies, pods and istiods of this revision, or of the one of this tag.
    type: str
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
  duration:
    description: For how many seconds it has to hold. With V(0), one good sample of each is enough.
    type: int
    default: 60
  interval:
    description: >-
      How many seconds are between the samples. One is taken at the beginning and one at the end;
      when answers take longer than this, those in between become fewer.
    type: int
    default: 10
  failure_limit:
    description:
      - How many samples of each check may be bad in all, one after the other or not. One more fails
        the gate at once. What could not be measured is bad too.
      - The last sample of each check has to be good; if it is not, the gate holds on for longer.
    type: int
    default: 0
requirements: [urllib3, websocket-client]
seealso:
  - module: meshwright.istio.proxy_status
notes:
  - Needs the rights to list pods, namespaces and mutatingwebhookconfigurations, and to get and
    create pods/portforward in O(istio_namespace), as far as the checks ask for it.
    O(prometheus.service) needs to get services, list endpointslices, and get and create
    pods/portforward in its namespace.
"""

EXAMPLES = r"""
- name: See how it is before the change
  meshwright.istio.mesh_gate:
    action: measure
    prometheus: &prometheus {service: "monitoring/prometheus:9090"}
    queries: &queries
      - name: error share
        query: >-
          sum(rate(istio_requests_total{response_code=~"5.."}[1m]))
          / sum(rate(istio_requests_total[1m]))
        factor: 1.5
        slack: 0.001
        empty: zero
  register: before

- name: Let the first wave soak for ten minutes
  meshwright.istio.mesh_gate:
    prometheus: *prometheus
    queries: *queries
    baseline: "{{ before.baseline }}"
    probes:
      - {name: shop, url: "https://shop.example.com/healthz", body_contains: ok}
    proxies_synced: true
    rejects: true
    crash_loops: true
    pending_pods: true
    namespaces: [payments, orders]
    revision: 1-31
    duration: 600
    interval: 15
    failure_limit: 1
"""

RETURN = r"""
verdict:
  description: C(passed), C(failed), or C(unmeasured) where the check that decided gave no value.
  returned: always
  type: str
  sample: failed
check:
  description: The name of the check that decided against it; null where it passed, as the next two.
  returned: always
  type: str
  sample: error share
object:
  description: What that check looked at, or the first thing it found to be bad.
  returned: always
  type: str
  sample: payments/ledger-5c6f7b8d9-kx2vp
reason:
  description: What was wrong.
  returned: always
  type: str
  sample: 0.02, more than 0.004 (1.5 times the baseline 0.002 and 0.001)
baseline:
  description: The value of each query by its name.
  returned: with O(action=measure)
  type: dict
  sample: {error share: 0.002}
held_seconds:
  description: For how long it was watched.
  returned: always
  type: float
  sample: 45.1
first_failure:
  description: The first bad sample of all, as in RV(samples), though it may have been allowed.
  returned: always; null where there was none
  type: dict
checks:
  description: >-
    The checks, with their limits (null where there is none) and the number of their samples, and of
    those that were bad. C(kind) is C(query), C(probe), C(proxies) or C(pods).
  returned: always
  type: list
  elements: dict
  sample:
    - {name: shop, kind: probe, object: "https://shop.example.com/healthz", min: null, max: null,
       samples: 41, bad: 1}
samples:
  description:
    - What was seen, in order. C(ok) is null for what was not measured. C(value) is what a query
      gave, the status of a probe's answer, or how many proxies or pods are bad.
    - At most 1000 good ones are kept, evenly spread, and all bad ones.
  returned: always
  type: list
  elements: dict
  sample:
    - {time: "2026-05-04T08:00:45Z", check: shop, object: "https://shop.example.com/healthz",
       value: 200.0, ok: true, text: 200 in 0.012 s}
"""

from functools import partial
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _gate_beside
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._gate_beside import Beside
from ansible_collections.meshwright.istio.plugins.module_utils._gate_request import (
    MESH_CHECKS,
    SOURCES,
    Request,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gate_run import Clock, Run
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "action": {"choices": ["hold", "measure"], "default": "hold"},
        **SOURCES,
        "beside": {"type": "dict", "options": _gate_beside.OPTIONS},
        **{name: {"type": "bool", "default": False} for name in MESH_CHECKS},
        "pending_seconds": {"type": "int", "default": 120},
        "namespaces": {"type": "list", "elements": "str"},
        "namespace_selector": {"type": "str"},
        "revision": {"type": "str"},
        "istio_namespace": {"type": "str", "default": "istio-system"},
        "duration": {"type": "int", "default": 60},
        "interval": {"type": "int", "default": 10},
        "failure_limit": {"type": "int", "default": 0},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Measure, or watch for as long as it holds."""
    request = Request.from_params(module.params)
    beside = Beside.from_params(module.params, partial(create_client, module))
    say = Progress(module).say
    gate = Run(api=api, request=request, clock=Clock(), say=say, beside=beside)
    if module.params["action"] == "measure":
        return gate.measure()
    result, warnings = gate.rehearse() if module.check_mode else gate.hold()
    for text in warnings:
        module.warn(text)
    return result


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
