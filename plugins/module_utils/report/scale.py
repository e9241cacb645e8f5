# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Time on paper: moments to per cent of the width, with long rests folded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Span = tuple[datetime, datetime]

# A rest is folded when it is longer than this, and than this share of the time at work.
_SHORTEST_FOLD = 120.0
_FOLD_SHARE = 0.25
_FOLD_WIDTH = 5.0
_ALL_FOLDS = 40.0
_STEPS = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10800, 21600, 43200, 86400),
)
# How much of the width a letter of a tick may take.
_LETTER = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of time and where it lies, in per cent; `folded` is a rest that was shortened."""

    begin: datetime
    end: datetime
    left: float
    right: float
    folded: bool

    @property
    def seconds(self) -> float:
        return (self.end - self.begin).total_seconds()

    def at(self, moment: datetime) -> float:
        share = (moment - self.begin).total_seconds() / self.seconds
        return self.left + share * (self.right - self.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on the axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """All charts of a report share one, so that what happened at once stands at one place."""

    stretches: tuple[Stretch, ...]

    @classmethod
    def of(cls, busy: Iterable[Span]) -> Scale | None:
        """From the first to the last moment of these spans; None without any."""
        merged = _merge(busy)
        if not merged:
            return None
        if merged[0][0] == merged[-1][1]:
            begin = merged[0][0]
            merged = [(begin, begin + timedelta(seconds=1))]
        return cls(stretches=tuple(_lay_out(_cut(merged))))

    @property
    def begin(self) -> datetime:
        return self.stretches[0].begin

    @property
    def end(self) -> datetime:
        return self.stretches[-1].end

    @property
    def folds(self) -> tuple[Stretch, ...]:
        return tuple(stretch for stretch in self.stretches if stretch.folded)

    def at(self, moment: datetime) -> float:
        """Where a moment lies, from 0 to 100; what is outside lies at the edge."""
        if moment <= self.begin:
            return 0.0
        for stretch in self.stretches:
            if moment <= stretch.end:
                return stretch.at(moment)
        return 100.0

    def width(self, begin: datetime, end: datetime) -> float:
        return max(0.0, self.at(end) - self.at(begin))

    def ticks(self, most: int = 9) -> tuple[Tick, ...]:
        """At round times, none so near to another that their texts would touch."""
        at_work = [stretch for stretch in self.stretches if not stretch.folded]
        seconds = sum(stretch.seconds for stretch in at_work)
        days = math.ceil(seconds / most / _STEPS[-1]) * _STEPS[-1]
        step = next((each for each in _STEPS if seconds / each <= most), days)
        day = self.begin.date()
        ticks: list[Tick] = []
        for stretch in at_work:
            for moment in _round_times(stretch, step):
                text = f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"
                if moment.date() != day:
                    text = f"{moment:%d %b} {text}"
                place = stretch.at(moment)
                if not ticks or place - ticks[-1].at >= _LETTER * len(text):
                    ticks.append(Tick(at=place, text=text))
                    day = moment.date()
        return tuple(ticks)


def _merge(spans: Iterable[Span]) -> list[Span]:
    """Spans that touch become one."""
    merged: list[Span] = []
    for begin, end in sorted((min(span), max(span)) for span in spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _cut(merged: list[Span]) -> list[tuple[datetime, datetime, bool]]:
    """The whole time in pieces, of which some are folded."""
    at_work = sum((end - begin).total_seconds() for begin, end in merged)
    shortest = max(_SHORTEST_FOLD, _FOLD_SHARE * at_work)
    pieces: list[tuple[datetime, datetime, bool]] = []
    begin, end = merged[0]
    for next_begin, next_end in merged[1:]:
        if (next_begin - end).total_seconds() > shortest:
            pieces += [(begin, end, False), (end, next_begin, True)]
            begin = next_begin
        end = next_end
    pieces.append((begin, end, False))
    # A piece of no length has no place of its own.
    return [piece for piece in pieces if piece[0] < piece[1]]


def _lay_out(pieces: list[tuple[datetime, datetime, bool]]) -> Iterator[Stretch]:
    """Folds get a fixed width, the rest shares what is left by its length."""
    folds = sum(folded for _begin, _end, folded in pieces)
    fold_width = min(_FOLD_WIDTH, _ALL_FOLDS / folds) if folds else 0.0
    at_work = sum((end - begin).total_seconds() for begin, end, folded in pieces if not folded)
    per_second = (100.0 - folds * fold_width) / at_work if at_work else 0.0
    left = 0.0
    for begin, end, folded in pieces:
        width = fold_width if folded else (end - begin).total_seconds() * per_second
        yield Stretch(begin=begin, end=end, left=left, right=left + width, folded=folded)
        left += width


def _round_times(stretch: Stretch, step: int) -> Iterator[datetime]:
    first = -(-stretch.begin.timestamp() // step) * step
    moment = datetime.fromtimestamp(first, UTC)
    while moment <= stretch.end:
        yield moment
        moment += timedelta(seconds=step)
