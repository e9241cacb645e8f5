# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Requests and failures over time, as a client counted them or Prometheus did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from ansible_collections.meshwright.istio.plugins.module_utils.report.item import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Requests a second, and failures a second, in the `seconds` that begin at `time`.

    `failed` is None where nobody counted failures.
    """

    time: datetime
    seconds: float
    sent: float
    failed: float | None

    @property
    def end(self) -> datetime:
        return self.time + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The requests of an upgrade; `exact` is False where totals are made of rates.

    `sent` and `failed` are the totals, None where they are not known.
    """

    source: str
    exact: bool
    points: tuple[Point, ...]
    sent: int | None
    failed: int | None

    @classmethod
    def from_item(cls, item: Item) -> Load | None:
        """The counts of a client: `series`, each with what came since the one before, `total`."""
        if not item.value:
            return None
        total = item.item("total")
        counted = [
            (time, sent, entry.number("failed"))
            for entry in item.items("series")
            if (time := entry.time("time")) is not None
            and (sent := entry.number("sent")) is not None
        ]
        counted.sort(key=lambda each: each[0])
        failures = [failed for _time, _sent, failed in counted]
        sent, failed = total.count("sent"), total.count("failed")
        if sent is None and counted:
            sent = round(sum(each for _time, each, _failed in counted))
        if failed is None and counted and None not in failures:
            failed = round(sum(each for each in failures if each is not None))
        return cls(
            source=item.text("source") or "a load client",
            exact=True,
            points=_points(counted),
            sent=sent,
            failed=failed,
        )


def _points(counted: Sequence[tuple[datetime, float, float | None]]) -> tuple[Point, ...]:
    """Counts made rates. Each count holds for the time since the one before it."""
    gaps = [(later[0] - earlier[0]).total_seconds() for earlier, later in pairwise(counted)]
    positive = [gap for gap in gaps if gap > 0]
    usual = median(positive) if positive else 1.0
    points = []
    for (time, sent, failed), gap in zip(counted, [usual, *gaps], strict=False):
        seconds = gap if gap > 0 else usual
        points.append(
            Point(
                time=time - timedelta(seconds=seconds),
                seconds=seconds,
                sent=sent / seconds,
                failed=None if failed is None else failed / seconds,
            )
        )
    return tuple(points)


def from_rates(
    source: str,
    sent: Sequence[tuple[datetime, float]],
    failed: Sequence[tuple[datetime, float]] | None,
    step: float,
) -> Load:
    """What Prometheus knows: rates at every `step` seconds, the totals estimated of them."""
    failures = None if failed is None else dict(failed)
    return Load(
        source=source,
        exact=False,
        points=tuple(
            Point(
                time=time - timedelta(seconds=step),
                seconds=step,
                sent=rate,
                failed=None if failures is None else failures.get(time),
            )
            for time, rate in sent
        ),
        sent=round(sum(rate * step for _time, rate in sent)) if sent else None,
        failed=None if failed is None else round_up(sum(rate * step for _time, rate in failed)),
    )


def round_up(estimate: float) -> int:
    """A whole number that is 0 only where nothing failed at all."""
    return round(estimate) or (1 if estimate > 0 else 0)
