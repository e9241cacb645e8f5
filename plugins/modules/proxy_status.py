#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell which proxy runs which version on which istiod, and whether it is in sync."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_status
short_description: Tell which proxies run which version, are in sync, or wait for a restart
version_added: 0.1.0
description:
  - Asks every istiod of every revision at the same time, natively and through port-forwards, which
    proxies it serves, and compares that with the pods. C(istioctl proxy-status) shows one revision
    and no pods that are missing.
  - An istiod that does not answer makes the answer partial. RV(complete) is then false,
    RV(unreachable_istiods) names it, and proxies that it may serve are V(unknown), not missing.
  - A proxy that is stale or that no istiod knows gets a second look after less than a second,
    as a healthy proxy is that for a moment right after a push or while it reconnects.
  - With O(wait), waits until O(wait_condition) holds. The pods it waits for by a watch alone.
  - Reads Istio 1.24 to 1.31.
author: The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.gone
attributes:
  diff_mode: {support: none, details: The module changes nothing.}
options:
  namespaces:
    description: >-
      Only the proxies of these namespaces. Without this, O(namespace_selector) and O(workloads) it
      is the whole mesh, with proxies that run outside of the cluster.
    type: list
    elements: str
  namespace_selector:
    description: A label selector for namespaces; beside O(namespaces), it adds to them.
    type: str
  workloads:
    description: Only the proxies of these workloads, each as C(namespace/Kind/name).
    type: list
    elements: str
  revision:
    description: Only the proxies of this revision, or tag; also of one that has been removed.
    type: str
  details:
    description: >-
      Which proxies RV(proxies) lists. V(problems) are not synced, wait for a restart, or are of an
      unknown version.
    type: str
    choices: [none, problems, all]
    default: problems
  wait:
    description: >-
      Wait until every selected proxy is as O(wait_condition) says; not in check mode. Pods that are
      ending do not count, nor do ztunnels, which belong to nodes and no revision.
    type: bool
    default: false
  wait_condition:
    description: What every selected proxy shall be; without it, synced.
    type: dict
    suboptions:
      revision:
        description: The revision that they shall be on, or a tag that points at it.
        type: str
      version:
        description: The version that they shall run, such as V(1.31.0).
        type: str
      synced:
        description: Whether they also shall be in sync with their istiod.
        type: bool
        default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 300
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
requirements: [urllib3, websocket-client]
seealso:
  - module: meshwright.istio.workload_restart
  - module: meshwright.istio.istio_revision_info
notes:
  - Needs the rights to list pods, namespaces and mutatingwebhookconfigurations, to watch pods for
    O(wait), and to get and create pods/portforward in O(istio_namespace).
"""

EXAMPLES = r"""
- name: Look at the whole mesh
  meshwright.istio.proxy_status:
  register: mesh

- name: Show what is not well
  ansible.builtin.debug:
    var: mesh.proxies

- name: Wait until two namespaces have moved and have their configuration
  meshwright.istio.proxy_status:
    namespaces: [payments, orders]
    wait: true
    wait_condition:
      revision: 1-31

- name: List what is left on a revision
  meshwright.istio.proxy_status: {revision: 1-30, details: all}
"""

RETURN = r"""
complete:
  description: Whether every istiod answered.
  returned: success, and when the time to wait was over
  type: bool
  sample: true
unreachable_istiods:
  description: The istiods that could not be asked, and why.
  returned: success, and when the time to wait was over
  type: list
  elements: dict
  sample: [{name: istiod-1-30-7c5d9-x2x4p, revision: 1-30, reason: it is Pending}]
istiods:
  description: The istiods, with the number of proxies that each serves in the whole mesh.
  returned: success, and when the time to wait was over
  type: list
  elements: dict
  sample: [{name: istiod-1-31-6bd4f-8zq2m, revision: 1-31, version: 1.31.0, proxies: 214}]
summary:
  description: Numbers of selected proxies; those whose pods are being deleted are C(ending) alone.
  returned: success, and when the time to wait was over
  type: dict
  sample:
    total: 214
    by_state: {synced: 211, stale: 0, rejected: 1, not_connected: 1, pending: 1, unknown: 0}
    by_revision: {1-30: 3, 1-31: 211}
    by_version: {1.30.4: 3, 1.31.0: 211}
    waiting_for_restart: 3
    ending: 0
proxies:
  description:
    - The proxies that O(details) asks for, sorted by namespace and name.
    - C(state) is V(synced), V(stale), V(rejected), V(not_connected) (an injected pod that runs and
      that no istiod knows), V(pending) (its pod has not started) or V(unknown) (an istiod that
      could not be asked may know it). C(reason) says why it is not V(synced).
    - C(waiting_for_restart) is true when a new pod in its place would get another revision or
      version; C(restart) says which.
    - What nothing tells is null, as C(workload) for a bare pod or one outside this cluster.
  returned: success; empty when the time to wait was over
  type: list
  elements: dict
  sample:
    - {namespace: payments, name: ledger-5c6f7b8d9-kx2vp, type: sidecar,
       workload: Deployment/ledger, revision: 1-30, version: 1.30.4, state: synced, reason: null,
       waiting_for_restart: true, restart: its labels ask for 1-31 now,
       istiod: istiod-1-30-7c5d9-x2x4p, ending: false}
missing:
  description: Those that were waited for in vain, with what each lacks in C(missing).
  returned: when the time to wait was over
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _injector, _port_forward
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._asking import revision_of
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_reader import Reader
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_wait import (
    Goal,
    Patience,
    look_twice,
    wait,
)
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection, options


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    condition = {
        "revision": {"type": "str"},
        "version": {"type": "str"},
        "synced": {"type": "bool", "default": True},
    }
    return {
        **options(),
        "revision": {"type": "str"},
        "details": {"choices": ["none", "problems", "all"], "default": "problems"},
        "wait": {"type": "bool", "default": False},
        "wait_condition": {"type": "dict", "options": condition},
        "wait_timeout": {"type": "int", "default": 300},
        "istio_namespace": {"type": "str", "default": "istio-system"},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Look, or look until all is as it shall be."""
    _port_forward.require()
    params, selection = module.params, Selection.from_params(module.params)
    names_one = params["revision"] or (params["wait_condition"] or {}).get("revision")
    injectors = _injector.read(api) if names_one else []
    goal = Goal.from_params(params, injectors)
    revision = params["revision"] and revision_of(params["revision"], injectors)
    reader = Reader(api, params["istio_namespace"], selection, revision=revision)
    if goal is None or module.check_mode:
        look = look_twice(reader)
    else:
        patience = Patience(seconds=params["wait_timeout"], say=Progress(module).say)
        look = wait(reader, goal, patience)
    if not look.istiods:
        module.warn(f"istio_namespace: no istiod is in {params['istio_namespace']}.")
    return {"changed": False, **look.report(params["details"])}


def main() -> None:
    """Start here."""
    module = create_module(
        argument_spec(),
        supports_check_mode=True,
        mutually_exclusive=[("workloads", "namespaces"), ("workloads", "namespace_selector")],
    )
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
