# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.doc_fragments.gate_sources import (
    ModuleDocFragment,
)
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gate_proxies,
    _istiod,
    _proxy_wait,
)
from ansible_collections.meshwright.istio.plugins.modules import mesh_gate
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    istiods,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.fake_time import FakeTime
from ansible_collections.meshwright.istio.tests.unit.support.prometheus import refusal, vector
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import (
    Answer,
    StubServer,
    serving,
)

Object = dict[str, Any]
RATE = {"name": "lost", "query": "sum(rate(lost[1m]))"}
NOBODY = {"url": "http://127.0.0.1:1"}


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(mesh_gate, "Clock", lambda: fake.clock)
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)
    monkeypatch.setattr(_gate_proxies, "look_twice", partial(_proxy_wait.look_twice, pause=0))
    return fake


@pytest.fixture
def api() -> FakeApi:
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    found = FakeApi(
        *control_planes.revision("1-31"),
        mesh_objects.namespace("shop", rev="1-31"),
        istiods.pod("istiod-new", "1-31", **ready),
        mesh_objects.pod("web-1", "shop", revision="1-31", version="1.31.0"),
    )
    istiods.serve(found, "istiod-new", "1.31.0", [istiods.entry("web-1.shop", version="1.31.0")])
    return found


@pytest.fixture
def prometheus() -> Iterator[StubServer]:
    with serving(vector(0)) as stub:
        yield stub


def run(api: FakeApi, *, check: bool = False, **arguments: Any) -> Object:
    result = run_module(mesh_gate, api, arguments, check=check)
    assert api.writes == []
    assert result.get("changed", False) is False
    return result


def ask(prometheus: StubServer, *answers: Answer, **arguments: Any) -> Object:
    """Run it with one query, which gets these answers, the last one again and again."""
    prometheus.answers[:] = answers or [vector(0)]
    query = {**RATE, **arguments.pop("limits", {"max": 1})}
    where = {"prometheus": {"url": prometheus.url, "timeout": 60}, "queries": [query]}
    return run(FakeApi(), **{**where, **arguments})


def test_everything_that_holds_lets_it_pass(api: FakeApi, prometheus: StubServer) -> None:
    with serving(Answer(body=b"well")) as app:
        result = run(
            api,
            prometheus={"url": prometheus.url, "timeout": 60},
            queries=[{**RATE, "max": 0}],
            probes=[{"name": "home", "url": app.url, "body_contains": "well", "timeout": 60}],
            **dict.fromkeys(("proxies_synced", "rejects", "crash_loops", "pending_pods"), True),
            namespaces=["shop"],
            revision="1-31",
            duration=30,
        )
    assert (result["rc"], result["verdict"], result["held_seconds"]) == (0, "passed", 30)
    assert "warnings" not in result
    assert [(each["name"], each["samples"], each["bad"]) for each in result["checks"]] == [
        ("lost", 4, 0),
        ("home", 4, 0),
        ("proxies_synced", 4, 0),
        ("rejects", 4, 0),
        ("crash_loops", 4, 0),
        ("pending_pods", 4, 0),
    ]
    assert len(result["samples"]) == 24
    times = [each["time"] for each in result["samples"] if each["check"] == "lost"]
    assert times == [f"2026-02-03T00:00:{second:02}Z" for second in (0, 10, 20, 30)]


def test_it_fails_at_once_when_a_check_does(prometheus: StubServer, time: FakeTime) -> None:
    result = ask(prometheus, vector(0.5), vector(1.5), vector(0), duration=60)
    assert (result["rc"], result["verdict"], time.passed) == (1, "failed", 10)
    assert result["msg"] == (
        "The gate failed after 10 of 60 s: lost on 'sum(rate(lost[1m]))': 1.5, more than 1."
        " Mend the cause, and run it again."
    )
    assert (result["check"], result["object"]) == ("lost", "sum(rate(lost[1m]))")
    assert result["reason"] == result["first_failure"]["text"] == "1.5, more than 1"
    assert [each["value"] for each in result["samples"]] == [0.5, 1.5]


