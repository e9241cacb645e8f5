#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restart exactly the workloads whose pods are not on the wanted revision."""

from __future__ import annotations

DOCUMENTATION = r"""
module: workload_restart
short_description: Restart the workloads whose pods are not on the wanted revision
version_added: 0.1.0
description:
  - Finds the workloads of the mesh that have a pod whose sidecar is not of O(revision) or
    O(version), restarts each once, and waits until every pod of it is new, ready and on what is
    wanted. A workload that is right is never written. Pods are drained as O(drain) says.
  - With O(drain=rollout) Deployments, StatefulSets and DaemonSets are asked as C(kubectl rollout
    restart) asks, Argo Rollouts by C(restartAt), DeploymentConfigs by a change of their template;
    pods that a controller leaves to others (C(OnDelete), C(partition)) are evicted one by one.
  - At most O(max_parallel) workloads restart at once; as soon as one has ended the next begins.
  - A rollout that says that it is complete and yet has pods on something else is a failure.
  - What cannot be restarted (Jobs, bare pods) or must not (the annotation
    C(meshwright.istio/exclude=true) on the workload or its template) is left and listed in
    RV(not_restarted). Where the cause can be mended, as for a workload that is paused, the task
    also fails, after all others were restarted; in check mode it warns.
  - After a run that was killed or has failed, the next one goes on and begins nothing again.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.draining
  - meshwright.istio.gone
options:
  namespaces:
    description: Those to look at; with no O(namespace_selector) or O(workloads) either, all are.
    type: list
    elements: str
  namespace_selector:
    description: A label selector for namespaces; beside O(namespaces), it adds to them.
    type: str
  workloads:
    description: Only these workloads, each as C(namespace/Kind/name).
    type: list
    elements: str
  excluded_workloads:
    description: Workloads to leave alone, each as C(namespace/Kind/name).
    type: list
    elements: str
  names:
    description: Only workloads of these names. One that does not exist is refused.
    type: list
    elements: str
  kinds:
    description: Only workloads of these kinds. Kinds that the cluster does not know are no error.
    type: list
    elements: str
    choices: [Deployment, StatefulSet, DaemonSet, Rollout, DeploymentConfig]
  revision:
    description:
      - The revision, or a tag that points at it, that every pod shall be on. V(default) is the one
        without a revision, or what the tag of that name points at.
    type: str
  version:
    description:
      - The version that every sidecar shall run by its image's tag, such as V(1.31.0), where an
        upgrade in place keeps the revision.
    type: str
  max_parallel:
    description: How many workloads may restart at once.
    type: int
    default: 5
  max_failures:
    description: After so many failures no further workload begins; those under way are waited for.
    type: int
    default: 1
  surge:
    description:
      - Whether a workload gets another strategy for the time of its restart, where its own would
        take the only ready pod away first. It is put back once the new pods are ready.
      - V(safe) does so unless it asks for never two pods at once (C(Recreate), volume claims),
        V(always) also then, V(never) keeps each strategy.
    type: str
    choices: [safe, always, never]
    default: safe
  disruption_budgets:
    description:
      - With V(respect), a workload begins only when the PodDisruptionBudgets over its pods allow as
        many to be away as its strategy takes at once. No two workloads of one budget take pods away
        at the same time. One that its budget never allows is not restarted.
    type: str
    choices: [respect, ignore]
    default: respect
  wait:
    description:
      - Wait for every restart. Without it, which needs O(drain=rollout), O(max_parallel) are begun,
        and of those replaced pod by pod one pod each; the next run goes on.
    type: bool
    default: true
  wait_timeout:
    description: >-
      For how many seconds each workload is waited for, from its own beginning or from when the last
      of its pods was drained.
    type: int
    default: 600
requirements: [urllib3]
seealso: [{module: meshwright.istio.namespace_revision_label}]
notes:
  - Needs the rights to list and watch pods, poddisruptionbudgets and the O(kinds), to list
    namespaces, mutatingwebhookconfigurations and endpointslices, to patch the O(kinds), and to
    create pods/eviction (with O(disruption_budgets=ignore), to delete pods).
  - With O(drain=endpoints), also to list services, networkpolicies and Istio's own kinds, to list
    and watch pods of the whole cluster, to create, patch and delete pods, to patch pods/status, to
    get and create pods/portforward, and to get controllerrevisions. Without pods/status pods leave
    their Services by their labels alone, which may lose a request now and then.
"""

