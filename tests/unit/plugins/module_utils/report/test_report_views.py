# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report import drains_view, gates_view
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.load import from_rates
from ansible_collections.meshwright.istio.plugins.module_utils.report.requests_view import (
    pieces,
    requests,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.timeline import lanes, scale
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.upgrades import BEGIN, Story, iso


def sample(**more: Any) -> dict[str, Any]:
    return {"time": iso(BEGIN), "check": "errors", "value": 1, "ok": True, "text": "1", **more}


def gate(*samples: dict[str, Any], **more: Any) -> str:
    """The section of one gate."""
    wave = {"gate": {"verdict": "passed", "samples": list(samples), **more}}
    facts = Facts.read("", Story().journal(), {"wave_1": wave})
    return "".join(map(str, gates_view.section(facts)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(gate(sample()), ">held<", id="held"),
        pytest.param(gate(sample(), sample(ok=False)), ">1 did not hold<", id="one bad sample"),
        pytest.param(gate(sample(ok=None, value=None)), ">1 not measured<", id="a blind one"),
        pytest.param(
            gate(sample(ok=False), verdict="failed", check="errors"), ">failed<", id="failed"
        ),
        pytest.param(gate(verdict="failed", check="errors"), ">failed<", id="without samples"),
        pytest.param(gate(verdict="failed"), "the reason is not on record", id="no reason"),
        pytest.param(
            gate(sample(), checks=[{"name": "errors", "min": 0.5, "max": 2, "samples": 4000}]),
            ">at least 0.5, at most 2<",
            id="limits",
        ),
        pytest.param(
            gate(sample(), checks=[{"name": "errors", "samples": 4000}]), ">4,000<", id="many"
        ),
        pytest.param(gate(sample(value=1), sample(value=3)), ">1 to 3<", id="values"),
    ],
)
def test_gates_say(text: str, words: str) -> None:
    assert words in text


def test_what_was_measured_before_the_upgrade_stands_below_the_gates() -> None:
    wave = {"gate": {"verdict": "passed", "samples": [sample()]}}
    facts = Facts.read("", Story().journal(), {"wave_1": wave, "baseline": {"errors": 0.002}})
    assert "Before the upgrade: errors 0.002." in "".join(map(str, gates_view.section(facts)))


def test_a_sparkline_rises_with_the_value_and_has_a_dot_for_each_sample() -> None:
    text = gate(sample(value=1), sample(value=3, time=None), sample(value=None, ok=None, time=None))
    heights = [float(each) for each in re.findall(r'<circle cx="[\d.]+" cy="([\d.]+)"', text)]
    assert heights[0] > heights[2] > heights[1]
    assert len(re.findall(r"<polyline", text)) == 1
    assert "2 of 3 samples held" in text


def drained(**drain: Any) -> str:
    workload = {"name": "web", "action": "restarted", "drained": [{"pod": "web-0", **drain}]}
    facts = Facts.read("", Story().journal(), {"wave_1": {"workloads": [workload]}})
    return "".join(map(str, drains_view.section(facts)))


def test_a_drained_pod_of_which_no_time_is_known_is_only_in_the_table() -> None:
    text = drained(open_at_out=4)
    assert "<ol" not in text
    assert "1 pod was drained." in text
    assert 'data-label="Open then" class="n">4<' in text


def test_a_request_that_was_cut_off_is_marked() -> None:
    times = {"out": iso(BEGIN), "ended": iso(BEGIN), "seconds": 45}
    text = drained(open_at_out=4, open_at_end=1, limits="the grace period is 30 s", **times)
    assert "4 requests were open when they had left their Services, 1 when they were" in text
    assert '<b class="bad">1</b>' in text
    assert '<span class="bad">the grace period is 30 s</span>' in text
    assert "grace" not in drained(open_at_out=4, open_at_end=0, limits="the grace period is 30 s")


def test_what_cut_most_off_comes_first() -> None:
    found = drains_view.departures(Facts.read("", upgrades.large(), {}))
    assert found[0].cut == 2
    times = [each.seconds for each in found[1:]]
    assert times == sorted(times, reverse=True)


def charts(series: list[dict[str, Any]]) -> str:
    facts = Facts.read("", Story().install().journal(), {"load": {"series": series}})
    drawn = scale(facts, lanes(facts))
    assert drawn is not None
    assert facts.load is not None
    return "".join(map(str, requests(facts.load, drawn, facts)))


def count(second: int, sent: int = 10, failed: int | None = 0) -> dict[str, Any]:
    return {"time": f"2026-06-09T13:58:{second:02}Z", "sent": sent, "failed": failed}


def test_a_gap_in_what_prometheus_knows_is_a_gap_in_the_curve() -> None:
    rates = [(BEGIN + timedelta(seconds=second), 10.0) for second in (5, 10, 15, 30, 35)]
    facts = Facts.read("", Story().install().journal(), {})
    drawn = scale(facts, lanes(facts))
    assert drawn is not None
    text = "".join(map(str, requests(from_rates("Prometheus", rates, [], 5), drawn, facts)))
    (curve,) = re.findall(r'<path d="([^"]+)"', text)
    assert (curve.count("M"), curve.count("Z")) == (2, 2)


def test_failures_that_nobody_counted_are_no_zero() -> None:
    text = charts([count(10, failed=None), count(11, failed=None)])
    assert "Failed requests: not measured." in text


def test_one_failure_among_very_many_is_seen() -> None:
    text = charts([count(second, sent=100000, failed=int(second == 12)) for second in range(8, 20)])
    assert text.count('class="failures"') == 1
    assert "13:58:11: 1 failed" in text


def test_requests_of_another_time_are_not_drawn() -> None:
    entry = {"time": "2020-01-01T00:00:00Z", "sent": 1, "failed": 0}
    facts = Facts.read("", Story().install().journal(), {"load": {"series": [entry]}})
    drawn = scale(facts, lanes(facts))
    assert drawn is not None
    assert facts.load is not None
    assert requests(facts.load, drawn, facts) == []


def test_many_counts_are_drawn_as_few() -> None:
    facts = Facts.read("", upgrades.large(), {})
    drawn = scale(facts, lanes(facts))
    assert drawn is not None
    assert facts.load is not None
    found = pieces(facts.load, drawn, 20)
    assert 10 < len(found) <= 20
    assert sum(piece.sent for piece in found) / len(found) == pytest.approx(182, abs=3)
