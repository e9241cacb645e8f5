# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What mesh_gate was asked for, and what of it contradicts itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gate_pods,
    _gate_proxies,
    _probe,
    _prometheus,
    _query,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._probe import Probe
from ansible_collections.meshwright.istio.plugins.module_utils._prometheus import Settings
from ansible_collections.meshwright.istio.plugins.module_utils._query import Query
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection

PROXY_CHECKS = (_gate_proxies.SYNCED, _gate_proxies.REJECTS)
POD_CHECKS = (_gate_pods.CRASHES, _gate_pods.PENDING)
MESH_CHECKS = (*PROXY_CHECKS, *POD_CHECKS)
_ENTRIES: dict[str, Any] = {"type": "list", "elements": "dict", "default": []}
# The options that say what is looked at beside the mesh itself, of each cluster that is watched.
SOURCES: dict[str, Any] = {
    "queries": {**_ENTRIES, "options": _query.OPTIONS},
    "prometheus": {
        "type": "dict",
        "options": _prometheus.OPTIONS,
        "mutually_exclusive": _prometheus.EXCLUSIVE,
        "required_one_of": [("url", "service")],
    },
    "probes": {**_ENTRIES, "options": _probe.OPTIONS},
    "baseline": {"type": "dict"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long it must hold, how often to look, and how many bad samples a check may have."""

    duration: int
    interval: int
    failure_limit: int

    @property
    def rounds(self) -> int:
        """How often every check is looked at, when each round ends in time."""
        return math.ceil(self.duration / self.interval) + 1

    def after(self, planned: float, elapsed: float) -> float:
        """When to look next; looks that would be late are left out, but never the last one."""
        following = planned + self.interval
        while following < elapsed:
            following += self.interval
        return self.duration if planned < self.duration < following else following

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Timing:
        """Read the options."""
        for option, least in (("duration", 0), ("interval", 1), ("failure_limit", 0)):
            if params[option] < least:
                raise BadInputError(f"{option}: got {params[option]}; right is {least} or more.")
        timing = cls(**{name: params[name] for name in ("duration", "interval", "failure_limit")})
        if timing.interval > timing.duration > 0:
            raise BadInputError(
                f"interval: got {timing.interval} with duration {timing.duration}; right is at"
                " most the duration."
            )
        if timing.duration and timing.failure_limit >= timing.rounds:
            raise BadInputError(
                f"failure_limit: got {timing.failure_limit}, and there are only {timing.rounds}"
                f" samples, so all could be bad; right is at most {timing.rounds - 1}."
            )
        return timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options; `mesh_checks` are those of the switches that are on."""

    queries: tuple[Query, ...]
    prometheus: Settings | None
    probes: tuple[Probe, ...]
    mesh_checks: tuple[str, ...]
    baseline: Mapping[str, float]
    timing: Timing
    selection: Selection
    revision: str | None
    istio_namespace: str
    pending_seconds: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        """Read the options; BadInputError before anything is asked."""
        _check_names(params)
        queries = tuple(map(Query.from_params, params["queries"]))
        if queries and params["prometheus"] is None:
            raise BadInputError("queries: given without prometheus; right is its url or service.")
        if params["pending_seconds"] < 0:
            raise BadInputError(
                f"pending_seconds: got {params['pending_seconds']}; right is 0 or more."
            )
        return cls(
            queries=queries,
            prometheus=Settings.from_params(params["prometheus"]) if queries else None,
            probes=tuple(map(Probe.from_params, params["probes"])),
            mesh_checks=tuple(name for name in MESH_CHECKS if params[name]),
            baseline=_read_baseline(params["baseline"]),
            timing=Timing.from_params(params),
            selection=Selection.from_params({**params, "workloads": None}),
            revision=params["revision"],
            istio_namespace=params["istio_namespace"],
            pending_seconds=params["pending_seconds"],
        )

    def chosen(self, names: Iterable[str]) -> list[str]:
        """Those of the checks that are switched on."""
        return [name for name in names if name in self.mesh_checks]


def _check_names(params: Mapping[str, Any]) -> None:
    switched = [name for name in MESH_CHECKS if params[name]]
    named = [each["name"] for option in ("queries", "probes") for each in params[option]]
    if not named and not switched:
        raise BadInputError(
            f"queries, probes, {', '.join(MESH_CHECKS)}: got none of them, and a gate without a"
            " check would always pass; right is at least one."
        )
    for name, times in Counter(named).items():
        if not name.strip():
            raise BadInputError("queries, probes: got an empty name; right is one to be told by.")
        if times > 1 or name in MESH_CHECKS:
            raise BadInputError(
                f"queries, probes: got the name '{name}' for more than one check; right is a name"
                " of its own for each, also beside the checks of the mesh."
            )


def _read_baseline(given: Mapping[str, Any] | None) -> dict[str, float]:
    baseline = {}
    for name, value in (given or {}).items():
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not math.isfinite(number):
            raise BadInputError(f"baseline[{name}]: got '{value}'; right is a finite number.")
        baseline[name] = number
    return baseline