EXAMPLES = r"""
- name: Move two namespaces, ten workloads at a time
  meshwright.istio.workload_restart:
    namespaces: [payments, orders]
    revision: 1-31
    max_parallel: 10

- name: Bring every sidecar up after an upgrade in place
  meshwright.istio.workload_restart: {revision: default, version: 1.31.0}
"""

RETURN = r"""
workloads:
  description:
    - The workloads that were worked on, sorted by namespace, kind and name.
    - C(action) is V(restarted), V(awaited) (a restart went on already), V(restored) (only a
      strategy was put back), V(started) (not waited for), V(gone) (deleted meanwhile, with
      O(gone=leave_out)) or V(failed). C(reason) says why.
    - C(drained) has each pod that was drained. C(released) is when its controller let it go,
      C(out) when it left its Services, C(acknowledged) when each of C(proxies) proxies knew,
      C(ended) when it was deleted, C(seconds) after it had left. C(open_at_out) and
      C(open_at_end) are how many requests it had open, null where that is not seen; C(limits) is
      what cuts those that were open at the end.
  returned: success, and when some could not be restarted
  type: list
  elements: dict
  sample:
    - namespace: orders
      kind: Deployment
      name: web
      action: restarted
      reason: "2 of 2 pods are not right: 2 on 1-30 (1.30.4)"
      seconds: 12.4
      drained:
        - {pod: web-6d4cf56db6-x2x9v, revision: 1-30, released: "2026-11-25T09:30:01Z",
           out: "2026-11-25T09:30:04Z", acknowledged: "2026-11-25T09:30:05Z",
           ended: "2026-11-25T09:30:06Z", proxies: 41, open_at_out: 3, open_at_end: 0,
           limits: null, seconds: 2.1}
not_restarted:
  description: What is not on what is wanted and was left, not begun or deleted, with the reason.
  returned: success, and when some could not be restarted
  type: list
  elements: dict
  sample:
    - {namespace: orders, kind: Job, name: import, reason: 1 pod runs to the end of its Job}
counts:
  description: How many workloads there are of each C(action), and how many were right or left.
  returned: success, and when some could not be restarted
  type: dict
  sample:
    {right: 3, restarted: 8, awaited: 0, restored: 0, started: 0, gone: 0, failed: 0, not_begun: 0,
     left: 1}
left_out:
  description: What O(namespaces) and O(workloads) name and does not exist, with O(gone=leave_out).
  returned: success, and when some could not be restarted
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _drained
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._reference import RESTARTABLE
from ansible_collections.meshwright.istio.plugins.module_utils._restart_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._restart_run import Run
from ansible_collections.meshwright.istio.plugins.module_utils._selection import options


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        **options(),
        "excluded_workloads": {"type": "list", "elements": "str"},
        "names": {"type": "list", "elements": "str"},
        "kinds": {"type": "list", "elements": "str", "choices": list(RESTARTABLE)},
        "revision": {"type": "str"},
        "version": {"type": "str"},
        "max_parallel": {"type": "int", "default": 5},
        "max_failures": {"type": "int", "default": 1},
        "surge": {"choices": ["safe", "always", "never"], "default": "safe"},
        "disruption_budgets": {"choices": ["respect", "ignore"], "default": "respect"},
        "drain": {"choices": ["endpoints", "where_safe", "rollout"], "default": "endpoints"},
        "drain_timeout": {"type": "int", "default": 45},
        "drain_hold": {"type": "int", "default": 10},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 600},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, restart, report."""
    restarts = Run.read(api, Request.from_params(module.params))
    for text in restarts.warnings(predicted=module.check_mode):
        module.warn(text)
    if module.check_mode:
        return restarts.predict()
    report = restarts.carry_out(Progress(module).say)
    for text in _drained.warnings(report["workloads"]):
        module.warn(text)
    return report


def main() -> None:
    """Start here."""
    module = create_module(
        argument_spec(),
        supports_check_mode=True,
        required_one_of=[("revision", "version")],
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
