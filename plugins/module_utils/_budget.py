# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Disruption budgets: how many pods may be away at once, now and at best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._injector import selects
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import (
    READY,
    Readiness,
    hopeless,
    waiting,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A PodDisruptionBudget; `at_best` is what it allows while all its pods are well."""

    namespace: str
    name: str
    selector: Mapping[str, Any] | None
    allowed: int
    at_best: int

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Budget:
        """Read a PodDisruptionBudget."""
        metadata, status = item["metadata"], item.get("status") or {}
        return cls(
            namespace=metadata["namespace"],
            name=metadata["name"],
            selector=item["spec"].get("selector"),
            allowed=status.get("disruptionsAllowed", 0),
            at_best=max(0, status.get("expectedPods", 0) - status.get("desiredHealthy", 0)),
        )

    def covers(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether it protects pods with these labels; without a selector it protects none."""
        return (
            self.namespace == namespace
            and self.selector is not None
            and selects(self.selector, labels)
        )


def allows(budgets: Iterable[Budget], pods: int, *, broken: int = 0) -> Readiness:
    """Whether so many pods may be taken away at once.

    A broken pod uses up what is allowed; that does not count for those that are replaced first.
    """
    for budget in budgets:
        named = f"PodDisruptionBudget {budget.namespace}/{budget.name}"
        if budget.at_best < pods:
            return hopeless(
                f"{named} allows {words.count(budget.at_best, 'pod')} to be away, never {pods}:"
                " change it, or set disruption_budgets to ignore"
            )
        if budget.allowed + broken < pods:
            allowed = words.count(budget.allowed, "pod")
            return waiting(f"{named} allows {allowed} to be away now, not {pods}")
    return READY
