# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When rollouts began and were complete, by the API server's own audit log.

The order is that of the versions of the objects, in which the API server stored them; no clock
and no watch can be late for it.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.credentials import COUNTED
from benchmarks.errors import BenchmarkError

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A write of a Deployment: its place in the order, and the time of day when it was asked for.

    It was stored a moment later. Who waits learns of it before it is answered.
    """

    version: int
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollouts:
    """For each Deployment the write that began its rollout, and the one that completed it."""

    begun: Mapping[str, Stored]
    complete: Mapping[str, Stored]

    @property
    def end(self) -> float:
        """The time of day at which the last one was complete."""
        return max(each.time for each in self.complete.values())

    @property
    def most_at_once(self) -> int:
        """How many had begun and were not complete, at the worst moment."""
        steps = [(each.version, 1) for each in self.begun.values()]
        steps += [(each.version, -1) for each in self.complete.values()]
        most = now = 0
        for _version, step in sorted(steps):
            now += step
            most = max(most, now)
        return most


def read(lines: Iterable[str]) -> Rollouts:
    """The rollouts in lines of an audit log; each Deployment has one there."""
    begun: dict[str, Stored] = {}
    complete: dict[str, Stored] = {}
    generations: dict[str, int] = {}
    events = [event for event in map(json.loads, lines) if _is_write(event)]
    for event in sorted(events, key=_version):
        item = event["responseObject"]
        name = item["metadata"]["name"]
        if event["user"]["username"] == COUNTED:
            if name not in begun:
                begun[name] = _stored(event)
                generations[name] = item["metadata"]["generation"]
        elif name in begun and name not in complete and _reached(item, generations[name]):
            complete[name] = _stored(event)
    if not begun or begun.keys() != complete.keys():
        raise BenchmarkError(f"{len(begun)} rollouts have begun and {len(complete)} were complete")
    return Rollouts(begun=begun, complete=complete)


def is_complete(item: Mapping[str, Any]) -> bool:
    """Whether the status says that every pod is of the newest template and available."""
    status, wanted = item.get("status", {}), item["spec"]["replicas"]
    counts = [status.get(key) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    is_seen = status.get("observedGeneration", 0) >= item["metadata"]["generation"]
    return bool(is_seen) and counts == [wanted] * len(counts)


def _reached(item: Mapping[str, Any], generation: int) -> bool:
    now: int = item["metadata"]["generation"]
    return now >= generation and is_complete(item)


def _is_write(event: Event) -> bool:
    """A refused write is answered with a Status, which is no object."""
    found = (event["objectRef"].get("resource"), event.get("responseObject", {}).get("kind"))
    return found == ("deployments", "Deployment")


def _version(event: Event) -> int:
    return int(event["responseObject"]["metadata"]["resourceVersion"])


def _stored(event: Event) -> Stored:
    received = datetime.datetime.fromisoformat(event["requestReceivedTimestamp"])
    return Stored(version=_version(event), time=received.timestamp())
