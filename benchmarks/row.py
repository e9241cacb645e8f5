# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line of what came out: ours, its rival, their ratio, the goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.samples import Samples, number


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measurement; `met` is None where it has no goal and is only told."""

    what: str
    ours: Samples
    unit: str = "s"
    rival: str = ""
    theirs: Samples | None = None
    ratio: Samples | None = None
    goal: str = ""
    met: bool | None = None

    def document(self) -> dict[str, Any]:
        """The row for programs."""
        return {
            "what": self.what,
            "unit": self.unit,
            "ours": _document(self.ours),
            "rival": self.rival or None,
            "theirs": _document(self.theirs),
            "ratio": _document(self.ratio),
            "goal": self.goal or None,
            "met": self.met,
        }


def compare(
    what: str,
    ours: Samples,
    rival: str,
    theirs: Samples,
    *,
    at_most: float | None = None,
    unit: str = "s",
) -> Row:
    """Ours beside a rival's of the same rounds; the goal is a ratio."""
    ratio = ours.over(theirs)
    return Row(
        what=what,
        ours=ours,
        unit=unit,
        rival=rival,
        theirs=theirs,
        ratio=ratio,
        goal="" if at_most is None else f"ratio at most {number(at_most)}",
        met=None if at_most is None else ratio.median <= at_most,
    )


def limit(what: str, ours: Samples, *, at_most: float, unit: str) -> Row:
    """A measurement that has a goal by itself; the worst round counts where it must never fail."""
    goal = f"at most {number(at_most)} {unit}"
    return Row(what=what, ours=ours, unit=unit, goal=goal, met=ours.median <= at_most)


def never_above(what: str, ours: Samples, *, at_most: float, unit: str) -> Row:
    """The same, where one bad round is one too many."""
    goal = f"never above {number(at_most)} {unit}"
    return Row(what=what, ours=ours, unit=unit, goal=goal, met=ours.most <= at_most)


def _document(samples: Samples | None) -> dict[str, Any] | None:
    if samples is None:
        return None
    return {
        "median": samples.median,
        "min": samples.least,
        "max": samples.most,
        "values": list(samples.values),
    }
