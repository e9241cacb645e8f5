# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""In which way the pods of a workload can be replaced without a request being lost, if in any."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.meshwright.istio.plugins.module_utils import _departure, _surge
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
    """How pods leave; `release` is the label that the controller lets them go by."""

    way: Way
    departure: Departure
    release: str = ""

    @property
    def footing(self) -> Footing:
        return Footing(surge=False, takes=1 if self.way is Way.OTHERS else 0)


def serves_nobody(workload: Workload, standing: Standing) -> bool:
    """Whether nothing sends requests to its pods."""
    return not standing.senders_of(workload.reference.namespace, workload.template_labels)


def find(
    workload: Workload, standing: Standing, budgets: Collection[Budget], mode: SurgeMode
) -> Passage | str:
    """The way, or why there is none."""
    release = _RELEASED_BY.get(workload.reference.kind, "")
    namespace, labels = workload.reference.namespace, workload.template_labels
    departure = _departure.find(standing, namespace, labels, kept=[release])
    if departure.obstacle:
        return departure.obstacle
    answers: list[Passage | str] = []
    if release:
        answers.append(_by_successor(workload, standing, departure, release, mode))
    elif workload.reference.kind == "DaemonSet":
        answers.append(_by_stand_in(workload, departure))
    passage = next((answer for answer in answers if isinstance(answer, Passage)), None)
    if passage is not None:
        return passage
    others = _by_others(workload, departure, budgets)
    if isinstance(others, Passage):
        return others
    return "; ".join([*map(str, answers), others])


def _by_successor(
    workload: Workload,
    standing: Standing,
    departure: Departure,
    release: str,
    mode: SurgeMode,
) -> Passage | str:
    obstacle = _surge.obstacle_to_second_pod(workload, mode)
    if obstacle is not None:
        return obstacle
    namespace = workload.reference.namespace
    for sender in standing.senders:
        if sender.namespace == namespace and release in sender.selector:
            return f"{sender} selects pods by {release}"
    return Passage(way=Way.SUCCESSOR, departure=departure, release=release)


def _by_stand_in(workload: Workload, departure: Departure) -> Passage | str:
    local = any(sender.is_local for sender in departure.senders)
    if workload.desired > 1 and not local:
        return "its other pods take its requests meanwhile"
    if workload.host_ports or workload.uses_host_network:
        return "two pods cannot have the same port of a node"
    return Passage(way=Way.STAND_IN, departure=departure)


def _by_others(
    workload: Workload, departure: Departure, budgets: Collection[Budget]
) -> Passage | str:
    if any(sender.is_local for sender in departure.senders):
        return "its Service leads to the pod of the same node and to no other"
    if workload.update.type is UpdateType.RECREATE:
        return "its strategy Recreate takes all its pods away at once"
    if workload.desired < 2:
        return "it has no other pod that would take its requests meanwhile"
    for budget in budgets:
        if budget.at_best < 1:
            return (
                f"PodDisruptionBudget {budget.namespace}/{budget.name} never lets one of its pods"
                " be away"
            )
    return Passage(way=Way.OTHERS, departure=departure)
