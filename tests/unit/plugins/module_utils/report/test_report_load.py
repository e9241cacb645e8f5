# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report.item import Item
from ansible_collections.meshwright.istio.plugins.module_utils.report.load import Load, from_rates

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def counted(*series: tuple[int, int, int | None], **more: Any) -> Load | None:
    entries = [
        {"time": f"{NOON + timedelta(seconds=at):%FT%TZ}", "sent": sent, "failed": failed}
        for at, sent, failed in series
    ]
    return Load.from_item(Item.of({"series": entries, **more}, "load", []))


def test_counts_become_rates_of_the_time_since_the_count_before() -> None:
    load = counted((10, 100, 0), (12, 40, 4), (22, 50, 0))
    assert load is not None
    assert [(point.time.second, point.seconds, point.sent) for point in load.points] == [
        (4, 6, pytest.approx(100 / 6)),
        (10, 2, 20),
        (12, 10, 5),
    ]
    assert (load.sent, load.failed, load.exact) == (190, 4, True)
    assert load.points[1].failed == 2


def test_counts_may_come_in_any_order_and_twice_at_a_time() -> None:
    load = counted((12, 4, 0), (10, 2, 0), (12, 6, 0))
    assert load is not None
    assert [point.seconds for point in load.points] == [2, 2, 2]


@pytest.mark.parametrize(
    ("load", "totals"),
    [
        pytest.param(counted(total={"sent": 9, "failed": 1}), (9, 1), id="only totals"),
        pytest.param(counted((1, 5, 1), total={"sent": 9}), (9, 1), id="a total stands above"),
        pytest.param(counted((1, 5, None)), (5, None), id="failures are not counted"),
        pytest.param(counted((1, 5, 1), (2, 5, None)), (10, None), id="some are not counted"),
        pytest.param(counted(source="x"), (None, None), id="nothing"),
    ],
)
def test_totals(load: Load, totals: tuple[int | None, int | None]) -> None:
    assert (load.sent, load.failed) == totals


def test_no_load_is_none() -> None:
    assert Load.from_item(Item.of(None, "load", [])) is None


@pytest.mark.parametrize(
    ("rates", "failed"),
    [
        pytest.param([0.0, 0.0], 0, id="none"),
        pytest.param([0.0, 0.001], 1, id="hardly any is not none"),
        pytest.param([1.0, 0.5], 45, id="some"),
        pytest.param(None, None, id="not known"),
    ],
)
def test_totals_of_rates_are_estimates(rates: list[float] | None, failed: int | None) -> None:
    times = [NOON, NOON + timedelta(seconds=30)]
    failures = None if rates is None else list(zip(times, rates, strict=True))
    load = from_rates("Prometheus", [(time, 10.0) for time in times], failures, 30)
    assert (load.sent, load.failed, load.exact) == (600, failed, False)
    assert load.points[0].time == NOON - timedelta(seconds=30)
