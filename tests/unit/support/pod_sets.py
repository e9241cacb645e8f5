# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StatefulSets and DaemonSets, which have their pods themselves.

A StatefulSet cannot make a pod whose name is taken, even by one that it has let go. A DaemonSet
makes another at once on the node of a pod that it has let go; of two on a node it keeps the older.
"""

from __future__ import annotations

import itertools
import re

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

_HASH = "controller-revision-hash"


class StatefulSets:
    """All of them."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._first: dict[Reference, str] = {}

    def sync(self, item: Object) -> None:
        """Look at one and its pods, and do what is to be done."""
        name = item["metadata"]["name"]
        self._first.setdefault(reference_of(item), hash_of(item))
        taken = {pod["metadata"]["name"] for pod in self._hands.all_pods()}
        mine = {
            int(found[1]): pod
            for pod in claim(self._hands, item, {"kind": "StatefulSet", "name": name}, {})
            if (found := re.fullmatch(rf"{re.escape(name)}-(\d+)", pod["metadata"]["name"]))
        }
        is_begin = not mine and not taken.intersection(f"{name}-{n}" for n in range(9))
        for ordinal in range(desired(item)):
            if ordinal not in mine:
                if f"{name}-{ordinal}" not in taken:
                    self._make(item, ordinal)
                if not is_begin:
                    return
            elif not is_ready(mine[ordinal]):
                self._replace_broken(item, ordinal, mine[ordinal])
                return
        extra = sorted(number for number in mine if number >= desired(item))
        if extra:
            self._hands.remove_pod(mine[extra[-1]])
        else:
            self._update(item, mine)

    def _update(self, item: Object, mine: dict[int, Object]) -> None:
        for ordinal in sorted(mine, reverse=True):
            if mine[ordinal]["metadata"]["labels"][_HASH] != self._hash(item, ordinal):
                if (item["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
                    self._hands.remove_pod(mine[ordinal])
                return

    def _replace_broken(self, item: Object, ordinal: int, pod: Object) -> None:
        """One that is of an old template waits for nothing where a newer one is there."""
        on_delete = (item["spec"].get("updateStrategy") or {}).get("type") == "OnDelete"
        if pod["metadata"]["labels"][_HASH] != self._hash(item, ordinal) and not on_delete:
            self._hands.remove_pod(pod)

    def _hash(self, item: Object, ordinal: int) -> str:
        rolling = (item["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
        held = ordinal < (rolling.get("partition") or 0)
        first = self._first[reference_of(item)]
        return f"{item['metadata']['name']}-{first if held else hash_of(item)}"

    def _make(self, item: Object, ordinal: int) -> None:
        name = f"{item['metadata']['name']}-{ordinal}"
        more = {
            _HASH: self._hash(item, ordinal),
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal),
        }
        owner = {"kind": "StatefulSet", "name": item["metadata"]["name"]}
        self._hands.make_pod(item, name, owner, more)


class DaemonSets:
    """All of them, on the nodes n0 and so on, as many as they have replicas here."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._numbers = itertools.count(1)

    def sync(self, item: Object) -> None:
        """Look at one and its pods, and do what is to be done."""
        name, hashed = item["metadata"]["name"], hash_of(item)
        self._record(item, hashed)
        mine = claim(self._hands, item, {"kind": "DaemonSet", "name": name}, {})
        strategy = item["spec"].get("updateStrategy") or {}
        rolling = strategy.get("rollingUpdate") or {}
        surges = bool(rolling.get("maxSurge"))
        by_node = {
            f"n{number}": [pod for pod in mine if pod["spec"]["nodeName"] == f"n{number}"]
            for number in range(desired(item))
        }
        for node, pods in by_node.items():
            self._keep_one(item, node, pods, surges=surges)
        away = sum(not any(map(is_ready, pods)) for pods in by_node.values())
        if strategy.get("type") != "OnDelete":
            for node, pods in by_node.items():
                old = [pod for pod in pods if pod["metadata"]["labels"][_HASH] != hashed]
                new = [pod for pod in pods if pod not in old]
                if old and surges and not new:
                    self._make(item, node)
                    return
                if old and (any(map(is_ready, new)) if surges else away < 1):
                    self._hands.remove_pod(old[0])
                    return

    def _keep_one(self, item: Object, node: str, pods: list[Object], *, surges: bool) -> None:
        if not pods:
            self._make(item, node)
        elif not surges:
            oldest = sorted(pods, key=lambda pod: self._hands.made_at[pod["metadata"]["uid"]])
            for pod in oldest[1:]:
                self._hands.remove_pod(pod)

    def _make(self, item: Object, node: str) -> None:
        name, hashed = item["metadata"]["name"], hash_of(item)
        owner, more = {"kind": "DaemonSet", "name": name}, {_HASH: hashed}
        self._hands.make_pod(item, f"{name}-{next(self._numbers)}", owner, more, node)

    def _record(self, item: Object, hashed: str) -> None:
        """Each template that it ever had."""
        name = f"{item['metadata']['name']}-{hashed}"
        metadata = {"name": name, "namespace": item["metadata"]["namespace"]}
        self._hands.put(
            {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": metadata}
        )
