# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""In which way the pods of a workload can be replaced without a request being lost, if in any."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _borrowed_template,
    _departure,
    _surge,
)
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._departure import Departure
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Standing
from ansible_collections.meshwright.istio.plugins.module_utils._surge import Footing, SurgeMode
from ansible_collections.meshwright.istio.plugins.module_utils._update_strategy import UpdateType
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

# The label by which the controller between a workload and its pods knows the latter. Nothing else
# looks at it, so that a pod which changes it is replaced and serves on.
_RELEASED_BY = {
    "Deployment": "pod-template-hash",
    "Rollout": "rollouts-pod-template-hash",
    "DeploymentConfig": "deployment",
}
# The labels that controllers add to those of the template, with what their values begin with.
_ADDED: Mapping[str, Mapping[str, str]] = {
    "Deployment": {"pod-template-hash": ""},
    "Rollout": {"rollouts-pod-template-hash": ""},
    "DeploymentConfig": {"deployment": "{name}-", "deploymentconfig": "{name}"},
    "DaemonSet": {"controller-revision-hash": "", "pod-template-generation": ""},
    "StatefulSet": {
        "controller-revision-hash": "",
        "statefulset.kubernetes.io/pod-name": "{name}-",
        "apps.kubernetes.io/pod-index": "",
    },
}
# Those of them that no two pods of a workload share.
_OF_ONE_POD = ("statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index")


# Its successor may come to another node, and then nothing answers on the node of the pod.
_KEEPS_TO_NODE = "its Service leads to the pod of the same node and to no other"


class DrainMode(StrEnum):
    """How open requests end."""

    ENDPOINTS = "endpoints"
    WHERE_SAFE = "where_safe"
    ROLLOUT = "rollout"


class Way(StrEnum):
    """What stands in for a pod that leaves."""

    SUCCESSOR = "successor"
    """Its successor: the pod is let go by its controller and serves until that is ready."""
    OTHERS = "others"
    """The other pods of the workload, one of which is away at a time."""
    STAND_IN = "stand_in"
    """A pod of the same template, made for the time of the restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """How pods leave; `release` is the label that the controller lets them go by.

    `may_lack` is whether one pod may be away where there is no room for a successor beside it.
    With an `obstacle` no pod can be drained; those that a run before has let go are seen off.
    """

    way: Way
    departure: Departure
    release: str = ""
    may_lack: bool = False
    obstacle: str | None = None

    @property
    def footing(self) -> Footing:
        takes = self.way is Way.OTHERS and self.obstacle is None
        return Footing(surge=False, takes=int(takes))


def serves_nobody(workload: Workload, standing: Standing) -> bool:
    """Whether nothing sends requests to its pods, as far as those are known."""
    if _borrowed_template.obstacle(workload):
        return False
    namespace, labels = workload.reference.namespace, workload.template_labels
    return not standing.senders_of(namespace, labels, _added(workload))


def find(
    workload: Workload, standing: Standing, budgets: Collection[Budget], mode: SurgeMode
) -> Passage:
    """The way, or why there is none."""
    release = _RELEASED_BY.get(workload.reference.kind, "")
    departure = _departure_of(workload, standing, release)
    tried: dict[Way, str | None] = {}
    if departure.obstacle:
        tried[Way.OTHERS] = departure.obstacle
    elif release:
        tried[Way.SUCCESSOR] = _no_successor(workload, standing, departure, release, mode)
        tried[Way.OTHERS] = _no_others(workload, departure, budgets)
    elif workload.reference.kind == "DaemonSet":
        tried[Way.OTHERS] = _no_others(workload, departure, budgets)
        tried[Way.STAND_IN] = _no_stand_in(workload)
    else:
        tried[Way.OTHERS] = _no_others(workload, departure, budgets)
    way = next((way for way, obstacle in tried.items() if obstacle is None), None)
    if way is not None:
        may_lack = tried.get(Way.OTHERS, "") is None
        return Passage(way=way, departure=departure, release=release, may_lack=may_lack)
    obstacle = "; ".join(dict.fromkeys(filter(None, tried.values())))
    return Passage(way=Way.OTHERS, departure=departure, release=release, obstacle=obstacle)


def _departure_of(workload: Workload, standing: Standing, release: str) -> Departure:
    if obstacle := _borrowed_template.obstacle(workload):
        return Departure(obstacle=obstacle)
    return _departure.find(
        standing,
        workload.reference.namespace,
        workload.template_labels,
        kept=[release],
        added=_added(workload),
    )


def _added(workload: Workload) -> dict[str, str]:
    name = workload.reference.name
    added = _ADDED.get(workload.reference.kind, {})
    return {label: start.format(name=name) for label, start in added.items()}


def _no_successor(
    workload: Workload, standing: Standing, departure: Departure, release: str, mode: SurgeMode
) -> str | None:
    """Why its controller cannot let a pod go that serves on."""
    obstacle = _surge.obstacle_to_second_pod(workload, mode)
    if obstacle is not None:
        return obstacle
    if departure.keeps_to_node:
        return _KEEPS_TO_NODE
    using = standing.using(workload.reference.namespace, release)
    return f"{using[0]} selects pods by {release}" if using else None


def _no_stand_in(workload: Workload) -> str | None:
    """Why there cannot be another pod beside each of them."""
    if workload.host_ports or workload.uses_host_network:
        return "two pods cannot have the same port of a node"
    return None


def _no_others(workload: Workload, departure: Departure, budgets: Collection[Budget]) -> str | None:
    """Why its other pods cannot take the requests of one that is away."""
    single = [
        str(each) for each in departure.senders if not each.selector.keys().isdisjoint(_OF_ONE_POD)
    ]
    locked = [f"{each.namespace}/{each.name}" for each in budgets if each.at_best < 1]
    obstacles = (
        (bool(departure.keeps_to_node), _KEEPS_TO_NODE),
        (bool(single), f"{''.join(single[:1])} leads to one of its pods and to no other"),
        (
            workload.update.type is UpdateType.RECREATE,
            "its strategy Recreate takes all its pods away at once",
        ),
        (workload.desired < 2, "it has no other pod that would take its requests meanwhile"),
        (
            bool(locked),
            f"PodDisruptionBudget {''.join(locked[:1])} never lets one of its pods be away",
        ),
    )
    return next((text for holds, text in obstacles if holds), None)
