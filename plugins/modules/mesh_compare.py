#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what is different between two clusters before one takes over from the other."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_compare
short_description: Say what differs between two clusters before one takes over from the other
version_added: 0.2.0
description:
  - Reads two clusters once and says in what the second, the target, would treat requests otherwise
    than the first, the source, or could not serve them at all.
  - Compares roots of trust and trust domains, settings of the mesh, configuration of Istio and of
    the Gateway API, the certificates of gateways, Services with their ready endpoints and ports,
    replicas, autoscalers and versions.
  - Does not fail because of a difference. RV(blocked) says whether one forbids that the target
    serves.
  - Changes nothing.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.two_clusters
  - meshwright.istio.two_clusters.target
attributes:
  diff_mode: {support: none, details: The module changes nothing.}
options:
  source_revision:
    description: >-
      The revision or tag of the control plane that serves in the source. By default the only one,
      or that which injects by default.
    type: str
  target_revision:
    description: The same for the target.
    type: str
  expected:
    description: >-
      Differences that are known and allowed. They are told, and do not block. One that is not found
      any more gives a warning.
    type: list
    elements: dict
    default: []
    suboptions:
      code:
        description: The code of a finding.
        type: str
        required: true
      objects:
        description: >-
          The objects, as the finding names them; what stands in brackets behind a name may be left
          out. All of the finding without this.
        type: list
        elements: str
        default: []
requirements: [urllib3, PyYAML]
seealso:
  - module: meshwright.istio.istio_config_copy
    description: Brings the configuration of Istio from the source to the target.
  - module: meshwright.istio.mesh_preflight
    description: Says what stands against an upgrade within a cluster.
notes:
  - Needs the rights to list what it looks at in both clusters, and to get the Secrets of gateways
    and of istiod. Of a Secret it keeps fingerprints; a key is compared and never shown. What may
    not be read is a finding, C(not_compared).
  - Of the settings of the mesh C(defaultConfig.discoveryAddress) is left out, which has to differ;
    C(trustDomain) and C(trustDomainAliases) have a finding of their own.
  - Not compared are status and what servers fill in, ports of nodes, WorkloadEntries, Services and
    workloads of the control planes and of Istio's agents on the nodes, and objects that an
    installation of Istio brings.
  - The codes for configuration are C(gateway), C(route), C(access), C(traffic), C(filter) and
    C(proxy_setting), each with C(_missing), C(_differs) or C(_extra) behind it.
  - The other codes are C(autoscaler), C(certificate_authority), C(certificate_differs),
    C(certificate_ended), C(certificate_key), C(certificate_missing), C(certificate_names),
    C(config_unread), C(control_plane_missing), C(injection_differs), C(istio_version),
    C(kind_not_served), C(mesh_setting), C(namespace_missing), C(no_ready_endpoint),
    C(not_compared), C(replicas), C(root_bundle), C(root_of_trust), C(service_missing),
    C(service_ports), C(trust_domain) and C(workload_missing).
"""

EXAMPLES = r"""
- name: Compare the new cluster with the one that serves
  meshwright.istio.mesh_compare:
    kubeconfig: /etc/kube/blue.yml
    target:
      kubeconfig: /etc/kube/green.yml
    expected:
      - code: replicas
      - code: filter_differs
        objects: [EnvoyFilter istio-system/rate-limit]
  register: comparison

- name: Stop when users would notice
  ansible.builtin.assert:
    that: not comparison.blocked
    fail_msg: "{{ comparison.table }}"
"""

RETURN = r"""
blocked:
  description: Whether a difference forbids that the target serves.
  returned: success
  type: bool
  sample: true
counts:
  description: How many findings there are of each severity, those that are expected apart.
  returned: success
  type: dict
  sample: {block: 1, warn: 2, info: 1, expected: 0}
findings:
  description: What differs, the gravest first.
  returned: success
  type: list
  elements: dict
  contains:
    code: {description: What kind of difference it is., type: str, sample: route_differs}
    severity: {description: "C(block), C(warn) or C(info).", type: str, sample: block}
    title:
      description: The finding in one sentence.
      type: str
      sample: There are routes that differ
    objects:
      description: The objects, with where or how they differ in brackets. Never with a secret.
      type: list
      elements: str
      sample: ["VirtualService shop/web (spec.http[0].route)"]
    consequence:
      description: What would happen.
      type: str
      sample: Requests go elsewhere there than they do now, or nowhere.
    remedy: {description: What to do about it., type: str, sample: Make them the same.}
    source: {description: Where the rule is from., type: str, sample: istio.io traffic-management}
    override:
      description: The code by which O(expected) allows it.
      type: str
      sample: route_differs
    overridden: {description: Whether O(expected) has it., type: bool, sample: false}
namespaces:
  description: The namespaces that were compared.
  returned: success
  type: list
  elements: str
  sample: [istio-ingress, istio-system, shop]
source:
  description: >-
    The source; C(uid) is that of its namespace kube-system, C(version) that of the control plane
    that serves, null where there is none.
  returned: success
  type: dict
  sample:
    kubernetes: v1.35.4
    revision: 1-30
    uid: 8f9f0a7e-6c55-4c5c-9d4c-1c1f0a5b1e11
    version: 1.30.4
    versions: [1.30.4]
table:
  description: The findings as lines for people.
  returned: success
  type: str
  sample: Nothing differs between the clusters.
target:
  description: The same of the target.
  returned: success
  type: dict
  sample:
    kubernetes: v1.35.4
    revision: 1-31
    uid: 2b6c8b7e-0d5d-4d0f-8f5e-7a3b1c9d2f22
    version: 1.31.0
    versions: [1.31.0]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _target
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import create_client
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._target import (
    create_module,
    create_target_client,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare import (
    catalogue,
    expected,
    scope,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Request


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    names = {"type": "list", "elements": "str", "default": []}
    known = {"code": {"type": "str", "required": True}, "objects": names}
    return {
        **{key: {"type": "str"} for key in ("source_revision", "target_revision")},
        **dict.fromkeys(("namespaces", "excluded_namespaces"), names),
        "istio_namespace": {"type": "str", "default": "istio-system"},
        "expected": {"type": "list", "elements": "dict", "default": [], "options": known},
    }


def run(module: AnsibleModule, source: Api, target: Api) -> dict[str, Any]:
    """Read both and report."""
    params = module.params
    known = expected.parse(params["expected"], catalogue.CODES)
    limits = scope.read_limits(params["namespaces"], params["excluded_namespaces"])
    pair = _target.pair(source, target)
    requests = [
        Request(
            side=side,
            uid=uid,
            istio_namespace=params["istio_namespace"],
            revision=params[f"{side}_revision"],
        )
        for side, uid in pair.uids.items()
    ]
    compared = catalogue.read(pair, requests, limits)
    findings = catalogue.find(pair, compared)
    for sentence in expected.unmatched(findings, known):
        module.warn(sentence)
    return {"changed": False, **catalogue.report(compared, findings, known)}


def main() -> None:
    """Start here."""
    module = create_module(argument_spec(), supports_check_mode=True)
    try:
        result = run(module, create_client(module), create_target_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
