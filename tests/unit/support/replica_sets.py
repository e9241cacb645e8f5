# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments, Rollouts and DeploymentConfigs with what stands between them and their pods.

A ReplicaSet lets a pod go whose labels it no longer selects and makes another for it; it takes one
without a controller that it does select, and of too many it takes those away that are not ready,
then the youngest.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import (
    Hands,
    Object,
    Reference,
    claim,
    desired,
    hash_of,
    is_ready,
    reference_of,
)


class ReplicaSets:
    """Every one of them, by the workload above it and the hash of its template."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._sizes: dict[Reference, dict[str, int]] = {}
        self._items: dict[tuple[Reference, str], Object] = {}
        self._asked: dict[Reference, tuple[str, set[str]]] = {}
        self._numbers = itertools.count(1)

    def sync(self, item: Object) -> None:
        """Look at a workload and its pods, and do what is to be done."""
        reference, new = reference_of(item), hash_of(item)
        is_known = reference in self._sizes
        sizes = self._sizes.setdefault(reference, {})
        self._items[reference, new] = item
        sizes.setdefault(new, 0 if is_known else desired(item))
        pods = {each: self._claim(reference, each) for each in sizes}
        if not item["spec"].get("paused"):
            self._scale(item, sizes, new, pods)
        for each, size in sizes.items():
            self._fill(reference, each, size, pods[each])
        if item["kind"] == "Rollout":
            self._restart(item, pods[new])

    def sizes(self, reference: Reference) -> dict[str, int]:
        """How many pods each set of a workload shall have, by the hash of its template."""
        return dict(self._sizes.get(reference, {}))

    def resize(self, reference: Reference, hashed: str, size: int) -> None:
        """As when somebody scales the set itself."""
        self._sizes[reference][hashed] = size

    def _claim(self, reference: Reference, hashed: str) -> list[Object]:
        item = self._items[reference, hashed]
        return claim(self._hands, item, _owner(item, hashed), _labels(item, hashed))

    def _fill(self, reference: Reference, hashed: str, size: int, pods: list[Object]) -> None:
        item = self._items[reference, hashed]
        for _number in range(size - len(pods)):
            name = f"{item['metadata']['name']}-{hashed}-{next(self._numbers)}"
            self._hands.make_pod(item, name, _owner(item, hashed), _labels(item, hashed))
        for pod in sorted(pods, key=self._hands.age)[: max(0, len(pods) - size)]:
            self._hands.remove_pod(pod)

    def _scale(
        self, item: Object, sizes: dict[str, int], new: str, pods: Mapping[str, list[Object]]
    ) -> None:
        strategy = item["spec"].get("strategy") or {}
        old = [each for each in sizes if each != new]
        if item["kind"] == "Rollout" or not any(sizes[each] or pods[each] for each in old):
            sizes.update({**dict.fromkeys(old, 0), new: desired(item)})
        elif strategy.get("type") == "Recreate":
            gone = not any(pods[each] for each in old)
            sizes.update(dict.fromkeys(old, 0))
            sizes[new] = desired(item) if gone else sizes[new]
        else:
            rolling = strategy.get("rollingUpdate") or strategy.get("rollingParams") or {}
            available = {
                each: sum(self._hands.is_available(item, pod) for pod in found)
                for each, found in pods.items()
            }
            _roll(sizes, new, desired(item), rolling, available)

    def _restart(self, item: Object, pods: list[Object]) -> None:
        """As Argo does: it evicts one pod that was there before, once all are ready."""
        reference, asked = reference_of(item), item["spec"].get("restartAt")
        if asked is None:
            return
        if self._asked.get(reference, ("", set()))[0] != asked:
            self._asked[reference] = (asked, {pod["metadata"]["uid"] for pod in pods})
        before = [pod for pod in pods if pod["metadata"]["uid"] in self._asked[reference][1]]
        if before and sum(map(is_ready, pods)) >= desired(item):
            self._hands.remove_pod(before[0])


def _roll(
    sizes: dict[str, int],
    new: str,
    wanted: int,
    rolling: Mapping[str, Any],
    available: Mapping[str, int],
) -> None:
    """What a rolling update makes of the sizes, in one pass of its controller."""
    surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
    away = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    away = away if surge or away else 1
    room = max(0, wanted + surge - sum(sizes.values()))
    sizes[new] = min(wanted, sizes[new] + room)
    spare = sum(sizes.values()) - (wanted - away) - (sizes[new] - available[new])
    # Those that are not available first, as they are of no use.
    spare -= _take(
        sizes, new, spare, {each: size - available[each] for each, size in sizes.items()}
    )
    _take(sizes, new, min(spare, sum(available.values()) - (wanted - away)), dict(sizes))


def _take(sizes: dict[str, int], new: str, number: int, most: Mapping[str, int]) -> int:
    """Make the old ones smaller, by so many in all; how many it were."""
    left = max(0, number)
    for each, limit in most.items():
        if each != new:
            taken = min(left, limit)
            sizes[each] -= taken
            left -= taken
    return max(0, number) - left


def _share(value: Any, total: int, *, up: bool) -> int:
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = int(text[:-1]) * total
    return -(-exact // 100) if up else exact // 100


def _owner(item: Object, hashed: str) -> Object:
    kind = "ReplicationController" if item["kind"] == "DeploymentConfig" else "ReplicaSet"
    return {"kind": kind, "name": f"{item['metadata']['name']}-{hashed}"}


def _labels(item: Object, hashed: str) -> dict[str, str]:
    name = item["metadata"]["name"]
    return {
        "Deployment": {"pod-template-hash": hashed},
        "Rollout": {"rollouts-pod-template-hash": hashed},
        "DeploymentConfig": {"deployment": f"{name}-{hashed}", "deploymentconfig": name},
    }[item["kind"]]
