# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Room on the nodes: what is free, and what a Deployment asks for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _quantity

_ENDED = ("Succeeded", "Failed")
_REPELLING = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is free on a node, in cores, bytes and pods."""

    node: str
    cpu: float
    memory: float
    pods: float

    def holds(self, demand: Demand) -> int:
        """How many of these pods fit."""
        fitting = [self.pods]
        if demand.cpu:
            fitting.append(self.cpu / demand.cpu)
        if demand.memory:
            fitting.append(self.memory / demand.memory)
        return max(0, int(min(fitting)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What each of a Deployment's pods asks for, in cores and bytes."""

    replicas: int
    cpu: float
    memory: float

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Demand:
        """Read a Deployment."""
        one = cls.of_template(item["spec"]["template"])
        return cls(replicas=item["spec"].get("replicas", 1), cpu=one.cpu, memory=one.memory)

    @classmethod
    def of_template(cls, template: Mapping[str, Any]) -> Demand:
        """What one pod of a template asks for, without its sidecar."""
        cpu, memory = _requests(template.get("spec") or {})
        return cls(replicas=1, cpu=cpu, memory=memory)


def read_rooms(nodes: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]]) -> list[Room]:
    """What is free on each node that takes pods without a toleration."""
    used: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for pod in pods:
        if (pod.get("status") or {}).get("phase") not in _ENDED:
            used[pod["spec"].get("nodeName", "")].append(_requests(pod["spec"]))
    return [
        _room(node, used[node["metadata"]["name"]])
        for node in nodes
        # One that has just joined does not say yet what it has.
        if _takes_pods(node["spec"]) and (node.get("status") or {}).get("allocatable")
    ]


def _takes_pods(spec: Mapping[str, Any]) -> bool:
    return not spec.get("unschedulable") and not any(
        taint["effect"] in _REPELLING for taint in spec.get("taints") or ()
    )


def _room(node: Mapping[str, Any], used: list[tuple[float, float]]) -> Room:
    allocatable = node["status"]["allocatable"]
    return Room(
        node=node["metadata"]["name"],
        cpu=_quantity.parse(allocatable["cpu"]) - sum(cpu for cpu, _memory in used),
        memory=_quantity.parse(allocatable["memory"]) - sum(memory for _cpu, memory in used),
        pods=_quantity.parse(allocatable["pods"]) - len(used),
    )


def _requests(spec: Mapping[str, Any]) -> tuple[float, float]:
    """Cores and bytes of a pod; an init container that never ends is a sidecar and counts too."""
    containers = [
        *(spec.get("containers") or ()),
        *(each for each in spec.get("initContainers") or () if each.get("restartPolicy")),
    ]
    requests = [(each.get("resources") or {}).get("requests") or {} for each in containers]
    return (
        sum(_quantity.parse(each.get("cpu", 0)) for each in requests),
        sum(_quantity.parse(each.get("memory", 0)) for each in requests),
    )