def test_it_allows_as_many_bad_samples_as_it_may(prometheus: StubServer) -> None:
    bad, good = vector(2), vector(0)
    result = ask(prometheus, bad, good, bad, good, failure_limit=2)
    assert (result["rc"], result["checks"][0]["bad"]) == (0, 2)
    assert result["first_failure"]["time"] == "2026-02-03T00:00:00Z"
    result = ask(prometheus, bad, good, bad, good, bad, good, failure_limit=2)
    assert [each["value"] for each in result["samples"]] == [2, 0, 2, 0, 2], result["samples"]
    assert (result["rc"], result["verdict"], result["held_seconds"]) == (1, "failed", 40)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(vector(), "there is no data", id="no data"),
        pytest.param(vector("NaN"), "gives NaN", id="NaN"),
        pytest.param(vector(1, 2), "gives 2 series", id="several series"),
        pytest.param(refusal(400, "bad_data", "parse error"), "parse error", id="a syntax error"),
        pytest.param(Answer(502, b"<html>"), "answered 502", id="a gateway before it"),
    ],
)
def test_what_cannot_be_measured_does_not_pass(
    prometheus: StubServer, answer: Answer, reason: str
) -> None:
    for arguments in ({}, {"check": True}, {"action": "measure"}):
        result = ask(prometheus, answer, **arguments)
        assert (result["rc"], result["verdict"], result["check"]) == (1, "unmeasured", "lost")
        assert reason in result["reason"]
        assert reason in result["msg"]
        assert (result["samples"][0]["ok"], result["samples"][0]["value"]) == (None, None)
        assert "baseline" not in result


def test_prometheus_that_goes_away_fails_it(prometheus: StubServer) -> None:
    result = ask(prometheus, vector(0), Answer(503, b"gone"), duration=60)
    assert (result["rc"], result["verdict"], result["held_seconds"]) == (1, "unmeasured", 10)
    assert result["msg"].startswith("The gate cannot measure lost on 'sum(rate(lost[1m]))': http")


def test_what_was_measured_is_told_before_what_was_not(api: FakeApi) -> None:
    with serving(Answer(500)) as app:
        queries = [{**RATE, "max": 1}]
        probes = [{"name": "home", "url": app.url, "timeout": 60}]
        result = run(api, prometheus=NOBODY, queries=queries, probes=probes)
    assert (result["verdict"], result["check"], result["object"]) == ("failed", "home", app.url)
    assert "; lost on 'sum(rate(lost[1m]))': http://127.0.0.1:1 cannot be asked" in result["msg"]


def test_baseline_is_measured_and_held_against(prometheus: StubServer) -> None:
    limits = {"factor": 2, "slack": 0.5}
    measured = ask(prometheus, vector(4), action="measure", limits=limits)
    assert (measured["rc"], measured["baseline"]) == (0, {"lost": 4})
    held = {"baseline": measured["baseline"], "limits": limits, "duration": 0}
    assert ask(prometheus, vector(8.5), **held)["rc"] == 0
    result = ask(prometheus, vector(8.75), **held)
    assert result["reason"] == "8.75, more than 8.5 (2 times the baseline 4 and 0.5)"
    assert result["checks"][0]["max"] == 8.5


def test_baseline_is_measured_whatever_it_is(prometheus: StubServer, time: FakeTime) -> None:
    result = ask(prometheus, vector(7), action="measure", limits={"max": 1})
    assert (result["rc"], result["baseline"], time.looks) == (0, {"lost": 7}, [0])
    result = ask(prometheus, vector(-1), action="measure", limits={"factor": 1})
    assert result["msg"].startswith("There is no baseline of lost on 'sum(rate(lost[1m]))': -1")


def test_without_queries_the_baseline_is_empty(api: FakeApi) -> None:
    result = run(api, action="measure", crash_loops=True)
    assert (result["rc"], result["baseline"], api.reads) == (0, {}, [])


def test_check_mode_looks_once_and_warns(prometheus: StubServer, time: FakeTime) -> None:
    result = ask(prometheus, vector(3), check=True, failure_limit=1)
    assert (result["rc"], result["verdict"], time.looks) == (0, "failed", [0])
    assert result["warnings"] == [
        "The gate would fail now: lost on 'sum(rate(lost[1m]))': 3, more than 1."
    ]
    assert "warnings" not in ask(prometheus, vector(1), check=True)


def test_check_mode_takes_a_revision_that_is_still_to_come(
    api: FakeApi, prometheus: StubServer
) -> None:
    arguments: Object = {
        "prometheus": {"url": prometheus.url, "timeout": 60},
        "queries": [{**RATE, "max": 1}],
        "revision": "1-32",
        "rejects": True,
        "crash_loops": True,
    }
    result = run(api, check=True, **arguments)
    assert (result["rc"], [each["name"] for each in result["checks"]]) == (0, ["lost"])
    assert result["warnings"] == [
        "revision: '1-32' does not exist yet, so nothing was tried of rejects, crash_loops."
    ]
    result = run(api, **arguments)
    assert (result["rc"], result["msg"].split(",")[0]) == (1, "revision: got '1-32'")
    known = run(api, check=True, **{**arguments, "revision": "1-31"})
    assert len(known["checks"]) == 3


