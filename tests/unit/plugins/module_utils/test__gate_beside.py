# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate that watches a second cluster too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _probe
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gate_beside import OPTIONS, Beside
from ansible_collections.meshwright.istio.plugins.module_utils._gate_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._gate_run import Run
from ansible_collections.meshwright.istio.plugins.modules import mesh_gate
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.fake_time import FakeTime
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.stub_server import (
    Answer,
    StubServer,
    serving,
)

Object = dict[str, Any]
# A machine that is busy answers late, and no test here is about that.
PATIENCE = 60
LOGIN = {"kubeconfig": "/etc/kube/rome.yml", "context": "rome"}


@pytest.fixture
def here() -> Iterator[StubServer]:
    with serving(Answer(200)) as stub:
        yield stub


@pytest.fixture
def there() -> Iterator[StubServer]:
    with serving(Answer(200)) as stub:
        yield stub


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One gate over two clusters; `logins` are those by which the second one was reached."""

    here: StubServer
    first: FakeApi = field(default_factory=FakeApi)
    second: FakeApi = field(default_factory=FakeApi)
    time: FakeTime = field(default_factory=FakeTime)
    logins: list[Mapping[str, Any]] = field(default_factory=list)

    def run(self, beside: Object, **changes: Any) -> Run:
        own = {name: option.get("default") for name, option in OPTIONS.items()}
        defaults = {
            name: option.get("default") for name, option in mesh_gate.argument_spec().items()
        }
        params = {
            **defaults,
            "probes": [probe(self.here)],
            "duration": 20,
            **changes,
            "beside": {**own, **LOGIN, "name": "rome", **beside},
        }
        return Run(
            api=self.first,
            request=Request.from_params(params),
            clock=self.time.clock,
            say=str,
            beside=Beside.from_params(params, self._connect),
        )

    def _connect(self, login: Mapping[str, Any]) -> FakeApi:
        self.logins.append({name: login[name] for name in LOGIN})
        return self.second


def probe(stub: StubServer) -> Object:
    given = {name: option.get("default") for name, option in _probe.OPTIONS.items()}
    return {**given, "name": "shop", "url": stub.url, "timeout": PATIENCE}


def crashing() -> FakeApi:
    pod = mesh_objects.pod("web-1", "shop", revision="1-31", version="1.31.0")
    status = {"name": "app", "ready": False, "restartCount": 9}
    pod["metadata"]["creationTimestamp"] = "2026-02-03T00:00:00Z"
    pod["status"] = {
        "phase": "Running",
        "containerStatuses": [
            {**status, "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
        ],
    }
    return FakeApi(mesh_objects.namespace("shop", rev="1-31"), pod)


def test_checks_of_both_may_have_the_same_name(here: StubServer, there: StubServer) -> None:
    watch = Watch(here=here)
    result, _warnings = watch.run({"probes": [probe(there)]}).hold()
    assert [(each["name"], each["samples"]) for each in result["checks"]] == [
        ("shop", 3),
        ("rome: shop", 3),
    ]
    assert {each["check"] for each in result["samples"]} == {"shop", "rome: shop"}
    assert watch.logins == [LOGIN]


def test_the_second_cluster_fails_it_at_once(here: StubServer, there: StubServer) -> None:
    watch = Watch(here=here)
    there.answers[:] = [Answer(200), Answer(503)]
    with pytest.raises(NotReadyError, match=r"failed after 10 of 20 s: rome: shop on") as failed:
        watch.run({"probes": [probe(there)]}).hold()
    assert failed.value.details["check"] == "rome: shop"


def test_the_first_cluster_fails_it_too(here: StubServer, there: StubServer) -> None:
    here.answers[:] = [Answer(503)]
    with pytest.raises(NotReadyError, match=r"failed after 0 of 20 s: shop on"):
        Watch(here=here).run({"probes": [probe(there)]}).hold()


def test_the_same_switches_look_at_its_whole_mesh(here: StubServer) -> None:
    """A revision and namespaces are those of the first cluster."""
    first = FakeApi(mesh_objects.namespace("web"))
    watch = Watch(here=here, first=first, second=crashing())
    with pytest.raises(NotReadyError, match=r"rome: crash_loops on 'shop/web-1'"):
        watch.run({}, crash_loops=True, namespaces=["web"]).hold()


def test_in_check_mode_both_are_tried_once(here: StubServer, there: StubServer) -> None:
    there.answers[:] = [Answer(503)]
    _result, warnings = Watch(here=here).run({"probes": [probe(there)]}).rehearse()
    assert len(warnings) == 1
    assert warnings[0].startswith("The gate would fail now: rome: shop on")


@pytest.mark.parametrize(
    ("beside", "message"),
    [
        pytest.param({"name": " ", "probes": []}, r"^beside\.name: got an empty name", id="name"),
        pytest.param({"probes": []}, r"^queries, probes, .*: got none of them", id="no check"),
    ],
)
def test_bad_options(here: StubServer, beside: Object, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        Watch(here=here).run(beside)


def test_the_module_takes_it_as_an_option(
    here: StubServer, there: StubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh_gate, "Clock", lambda: FakeTime().clock)
    given = {"url": there.url, "name": "shop", "timeout": PATIENCE}
    beside = {**LOGIN, "name": "rome", "probes": [given]}
    arguments = {"probes": [{**given, "url": here.url}], "duration": 0, "beside": beside}
    result = run_module(mesh_gate, FakeApi(), arguments)
    assert result["rc"] == 0, result
    assert [each["name"] for each in result["checks"]] == ["shop", "rome: shop"]
