# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the gateways of a cluster had at one moment, and what came since another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_counts
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_counts import Counts
from ansible_collections.meshwright.istio.plugins.module_utils._ingress import Name

_KEPT = 200

Counters = Mapping[str, Mapping[str, Mapping[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What all of them had at one moment; `unread` is what could not be asked, and why."""

    time: datetime
    passed: float
    counts: Mapping[Name, Mapping[str, Counts]]
    unread: Mapping[str, ApiError] = field(default_factory=dict)
    starting: tuple[str, ...] = ()

    @property
    def sessions(self) -> int:
        return sum(each.sessions for pods in self.counts.values() for each in pods.values())

    @property
    def open_requests(self) -> int:
        return sum(each.open_requests for pods in self.counts.values() for each in pods.values())

    @property
    def exact(self) -> bool:
        return all(each.exact for pods in self.counts.values() for each in pods.values())

    @property
    def counters(self) -> dict[str, Any]:
        """What a later look can be compared with."""
        pods = {uid: each.best for pods in self.counts.values() for uid, each in pods.items()}
        return {"time": self.time.isoformat(), "pods": pods}

    def requests_since(self, counters: Counters, name: Name) -> int:
        """How many requests came to one of them; pods that were not there then have had none."""
        found = 0
        for uid, counts in self.counts[name].items():
            then = counters.get(uid, {key: {} for key in counts.best})
            found += _gateway_counts.since(then, counts.totals) or 0
        return found

    def rate_since(self, before: Look) -> float:
        """The requests per second since an earlier look, by whatever has counted most of them."""
        found = 0
        for name, pods in self.counts.items():
            for uid, counts in pods.items():
                then = before.counts.get(name, {}).get(uid)
                totals = then.totals if then else {key: {} for key in counts.totals}
                found += _gateway_counts.most(totals, counts.totals)
        return found / max(self.passed - before.passed, 0.001)

    def __str__(self) -> str:
        least = "" if self.exact else "up to "
        return f"{least}{self.sessions} sessions, {self.open_requests} open requests"


class Samples:
    """What was seen, thinned evenly where it becomes too much."""

    def __init__(self) -> None:
        self._every, self._count = 1, 0
        self._kept: list[dict[str, Any]] = []

    def add(self, look: Look, rate: float) -> None:
        sample = {
            "time": look.time.isoformat(),
            "rate": round(rate, 2),
            "sessions": look.sessions,
            "open_requests": look.open_requests,
        }
        if self._count % self._every == 0:
            self._kept.append(sample)
        self._count += 1
        if len(self._kept) > _KEPT:
            self._kept = self._kept[::2]
            self._every *= 2

    @property
    def kept(self) -> list[dict[str, Any]]:
        return self._kept


def report(
    look: Look,
    since: Mapping[str, Any],
    *,
    rate: float | None = None,
    samples: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The module's result."""
    counters = since.get("pods")
    requests = {
        name: None if counters is None else look.requests_since(counters, name)
        for name in look.counts
    }
    whole = None if counters is None else sum(each or 0 for each in requests.values())
    if rate is None and whole is not None:
        passed = (look.time - datetime.fromisoformat(since["time"])).total_seconds()
        rate = whole / max(passed, 0.001)
    return {
        "requests_since": whole,
        "counters": look.counters,
        "sessions": look.sessions,
        "open_requests": look.open_requests,
        "rate": None if rate is None else round(rate, 2),
        "exact": look.exact,
        "gateways": [
            {
                "namespace": name[0],
                "name": name[1],
                "pods": len(pods),
                "requests": requests[name],
                "sessions": sum(each.sessions for each in pods.values()),
                "open_requests": sum(each.open_requests for each in pods.values()),
            }
            for name, pods in look.counts.items()
        ],
        "unread": [*look.unread, *look.starting],
        "samples": samples or [],
    }


def check_since(since: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The counters of an earlier result; refused where they are something else."""
    if not since:
        return {}
    try:
        datetime.fromisoformat(since["time"])
        pods = {uid: dict(counters) for uid, counters in since["pods"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInputError(
            "since: that is no `counters` of an earlier result. Give back what one call returned."
        ) from error
    return {"time": since["time"], "pods": pods}
