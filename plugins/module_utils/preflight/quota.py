# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""For a while there is a pod more of each workload, and of istiod: quotas must leave room."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _quantity
from ansible_collections.meshwright.istio.plugins.module_utils._capacity import Demand
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SOURCE = "kubernetes.io/docs/concepts/policy/resource-quotas"
_CPU = ("requests.cpu", "cpu")
_MEMORY = ("requests.memory", "memory")
_PODS = ("pods", "count/pods")


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    greatest: defaultdict[str, list[Demand]] = defaultdict(list)
    for workload, _pods in moving.workloads(evidence, upgrade):
        demand = Demand.of_template(workload.template)
        greatest[workload.reference.namespace].append(demand)
    tight, full = [], []
    for item in evidence.of(Topic.QUOTAS):
        namespace = item["metadata"]["namespace"]
        if namespace == upgrade.istio_namespace:
            planes = evidence.demands
            # The one that is there already needs no more room.
            demands = [] if upgrade.revision in planes and not upgrade.in_place else planes.values()
            full += _lacking(item, max(demands, key=_size, default=None))
        else:
            tight += _lacking(item, max(greatest[namespace], key=_size, default=None))
    if full:
        yield _for_istiod(tuple(full))
    if tight:
        yield _for_workloads(tuple(tight))


def _lacking(item: Mapping[str, Any], demand: Demand | None) -> list[str]:
    """What a quota leaves too little of for one more such pod."""
    if demand is None:
        return []
    status = item.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    wanted = {
        **dict.fromkeys(_PODS, 1.0),
        **dict.fromkeys(_CPU, demand.cpu),
        **dict.fromkeys(_MEMORY, demand.memory),
    }
    name = f"ResourceQuota {item['metadata']['namespace']}/{item['metadata']['name']}"
    return [
        f"{name} ({what}: {used.get(what, 0)} of {limit})"
        for what, limit in sorted(hard.items())
        if what in wanted
        and _quantity.parse(used.get(what, 0)) + wanted[what] > _quantity.parse(limit)
    ]


def _size(demand: Demand) -> tuple[float, float]:
    return demand.memory, demand.cpu


def _for_istiod(objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="quota",
        severity=Severity.BLOCK,
        title="A quota leaves no room for another istiod",
        objects=objects,
        consequence="The API server refuses its pod; the new control plane never gets ready.",
        remedy="Raise the quota for the time of the upgrade.",
        override="quota",
        source=_SOURCE,
    )


def _for_workloads(objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="quota",
        severity=Severity.WARN,
        title="Quotas leave no room for a successor beside the pod that leaves",
        objects=objects,
        consequence="The restart of these workloads waits for room, and is given up in the end"
        " where none comes.",
        remedy="Raise these quotas for the time of the upgrade.",
        source=_SOURCE,
    )
