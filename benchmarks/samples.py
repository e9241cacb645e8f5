# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers that were measured several times, and what may be said of them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Samples:
    """What the same measurement gave, in the order of the rounds."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Samples:
        return cls(tuple(values))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        return min(self.values)

    @property
    def most(self) -> float:
        return max(self.values)

    def over(self, others: Samples) -> Samples:
        """The ratio in each round: what else the machine did then has slowed both."""
        pairs = zip(self.values, others.values, strict=True)
        return Samples.of(ours / theirs for ours, theirs in pairs)

    def less(self, others: Samples) -> Samples:
        """The difference in each round."""
        pairs = zip(self.values, others.values, strict=True)
        return Samples.of(ours - theirs for ours, theirs in pairs)

    def text(self, unit: str = "") -> str:
        """The median, and the least and the most where there is more than one."""
        ending = f" {unit}" if unit else ""
        middle = number(self.median)
        if len(self.values) == 1:
            return middle + ending
        return f"{middle} ({number(self.least)} to {number(self.most)}){ending}"


def number(value: float) -> str:
    """A number with about three digits that matter."""
    size = abs(value)
    if size >= 100 or value == int(value):
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1:
        return f"{value:.2f}"
    return f"{value:.3f}"
