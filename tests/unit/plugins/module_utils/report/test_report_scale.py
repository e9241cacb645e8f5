# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report.scale import Scale, Span

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def span(begin: float, end: float) -> Span:
    return at(begin), at(end)


def scale(*spans: Span) -> Scale:
    found = Scale.of(spans)
    assert found is not None
    return found


def test_time_is_even_where_nothing_is_folded() -> None:
    found = scale(span(0, 40), span(60, 100))
    assert [found.at(at(seconds)) for seconds in (-5, 0, 25, 50, 100, 130)] == [
        *(0, 0, 25, 50, 100, 100),
    ]
    assert found.folds == ()


def test_a_long_rest_is_folded_and_the_rest_keeps_its_order() -> None:
    found = scale(span(0, 300), span(40000, 40300))
    (fold,) = found.folds
    assert (fold.seconds, fold.right - fold.left) == (39700, 5.0)
    assert found.at(at(300)) == pytest.approx(47.5)
    assert found.at(at(20000)) == pytest.approx(50, abs=0.1)
    assert found.at(at(40300)) == pytest.approx(100)


def test_many_folds_leave_room_for_the_work() -> None:
    found = scale(*(span(number * 9000, number * 9000 + 10) for number in range(30)))
    widths = [fold.right - fold.left for fold in found.folds]
    assert sum(widths) == pytest.approx(40)
    assert found.at(at(29 * 9000 + 10)) == pytest.approx(100)


def test_a_short_rest_is_not_folded() -> None:
    assert scale(span(0, 300), span(415, 700)).folds == ()
    assert scale(span(0, 3000), span(3500, 7000)).folds == ()


def test_no_time_has_no_scale_and_one_moment_has() -> None:
    assert Scale.of([]) is None
    assert scale(span(5, 5)).at(at(5)) == 0


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        pytest.param(8, ["12:00:00", "12:00:01"], id="seconds"),
        pytest.param(100, ["12:00:00", "12:00:15"], id="quarters of a minute"),
        pytest.param(500, ["12:00", "12:01"], id="minutes"),
        pytest.param(30000, ["12:00", "13:00"], id="hours"),
        pytest.param(400000, ["02 Mar 00:00", "03 Mar 00:00"], id="days"),
    ],
)
def test_ticks_are_at_round_times(seconds: int, texts: list[str]) -> None:
    ticks = scale(span(0, seconds)).ticks()
    assert 4 <= len(ticks) <= 12
    assert [tick.text for tick in ticks[:2]] == texts


def test_ticks_never_touch_and_name_each_new_day_once() -> None:
    ticks = scale(span(0, 300), span(60000, 60300)).ticks()
    assert all(later.at - earlier.at >= 1.1 * len(later.text) for earlier, later in pairwise(ticks))
    assert [tick.text for tick in ticks if "Mar" in tick.text] == ["02 Mar 04:40"]