@pytest.mark.parametrize("check", [False, True])
def test_warns_where_there_is_nothing_to_look_at(api: FakeApi, check: bool) -> None:
    api.put(mesh_objects.namespace("empty"))
    result = run(api, check=check, rejects=True, namespaces=["empty"], duration=0)
    assert (result["rc"], result["warnings"]) == (0, ["rejects: there are no proxies to look at."])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({}, "got none of them", id="no check"),
        pytest.param({"queries": [{**RATE, "max": 1}]}, "without prometheus", id="nobody to ask"),
        pytest.param(
            {"queries": [{**RATE, "factor": 2}], "prometheus": NOBODY},
            "baseline has no 'lost'",
            id="factor without a baseline",
        ),
        pytest.param(
            {"queries": [{**RATE, "max": 1, "min": 2}], "prometheus": NOBODY},
            "queries[lost].min: got 2",
            id="limits that contradict each other",
        ),
        pytest.param(
            {"queries": [{**RATE, "max": 1}], "prometheus": {**NOBODY, "service": "a/b:1"}},
            "mutually exclusive: url|service found in prometheus",
            id="two ways to Prometheus",
        ),
        pytest.param(
            {
                "queries": [{**RATE, "max": 1}],
                "prometheus": {"service": "a/b:1", "headers": {"a": "b"}},
            },
            "mutually exclusive: service|headers found in prometheus",
            id="headers for a Service",
        ),
        pytest.param(
            {"queries": [{**RATE, "max": 1}], "prometheus": {}}, "one of the following", id="no way"
        ),
        pytest.param({"rejects": True, "namespaces": ["shp"]}, "there is shop", id="a typo"),
        pytest.param(
            {"rejects": True, "namespace_selector": "a=b"},
            "namespace_selector: got 'a=b', which no namespace has",
            id="a selector that selects nothing",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_refuses_what_makes_no_sense(
    api: FakeApi, time: FakeTime, check: bool, arguments: Object, message: str
) -> None:
    result = run(api, check=check, **arguments)
    assert (result["rc"], time.looks) == (1, [])
    assert message in result["msg"]


def test_secrets_are_hidden(prometheus: StubServer) -> None:
    where = {"url": prometheus.url, "timeout": 60, "headers": {"Authorization": "sesame"}}
    prometheus.answers[:] = [Answer(401, b"sesame is wrong")]
    result = run(FakeApi(), prometheus=where, queries=[{**RATE, "max": 1}])
    assert result["rc"] == 1
    assert "sesame" not in str(result)
    assert prometheus.asked[0].header("Authorization") == "sesame"


def test_returns_what_is_documented(prometheus: StubServer) -> None:
    documented = yaml.safe_load(mesh_gate.RETURN)
    result = ask(prometheus, action="measure")
    assert set(result) - {"rc", "changed"} == set(documented)
    for key in ("checks", "samples"):
        assert set(result[key][0]) == set(documented[key]["sample"][0])
    failed = ask(prometheus, vector(2))
    assert set(failed) - {"rc", "changed", "msg", "failed"} == set(documented) - {"baseline"}
    assert set(failed["first_failure"]) == set(failed["samples"][0])


def test_takes_the_documented_options_and_no_others() -> None:
    documented = {
        **yaml.safe_load(mesh_gate.DOCUMENTATION)["options"],
        **yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
    }

    def compare(spec: Object, documented: Object) -> None:
        assert set(spec) == set(documented)
        for name, option in spec.items():
            for key in ("default", "choices", "required", "elements"):
                assert option.get(key) == documented[name].get(key), name
            compare(option.get("options", {}), documented[name].get("suboptions", {}))

    compare(mesh_gate.argument_spec(), documented)


def test_examples_are_taken(api: FakeApi, prometheus: StubServer) -> None:
    examples = yaml.safe_load(mesh_gate.EXAMPLES.replace("service:", "url:"))
    measure, hold = (each["meshwright.istio.mesh_gate"] for each in examples)
    for arguments in (measure, hold):
        arguments["prometheus"] = {"url": prometheus.url, "timeout": 60}
    before = run(api, **measure)["baseline"]
    arguments = {**hold, "baseline": before, "probes": [], "namespaces": ["shop"]}
    assert run(api, **arguments)["rc"] == 0
