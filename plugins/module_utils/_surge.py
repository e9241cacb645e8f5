# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Surge: another pod first, where a workload's own strategy would take a needed one away first.

The strategy is changed for the time of the restart and put back after it. What it was is written
into an annotation in the same request, so that a run that is killed between leaves a record for
the next. The strategy is no part of the template: neither change starts a rollout by itself.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._update_strategy import UpdateType
from ansible_collections.meshwright.istio.plugins.module_utils._workload import (
    ORIGINAL_STRATEGY,
    Workload,
)


class SurgeMode(enum.StrEnum):
    """Where a workload's strategy may be changed for the time of its restart."""

    SAFE = "safe"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """How a workload stands while it restarts.

    `takes` is how many pods are away at once; `gap` says why none may be ready for a moment.
    """

    surge: bool
    takes: int
    gap: str | None = None


def footing(workload: Workload, budgets: Collection[Budget], mode: SurgeMode) -> Footing:
    """Decide whether it needs another strategy for the time of the restart."""
    takes = 1 if workload.pod_by_pod else workload.update.unavailable
    recreates = workload.update.type is UpdateType.RECREATE
    leaves_none = takes > 0 and (workload.desired == 1 or recreates)
    if not leaves_none and all(budget.at_best >= takes for budget in budgets):
        return Footing(surge=False, takes=takes)
    obstacle = _obstacle_to_surge(workload, mode)
    if obstacle is None:
        return Footing(surge=True, takes=0)
    return Footing(surge=False, takes=takes, gap=obstacle if leaves_none else None)


def _obstacle_to_surge(workload: Workload, mode: SurgeMode) -> str | None:
    """Why its controller cannot be made to bring another pod first."""
    kind = workload.reference.kind
    obstacles = (
        (kind == "StatefulSet", "a StatefulSet takes a pod away before it makes its successor"),
        (kind == "Rollout", "a restart by Argo evicts a pod before there is another"),
        (workload.pod_by_pod, "with the strategy OnDelete its pod goes before there is another"),
    )
    return next((text for holds, text in obstacles if holds), None) or obstacle_to_second_pod(
        workload, mode
    )


def obstacle_to_second_pod(workload: Workload, mode: SurgeMode) -> str | None:
    """Why there may not be a second pod before the first one goes."""
    safe = mode is SurgeMode.SAFE
    recreates = workload.update.type is UpdateType.RECREATE
    obstacles = (
        (workload.host_ports, "two pods cannot have the same port of a node"),
        (mode is SurgeMode.NEVER, "surge is never, so the old pod goes before there is another"),
        (safe and recreates, "its strategy Recreate asks for never two pods at once"),
        (safe and workload.claims, "two pods may not be able to use its volume claims at once"),
    )
    return next((text for holds, text in obstacles if holds), None)


def change(workload: Workload) -> dict[str, Any]:
    """The merge patch that lets another pod come first, with the record of what was."""
    temporary = _temporary(workload)
    if workload.original_strategy is not None:
        # A run before this one has left its record.
        is_there = _holds(workload.strategy, temporary)
        return {} if is_there else {"spec": {workload.strategy_field: temporary}}
    record = json.dumps(workload.strategy, sort_keys=True)
    return {
        "metadata": {"annotations": {ORIGINAL_STRATEGY: record}},
        "spec": {workload.strategy_field: temporary},
    }


def restore(workload: Workload) -> dict[str, Any]:
    """The merge patch that puts back what the record says, and removes the record.

    Where somebody else has changed the strategy meanwhile, theirs stays.
    """
    annotations = {"metadata": {"annotations": {ORIGINAL_STRATEGY: None}}}
    if not _holds(workload.strategy, _temporary(workload)):
        return annotations
    original = _read_record(workload)
    return {**annotations, "spec": {workload.strategy_field: _patch(workload.strategy, original)}}


def _temporary(workload: Workload) -> dict[str, Any]:
    rolling = {"maxSurge": max(1, workload.update.surge), "maxUnavailable": 0}
    if workload.reference.kind == "DeploymentConfig":
        return {"type": "Rolling", "rollingParams": rolling}
    return {"type": "RollingUpdate", "rollingUpdate": rolling}


def _holds(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether everything wanted is there; there may be more."""
    return all(
        _holds(current.get(key) or {}, value)
        if isinstance(value, Mapping)
        else current.get(key) == value
        for key, value in wanted.items()
    )


def _read_record(workload: Workload) -> Mapping[str, Any]:
    try:
        original = json.loads(workload.original_strategy or "")
    except ValueError:
        original = None
    if not isinstance(original, dict):
        raise MeshError(
            f"The annotation {ORIGINAL_STRATEGY} of {workload.reference} is no record of a"
            f" strategy: '{workload.original_strategy}'. Set the strategy by hand and remove the"
            " annotation."
        )
    return original


def _patch(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch from the one to the other."""
    patch: dict[str, Any] = {key: None for key in current if key not in wanted}
    for key, value in wanted.items():
        before = current.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            patch[key] = _patch(before, value)
        elif before != value:
            patch[key] = value
    return patch
