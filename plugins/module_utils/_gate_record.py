# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a gate has seen so far, and whether that is enough to fail it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._gate import (
    Check,
    Sample,
    Verdict,
    number,
)

# So many good samples are kept at most; all that are bad are, and the limit bounds those.
KEPT = 1000


class Record:
    """The samples in the order in which they were taken, one round after the other."""

    def __init__(self, checks: Sequence[Check], *, rounds: int, failure_limit: int) -> None:
        self.checks = tuple(checks)
        self._failure_limit = failure_limit
        self._every = max(1, math.ceil(rounds * len(self.checks) / KEPT))
        self._rounds = 0
        self._kept: list[Sample] = []
        self._latest: dict[str, Sample] = {}
        self._first_bad: Sample | None = None
        self._bad: Counter[str] = Counter()

    def add(self, samples: Sequence[Sample]) -> None:
        """The samples of one round, one for each check."""
        keep_all = self._rounds % self._every == 0
        self._rounds += 1
        self._kept += [each for each in samples if keep_all or not each.ok]
        for each in samples:
            self._latest[each.check] = each
            if not each.ok:
                self._bad[each.check] += 1
                self._first_bad = self._first_bad or each

    @property
    def settled(self) -> bool:
        """Whether the latest sample of every check is good."""
        return all(each.ok for each in self._latest.values())

    def over_limit(self) -> list[Sample]:
        """The latest samples of the checks with too many bad ones, what was measured first."""
        found = [
            each
            for each in self._latest.values()
            if not each.ok and self._bad[each.check] > self._failure_limit
        ]
        return sorted(found, key=lambda each: each.ok is None)

    def latest(self, verdict: Verdict) -> list[Sample]:
        """The latest samples that came to that."""
        return [each for each in self._latest.values() if each.verdict is verdict]

    def values(self) -> dict[str, float]:
        """The latest value of every check that has one."""
        return {name: each.value for name, each in self._latest.items() if each.value is not None}

    def doubts(self) -> list[str]:
        """What makes the latest samples mean less than it seems."""
        return [each.doubt for each in self._latest.values() if each.doubt]

    def __str__(self) -> str:
        return ", ".join(
            f"{name} {'unmeasured' if each.value is None else number(each.value)}"
            for name, each in self._latest.items()
        )

    def report(self, decisive: Sample | None, held: float) -> dict[str, Any]:
        """The module's result; `decisive` is the sample that decided against it."""
        kept = [*self._kept, *(each for each in self._latest.values() if each not in self._kept)]
        return {
            "changed": False,
            "verdict": str(decisive.verdict if decisive else Verdict.PASSED),
            "check": decisive and decisive.check,
            "object": decisive and decisive.object,
            "reason": decisive and decisive.text,
            "held_seconds": round(held, 1),
            "first_failure": self._first_bad and self._first_bad.summary(),
            "checks": [self._describe(check) for check in self.checks],
            "samples": [each.summary() for each in kept],
        }

    def _describe(self, check: Check) -> dict[str, Any]:
        return {
            "name": check.name,
            "kind": check.kind,
            "object": check.object,
            "min": check.min,
            "max": check.max,
            "samples": self._rounds,
            "bad": self._bad[check.name],
        }
