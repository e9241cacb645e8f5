# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gate_request import (
    Request,
    Timing,
)
from ansible_collections.meshwright.istio.plugins.modules.mesh_gate import argument_spec

QUERY = {
    "name": "q",
    "query": "up",
    "max": 1.0,
    "min": None,
    "factor": None,
    "slack": 0.0,
    "empty": "fail",
}
PROBE = {
    "name": "p",
    "url": "http://a",
    "method": "GET",
    "headers": {},
    "secret_headers": None,
    "expect": [200],
    "body_contains": None,
    "timeout": 5,
    "validate_certs": True,
    "ca_cert": None,
}
PROMETHEUS = {
    "url": "http://prom",
    "service": None,
    "headers": None,
    "validate_certs": True,
    "ca_cert": None,
    "timeout": 5,
}


def request(**given: Any) -> Request:
    defaults = {name: option.get("default") for name, option in argument_spec().items()}
    return Request.from_params({**defaults, "crash_loops": True, **given})


def named(option: str, *names: str) -> dict[str, Any]:
    entry = {"queries": QUERY, "probes": PROBE}[option]
    return {option: [{**entry, "name": name} for name in names], "prometheus": PROMETHEUS}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"crash_loops": False}, "got none of them", id="no check"),
        pytest.param(named("queries", "a", "a"), "the name 'a' for more", id="two queries"),
        pytest.param(named("probes", "a", "a"), "the name 'a' for more", id="two probes"),
        pytest.param(
            {**named("queries", "a"), **named("probes", "a")}, "the name 'a'", id="both lists"
        ),
        pytest.param(named("queries", "rejects"), "the name 'rejects'", id="the name of a switch"),
        pytest.param(named("probes", " "), "got an empty name", id="no name"),
        pytest.param({"queries": [QUERY]}, "queries: given without prometheus", id="nobody to ask"),
        pytest.param({"duration": -1}, "duration: got -1; right is 0", id="negative duration"),
        pytest.param({"interval": 0}, "interval: got 0; right is 1", id="no interval"),
        pytest.param({"failure_limit": -1}, "failure_limit: got -1", id="negative limit"),
        pytest.param({"pending_seconds": -1}, "pending_seconds: got -1", id="negative patience"),
        pytest.param(
            {"interval": 61}, "interval: got 61 with duration 60", id="interval over duration"
        ),
        pytest.param(
            {"failure_limit": 7}, "there are only 7 samples", id="every sample may be bad"
        ),
        pytest.param({"namespaces": []}, "namespaces: got an empty list", id="no namespace"),
        pytest.param({"baseline": {"q": "x"}}, "baseline[q]: got 'x'", id="text as baseline"),
        pytest.param({"baseline": {"q": True}}, "baseline[q]: got 'True'", id="bool as baseline"),
        pytest.param({"baseline": {"q": None}}, "baseline[q]: got 'None'", id="null as baseline"),
        pytest.param({"baseline": {"q": "nan"}}, "baseline[q]: got 'nan'", id="NaN as baseline"),
    ],
)
def test_contradictions_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        request(**given)
    assert message in caught.value.message


def test_right_options_are_taken() -> None:
    made = request(
        **{**named("queries", "a", "b"), **named("probes", "c")},
        baseline={"a": "0.5", "gone": 1},
        duration=60,
        interval=60,
        failure_limit=1,
    )
    assert [each.name for each in (*made.queries, *made.probes)] == ["a", "b", "c"]
    assert made.baseline == {"a": 0.5, "gone": 1}
    assert made.mesh_checks == ("crash_loops",)
    assert (made.chosen(["rejects"]), made.chosen(["crash_loops"])) == ([], ["crash_loops"])


def test_prometheus_may_be_given_without_a_query() -> None:
    assert request(prometheus=PROMETHEUS).prometheus is None


@pytest.mark.parametrize(
    ("duration", "interval", "times"),
    [
        pytest.param(0, 10, [0], id="one look"),
        pytest.param(30, 10, [0, 10, 20, 30], id="even"),
        pytest.param(25, 10, [0, 10, 20, 25], id="a last one that comes early"),
        pytest.param(10, 10, [0, 10], id="beginning and end"),
    ],
)
def test_looks_are_spread_over_the_duration(
    duration: int, interval: int, times: list[float]
) -> None:
    timing = Timing(duration=duration, interval=interval, failure_limit=0)
    found = [0.0]
    while found[-1] < duration:
        found.append(timing.after(found[-1], found[-1]))
    assert found == times
    assert timing.rounds == len(times)


@pytest.mark.parametrize(
    ("planned", "elapsed", "following"),
    [
        pytest.param(10, 19, 20, id="it took long, and was in time"),
        pytest.param(10, 20, 20, id="it took exactly as long"),
        pytest.param(10, 21, 30, id="one is left out"),
        pytest.param(10, 77, 60, id="the last one is never left out"),
        pytest.param(60, 61, 70, id="it holds on for longer"),
    ],
)
def test_late_looks_are_left_out(planned: float, elapsed: float, following: float) -> None:
    timing = Timing(duration=60, interval=10, failure_limit=0)
    assert timing.after(planned, elapsed) == following
