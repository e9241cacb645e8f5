# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Contenders measured in turn, so that whatever else the machine does meets all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.samples import Samples

Readings = Mapping[str, float]


def nothing() -> None:
    """For a contender that needs no preparation."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something to measure: each run gives named readings, for which `prepare` is not counted."""

    name: str
    run: Callable[[], Readings]
    prepare: Callable[[], None] = nothing


def interleave(
    contenders: Sequence[Contender], repeats: int, say: Callable[[str], None]
) -> dict[str, Samples]:
    """All readings of all contenders; a first round, which fills caches, does not count.

    Each round begins with another contender, so that none always follows the same one.
    """
    readings: defaultdict[str, list[float]] = defaultdict(list)
    for number in range(repeats + 1):
        start = number % len(contenders)
        for contender in (*contenders[start:], *contenders[:start]):
            what = f"round {number} of {repeats}" if number else "warming up"
            say(f"{what}: {contender.name}")
            contender.prepare()
            found = contender.run()
            if number:
                for name, value in found.items():
                    readings[name].append(value)
    return {name: Samples.of(values) for name, values in readings.items()}
