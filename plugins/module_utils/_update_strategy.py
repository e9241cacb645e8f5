# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Update strategies: how a workload's controller replaces its pods."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class UpdateType(enum.StrEnum):
    """How a controller replaces the pods of a workload."""

    ROLLING = "rolling"
    RECREATE = "recreate"
    ON_DELETE = "on_delete"
    EVICTION = "eviction"
    """Argo's restart: it evicts pods and lets the ReplicaSet replace them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The update strategy: how many pods more, or fewer, there may be while it goes on."""

    type: UpdateType
    surge: int = 0
    unavailable: int = 1
    partition: int = 0


def read(kind: str, strategy: Mapping[str, Any], desired: int) -> Update:
    """Read the strategy of a workload of that kind with so many pods."""
    return _READERS[kind](strategy, desired)


def _share(value: Any, total: int, *, up: bool) -> int:
    """Resolve a number or a percentage of all pods."""
    text = str(value)
    if not text.endswith("%"):
        return int(text)
    exact = int(text[:-1]) * total
    return -(-exact // 100) if up else exact // 100


def _deployment_update(strategy: Mapping[str, Any], desired: int) -> Update:
    if strategy.get("type") == "Recreate":
        return Update(type=UpdateType.RECREATE, unavailable=desired)
    settings = strategy.get("rollingUpdate") or strategy.get("rollingParams") or {}
    more = _share(settings.get("maxSurge", "25%"), desired, up=True)
    fewer = _share(settings.get("maxUnavailable", "25%"), desired, up=False)
    # Where both come out as nothing, the controller takes one pod away.
    return Update(type=UpdateType.ROLLING, surge=more, unavailable=fewer if more or fewer else 1)


def _daemon_update(strategy: Mapping[str, Any], desired: int) -> Update:
    if strategy.get("type") == "OnDelete":
        return Update(type=UpdateType.ON_DELETE)
    settings = strategy.get("rollingUpdate") or {}
    # Unlike those of a Deployment, both shares are rounded up.
    return Update(
        type=UpdateType.ROLLING,
        surge=_share(settings.get("maxSurge", 0), desired, up=True),
        unavailable=_share(settings.get("maxUnavailable", 1), desired, up=True),
    )


def _stateful_update(strategy: Mapping[str, Any], desired: int) -> Update:
    if strategy.get("type") == "OnDelete":
        return Update(type=UpdateType.ON_DELETE)
    settings = strategy.get("rollingUpdate") or {}
    fewer = max(1, _share(settings.get("maxUnavailable", 1), desired, up=True))
    return Update(
        type=UpdateType.ROLLING, unavailable=fewer, partition=settings.get("partition") or 0
    )


def _rollout_update(strategy: Mapping[str, Any], desired: int) -> Update:
    canary = strategy.get("canary")
    fewer = "25%" if canary is not None else 0
    unavailable = _share((canary or {}).get("maxUnavailable", fewer), desired, up=False)
    return Update(type=UpdateType.EVICTION, unavailable=max(1, unavailable))


_READERS: Mapping[str, Callable[[Mapping[str, Any], int], Update]] = {
    "Deployment": _deployment_update,
    "DeploymentConfig": _deployment_update,
    "StatefulSet": _stateful_update,
    "DaemonSet": _daemon_update,
    "Rollout": _rollout_update,
}
