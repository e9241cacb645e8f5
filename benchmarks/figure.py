# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a file in `figures/` is: a name, what it shows, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.row import Row
from sandbox.build import Artifacts
from sandbox.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every figure is measured with."""

    artifacts: Artifacts
    repeats: int
    progress: Progress

    def say(self, text: str) -> None:
        """Tell the person what goes on now."""
        self.progress.step(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure; `measure` gives its rows."""

    name: str
    shows: str
    measure: Callable[[Bench], Sequence[Row]]
