# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import gateway_traffic
from ansible_collections.meshwright.istio.tests.unit.support import harbours
from ansible_collections.meshwright.istio.tests.unit.support.fake_time import FakeTime
from ansible_collections.meshwright.istio.tests.unit.support.harbours import Harbour
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

SILENT = ApiError("It does not answer.", status=0)


def harbour() -> Harbour:
    return Harbour(harbours.deployment(), harbours.service())


def ask(
    api: Harbour,
    *,
    time: FakeTime | None = None,
    each_look: Callable[[int], None] = lambda _second: None,
    check: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """The result; `each_look` is called with the second before pods are listed again."""
    clock = time or FakeTime()
    listed = api.list

    def listing(*arguments: Any, **settings: Any) -> Any:
        if len(arguments) > 1:
            each_look(int(clock.passed))
        return listed(*arguments, **settings)

    with (
        mock.patch.object(api, "list", listing),
        mock.patch.object(gateway_traffic, "Clock", return_value=clock.clock),
    ):
        return run_module(gateway_traffic, api, options, check=check)


def test_counts_what_users_have_and_nothing_else() -> None:
    api = harbour()
    api.add("quay-1", sessions=5, raw=2, open=3, requests=100)
    api.add("quay-2", sessions=1, requests=7)
    result = ask(api)
    assert (result["rc"], result["changed"], result["exact"]) == (0, False, True)
    assert (result["sessions"], result["open_requests"]) == (8, 3)
    assert (result["requests_since"], result["rate"], result["samples"]) == (None, None, [])
    assert result["gateways"] == [
        {
            "namespace": "lake",
            "name": "quay",
            "pods": 2,
            "requests": None,
            "sessions": 8,
            "open_requests": 3,
        }
    ]
    assert api.writes == []


@pytest.mark.parametrize(
    ("kept", "exact", "sessions"),
    [
        pytest.param(harbours.ALL, True, 7, id="all"),
        pytest.param(harbours.HTTP, True, 7, id="those of HTTP alone"),
        pytest.param(harbours.DEFAULT, False, 9, id="none, so probes are among them"),
    ],
)
def test_counts_with_whatever_the_proxy_keeps(kept: str, exact: bool, sessions: int) -> None:
    api = harbour()
    envoy = api.add("quay-1", sessions=5, raw=2, open=3, requests=100, kept=kept)
    first = ask(api)
    assert (first["exact"], first["sessions"], first["open_requests"]) == (
        exact,
        sessions,
        5 if kept == harbours.DEFAULT else 3,
    )
    envoy.requests += 40
    assert ask(api, since=first["counters"])["requests_since"] == 40


def test_the_counter_of_the_telemetry_comes_before_that_of_the_hosts() -> None:
    api = harbour()
    envoy = api.add("quay-1", requests=100, kept=harbours.DEFAULT)
    envoy.telemetry = {200: 500, 404: 30, 503: 7000}
    first = ask(api)
    envoy.requests += 3
    # Some were answered by the gateway itself, and what was not used for long is forgotten.
    envoy.telemetry = {200: 503, 404: 37}
    assert ask(api, since=first["counters"])["requests_since"] == 10


def test_counts_what_came_since_by_pods_that_come_begin_anew_and_go() -> None:
    api, time = harbour(), FakeTime()
    stays, again = api.add("quay-1", requests=100), api.add("quay-2", requests=900)
    api.add("quay-3", requests=4000)
    first = ask(api, time=time)
    time.passed += 60
    stays.requests, again.requests = 130, 20
    api.remove(_kinds.POD, "quay-3", "lake")
    api.add("quay-4", requests=10)
    result = ask(api, time=time, since=first["counters"])
    assert (result["requests_since"], result["rate"]) == (60, 1.0)
    assert result["gateways"][0]["requests"] == 60


def test_finds_the_gateways_that_are_open_to_users() -> None:
    api = Harbour(
        harbours.deployment("quay"),
        harbours.service("quay", "NodePort"),
        harbours.deployment("egress"),
        harbours.service("egress", "ClusterIP"),
        harbours.deployment("pier", managed=True),
        harbours.service("shop"),
    )
    for name in ("quay", "egress", "pier"):
        api.add(f"{name}-1", name, sessions=1)
    api.put(harbours.pod("pier-1", "pier", managed=True))
    result = ask(api)
    assert [each["name"] for each in result["gateways"]] == ["pier", "quay"]
    named = ask(api, gateways=[{"namespace": "lake", "name": "egress"}])
    assert [each["name"] for each in named["gateways"]] == ["egress"]


def test_one_without_pods_has_no_traffic() -> None:
    result = ask(harbour(), wait=True, quiet=2)
    assert (result["quiet"], result["gateways"][0]["pods"]) == (True, 0)


def test_other_controllers_are_known_by_their_pods() -> None:
    api = Harbour(harbours.service())
    api.add("quay-1", sessions=4)
    assert ask(api)["sessions"] == 4


@pytest.mark.parametrize(("role", "seen"), [("router", True), ("waypoint", False)])
def test_one_that_istioctl_has_written_out_is_a_gateway(role: str, seen: bool) -> None:
    item = harbours.deployment()
    proxy = {"name": "istio-proxy", "args": ["proxy", role, "--domain", "lake"]}
    item["spec"]["template"] = {
        "metadata": {"labels": {"app": "quay"}},
        "spec": {"containers": [{"name": "istio-proxy-helper"}, proxy]},
    }
    assert (ask(Harbour(item, harbours.service()))["rc"] == 0) is seen


def test_waits_until_nobody_is_there_for_long_enough() -> None:
    api, time = harbour(), FakeTime()
    envoy = api.add("quay-1", sessions=3, open=1, requests=100)

    def live(second: int) -> None:
        if second <= 20:
            envoy.requests += 5
        if second == 24:
            # Somebody comes once more.
            envoy.requests += 1
        envoy.sessions = 0 if second >= 15 else 3

    result = ask(api, time=time, each_look=live, wait=True, quiet=5)
    assert (result["rc"], result["quiet"], result["sessions"]) == (0, True, 0)
    assert time.passed == 30
    assert [each["rate"] for each in result["samples"]][18:26] == [5, 5, 0, 0, 0, 1, 0, 0]
    assert result["samples"][0]["sessions"] == 3


def test_a_rate_and_sessions_may_be_allowed() -> None:
    api = harbour()
    envoy = api.add("quay-1", sessions=2)

    def live(_second: int) -> None:
        envoy.requests += 1

    allowed = {"max_rate": 1.5, "max_sessions": 2}
    assert ask(api, each_look=live, wait=True, quiet=4, **allowed)["quiet"] is True


def test_fails_in_words_when_time_is_over() -> None:
    api = harbour()
    api.add("quay-1", sessions=16, open=2)
    result = ask(api, wait=True, wait_timeout=30)
    assert (result["rc"], result["quiet"], result["sessions"]) == (1, False, 16)
    assert result["msg"] == (
        "The gateways are not quiet after 30 s: 16 sessions, 2 open requests, 0.0 requests a second"
        " at lake/quay. End the sessions at the director, or allow what is left by max_sessions and"
        " max_rate, and run it again."
    )


def test_says_that_probes_may_be_among_the_sessions() -> None:
    api = harbour()
    api.add("quay-1", probes=1, kept=harbours.DEFAULT)
    result = ask(api, wait=True, wait_timeout=5, waited=60)
    assert "not quiet after 65 s" in result["msg"]
    assert "up to 1 sessions" in result["msg"]
    assert "Probes and scrapes may be among the sessions" in result["msg"]


def test_old_numbers_are_not_believed_at_once() -> None:
    api, time = harbour(), FakeTime()
    api.add("quay-1", probes=0, kept=harbours.DEFAULT)
    assert ask(api, time=time, wait=True, quiet=0)["quiet"] is True
    assert time.passed == 7


def test_the_samples_of_a_long_wait_are_thinned_evenly() -> None:
    api = harbour()
    api.add("quay-1", sessions=1)
    samples = ask(api, wait=True, wait_timeout=1000)["samples"]
    assert 100 <= len(samples) <= 200
    times = [datetime.fromisoformat(each["time"]) for each in samples]
    assert {(after - before).seconds for before, after in pairwise(times)} == {8}


def test_check_mode_looks_once() -> None:
    api, time = harbour(), FakeTime()
    api.add("quay-1", sessions=1)
    result = ask(api, time=time, wait=True, check=True)
    assert (result["rc"], result["sessions"], time.passed) == (0, 1, 0)
    assert "quiet" not in result


def test_a_pod_that_serves_and_does_not_answer_is_not_passed_over() -> None:
    api = harbour()
    api.add("quay-1")
    api.add("quay-2", error=SILENT)
    assert ask(api)["msg"] == "It does not answer."
    result = ask(api, wait=True, wait_timeout=20)
    assert "pod lake/quay-2 cannot be asked (It does not answer.). Mend that" in result["msg"]
    assert result["unread"] == ["lake/quay-2"]


def test_a_pod_that_answers_late_begins_the_quiet_time_anew() -> None:
    api, time = harbour(), FakeTime()
    envoy = api.add("quay-1")

    def live(second: int) -> None:
        envoy.error = SILENT if second == 4 else None

    assert ask(api, time=time, each_look=live, wait=True, quiet=6)["quiet"] is True
    assert time.passed == 11


def test_a_pod_that_has_not_begun_is_not_asked() -> None:
    api = harbour()
    api.add("quay-1")
    api.add("quay-2", error=SILENT)
    api.put({**harbours.pod("quay-2", "quay", ready=False), "status": {"phase": "Pending"}})
    assert (ask(api)["gateways"][0]["pods"], ask(api)["unread"]) == (1, [])


GONE = ApiError("There is no such pod.", status=404)


@pytest.mark.parametrize(
    ("state", "error", "unread"),
    [
        pytest.param({"ready": False}, SILENT, ["lake/quay-2"], id="starting"),
        pytest.param({"ending": True}, SILENT, ["lake/quay-2"], id="ending"),
        pytest.param({}, GONE, [], id="gone"),
    ],
)
def test_a_pod_without_users_that_does_not_answer_holds_nothing_up(
    state: dict[str, bool], error: ApiError, unread: list[str]
) -> None:
    api = harbour()
    api.add("quay-1")
    api.add("quay-2", error=error)
    api.put(harbours.pod("quay-2", "quay", **state))
    result = ask(api, wait=True, quiet=2)
    assert (result["quiet"], result["unread"]) == (True, unread)
    assert ask(api)["rc"] == 0


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such gateway": (
        {"gateways": [{"namespace": "lake", "name": "jetty"}]},
        "gateways: lake/jetty is no gateway; there are lake/quay.",
    ),
    "not a state": ({"since": {"pods": 3}}, "since: that is no `counters` of an earlier result"),
    "no interval": ({"interval": 0}, "interval: got 0; right is 1 or more."),
    "half a name": ({"gateways": [{"name": "quay"}]}, "missing required arguments: namespace"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses_in_one_sentence(name: str) -> None:
    options, sentence = REFUSED[name]
    assert sentence in ask(harbour(), **options)["msg"]


def test_refuses_a_cluster_that_nobody_gets_into() -> None:
    api = Harbour(harbours.deployment(), harbours.service("quay", "ClusterIP"))
    assert "there is no gateway with a Service of type LoadBalancer" in ask(api)["msg"]
    assert "Name them; there are lake/quay." in ask(api)["msg"]


def test_the_action_shows_what_the_module_says() -> None:
    api = harbour()
    api.add("quay-1", sessions=1)
    said: list[str] = []
    progress = SimpleNamespace(say=said.append)
    with mock.patch.object(gateway_traffic, "Progress", return_value=progress):
        ask(api, wait=True, wait_timeout=2)
    assert said == ["1 sessions, 0 open requests, 0.0 requests a second; quiet for 0 of 10 s"]
