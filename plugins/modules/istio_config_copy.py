#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring the configuration of Istio from one cluster to another."""

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_config_copy
short_description: Bring the configuration of Istio from one cluster to another
version_added: 0.2.0
description:
  - Copies the objects of Istio's configuration and of the Gateway API from one cluster, the source,
    to another, the target, by server-side apply.
  - What is the same already is not written. Nothing that only the target has is deleted; it is
    listed.
  - Everything is tried by a dry run before anything is written.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.two_clusters
  - meshwright.istio.two_clusters.target
options:
  kinds:
    description:
      - The kinds that are copied. All of them when it is empty.
      - V(Gateway) is that of Istio, V(Gateway.gateway.networking.k8s.io) that of the Gateway API.
    type: list
    elements: str
    default: []
    choices:
      - AuthorizationPolicy
      - BackendTLSPolicy
      - DestinationRule
      - EnvoyFilter
      - GRPCRoute
      - Gateway
      - Gateway.gateway.networking.k8s.io
      - HTTPRoute
      - ListenerSet
      - PeerAuthentication
      - ProxyConfig
      - ReferenceGrant
      - RequestAuthentication
      - ServiceEntry
      - Sidecar
      - TCPRoute
      - TLSRoute
      - Telemetry
      - TrafficExtension
      - VirtualService
      - WasmPlugin
  revision:
    description:
      - What objects get that have the label C(istio.io/rev) in the source, where it names a
        revision or tag that the target need not have.
      - Without this they lose the label, and every control plane of the target reads them.
    type: str
  create_namespaces:
    description: >-
      Whether to create namespaces that the target lacks. They are refused by name without this.
    type: bool
    default: false
  injection_labels:
    description: >-
      Whether namespaces that are created get the labels by which pods come into the mesh. One with
      the label C(istio.io/rev) gets O(revision). Without this pods that are deployed there get no
      sidecar.
    type: bool
    default: false
  secrets:
    description: >-
      Whether to copy the Secrets of TLS that gateways refer to, with the certificates and keys in
      them and nothing else. No other Secret is ever copied.
    type: bool
    default: false
  force:
    description: >-
      Whether to take over objects that differ in the target and of which another tool keeps parts.
      They are refused by name without this.
    type: bool
    default: false
requirements: [urllib3]
seealso:
  - module: meshwright.istio.mesh_compare
    description: Says what differs between two clusters.
notes:
  - Never copied are status, uid, finalizers, owners, and the labels and annotations by which Helm,
    Argo CD, Flux, kapp and kubectl know what is theirs. An object that another one's controller
    makes is left out and listed, as is everything that an installation of Istio brings.
  - Needs the rights to list the kinds in both clusters, and to create and patch them in the target;
    with O(force) to update them, with O(secrets) to get, create and patch Secrets and to list
    workloads.
"""

EXAMPLES = r"""
- name: Bring all of it to the new cluster
  meshwright.istio.istio_config_copy:
    kubeconfig: /etc/kube/blue.yml
    target:
      kubeconfig: /etc/kube/green.yml
    create_namespaces: true
  register: copied

- name: Bring routes and the certificates of gateways
  meshwright.istio.istio_config_copy:
    target:
      context: green
    kinds: [Gateway, VirtualService]
    secrets: true
"""

RETURN = r"""
counts:
  description: How many objects were created, updated, replaced, were the same, or are left out.
  returned: success
  type: dict
  sample: {created: 3, updated: 1, replaced: 0, unchanged: 12, left_out: 0}
left_out:
  description: Objects of the source that are not copied, and why.
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: Its kind and name., type: str, sample: VirtualService shop/ingress}
    reason:
      description: Why.
      type: str
      sample: Ingress web makes it, in the target too
namespaces:
  description: The namespaces that were created.
  returned: success
  type: list
  elements: str
  sample: [shop]
objects:
  description: Every object that is copied, and what became of it.
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: Its kind and name., type: str, sample: VirtualService shop/web}
    action:
      description: C(created), C(updated), C(replaced) or C(unchanged).
      type: str
      sample: created
only_in_target:
  description: Objects that the target has and the source lacks; they stay.
  returned: success
  type: list
  elements: str
  sample: [AuthorizationPolicy shop/trial]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _result, _target
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import create_client
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._target import (
    create_module,
    create_target_client,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import SORTS
from ansible_collections.meshwright.istio.plugins.module_utils.config_copy import plan, request
from ansible_collections.meshwright.istio.plugins.module_utils.config_copy.request import Request


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    names = {"type": "list", "elements": "str", "default": []}
    flags = ("create_namespaces", "injection_labels", "secrets", "force")
    return {
        "kinds": {**names, "choices": sorted(SORTS)},
        "namespaces": names,
        "excluded_namespaces": names,
        "istio_namespace": {"type": "str", "default": "istio-system"},
        "revision": {"type": "str"},
        **{name: {"type": "bool", "default": False} for name in flags},
    }


def run(module: AnsibleModule, source: Api, target: Api) -> dict[str, Any]:
    """Read both, plan, apply, report."""
    asked = Request.from_params(module.params)
    pair = _target.pair(source, target)
    found = request.read(pair, asked)
    planned = plan.make(target, found, asked)
    if planned.changed and not module.check_mode:
        plan.apply(target, planned, force=asked.force)
    diff = _result.diff(planned.changes())
    return {"changed": planned.changed, "diff": diff, **planned.summary()}


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
