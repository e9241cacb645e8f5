# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining restarts that meet trouble: nothing is lost by them, and nothing is left half done."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness
from ansible_collections.meshwright.istio.tests.unit.support import restarting
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object
from ansible_collections.meshwright.istio.tests.unit.support.restarting import (
    one_client,
    restart,
    revisions,
)
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import (
    RunningMesh,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    service,
)

CLIENT = "outside/client"
PULLING = {
    "phase": "Pending",
    "containerStatuses": [
        {
            "name": "istio-proxy",
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
        }
    ],
}
LIMITS = {"drain_timeout": 20, "wait_timeout": 40}


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


def pods(api: RunningMesh) -> list[Object]:
    """Those of the workload, without what the API server counts."""
    found = copy.deepcopy(api.controllers.pods("web"))
    for pod in found:
        del pod["metadata"]["resourceVersion"]
    return found


@pytest.mark.parametrize(
    "of",
    [
        pytest.param({}, id="single"),
        pytest.param({"replicas": 8}, id="large"),
        pytest.param({"kind": "DaemonSet"}, id="stand-in"),
        pytest.param({"kind": "DeploymentConfig"}, id="legacy"),
    ],
)
def test_gives_pods_back_whose_successors_do_not_get_ready(of: dict[str, Any]) -> None:
    api = one_client(**of)
    before = pods(api)
    api.controllers.never_ready.add("web")
    api.controllers.trouble = PULLING
    result = restart(api, wait_timeout=1000)
    assert result["rc"] == 1
    assert "ImagePullBackOff: container istio-proxy: no such image" in result["msg"]
    assert result["msg"].startswith("1 of 1 workloads failed. ")
    assert "web-" in result["workloads"][0]["reason"]
    assert api.now < 30
    api.run_on(3)
    assert pods(api) == before
    assert (api.network.lost, api.fewest["web"]) == ([], of.get("replicas", 1))
    # The cause is mended, and so it goes on.
    api.controllers.never_ready.clear()
    assert (restart(api)["rc"], api.marked()) == (0, [])


def test_gives_back_as_many_as_are_lacking() -> None:
    api = one_client(replicas=8)
    api.controllers.trouble = PULLING

    def take_ill(_now: int) -> None:
        fresh = [pod for pod in api.controllers.pods("web") if pod["status"]["phase"] == "Pending"]
        if fresh and not api.controllers.never_ready:
            api.controllers.never_ready.add(fresh[0]["metadata"]["name"])

    api.each_second = take_ill
    result = restart(api)
    assert (result["rc"], "ImagePullBackOff" in result["msg"]) == (1, True)
    api.run_on(5)
    # Of two that had been released one has its successor, and serves beside that until it is seen.
    assert (revisions(api).count("1-31"), len(api.marked())) == (1, 1)
    assert (api.network.lost, len(api.network.behind(service("web")))) == ([], 9)


def test_stops_at_a_successor_of_another_revision_and_loses_nothing() -> None:
    api = one_client(replicas=2)
    api.controllers.revision = "1-29"
    result = restart(api)
    assert result["rc"] == 1
    assert "came up on 1-29 (1.31.0)" in result["msg"]
    assert api.controllers.made["web"] == 1
    api.run_on(10)
    api.controllers.revision = "1-31"
    assert restart(api)["rc"] == 0
    assert (revisions(api), api.marked()) == (["1-31"] * 2, [])
    assert (api.network.lost, api.fewest["web"]) == ([], 2)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_proxy_that_does_not_learn_of_it_is_named(kind: str) -> None:
    api = one_client(kind=kind, replicas=2)
    api.network.dead.add(CLIENT)
    result = restart(api, **LIMITS)
    assert result["rc"] == 1
    assert " proxies know; not outside/client (It does not answer)" in result["msg"]
    assert not [write for write in api.writes if write[0] == "delete"]
    api.network.dead.clear()
    api.run_on(5)
    assert restart(api)["rc"] == 0
    assert (revisions(api), api.marked()) == (["1-31"] * 2, [])
    assert api.network.lost == []


def test_gives_a_pod_back_that_the_others_had_to_stand_in_for() -> None:
    api = one_client(kind="StatefulSet", replicas=2)
    api.network.dead.add(CLIENT)
    before = pods(api)
    assert restart(api, **LIMITS)["rc"] == 1
    api.run_on(3)
    assert (pods(api), len(api.network.behind(service("web")))) == (before, 2)


def test_a_quota_that_leaves_no_room_is_told_and_the_pod_given_back() -> None:
    api = one_client()
    before = pods(api)
    api.controllers.no_room.add("web")
    result = restart(api, **LIMITS)
    assert "no pod can be created: exceeded quota" in result["msg"]
    api.run_on(1)
    assert pods(api) == before


def test_waits_for_room_that_others_may_make() -> None:
    api = one_client()
    api.controllers.no_room.add("web")
    api.each_second = lambda now: api.controllers.no_room.clear() if now == 20 else None
    assert (restart(api)["rc"], revisions(api), api.network.lost) == (0, ["1-31"], [])


def test_a_refused_request_leaves_both_pods_serving() -> None:
    api = one_client()
    name = api.pod("web")["metadata"]["name"]
    # The first is for its status, which it can do without.
    errors = [ApiError("Grant it.", status=403), ApiError("Grant it.", status=403)]
    api.each_second = lambda now: api.failures.update({("patch", name): errors} if now == 2 else {})
    assert "Deployment shop/web: Grant it." in restart(api)["msg"]
    api.run_on(3)
    assert (revisions(api), api.marked()) == (["1-30", "1-31"], [name])
    assert len(api.network.behind(service("web"))) == 2
    assert (restart(api)["rc"], revisions(api), api.network.lost) == (0, ["1-31"], [])


@pytest.mark.parametrize("again", [False, True], ids=["given back", "not even that"])
def test_a_refused_request_gives_back_what_had_begun(again: bool) -> None:
    api = one_client(replicas=8)
    before = pods(api)
    second, first = (pod["metadata"]["name"] for pod in api.controllers.pods("web")[-2:])
    api.failures["patch", second] = [ApiError("Grant it.", status=403)]
    notice = api.on_write

    def on_write(api: FakeApi, event: str, item: Object) -> None:
        notice(api, event, item)
        if again and item["metadata"]["name"] == first:
            api.failures["patch", first] = [ApiError("Grant it, too.", status=403)]

    api.on_write = on_write
    result = restart(api)
    said = "Deployment shop/web: Grant it; Grant it, too." if again else "shop/web: Grant it."
    assert said in result["msg"]
    api.run_on(3)
    assert (api.marked() == [first], pods(api) == before) == (again, not again)


def test_where_the_proxies_cannot_be_listed_no_pod_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    api = one_client()

    def refuse(_witness: object) -> None:
        raise ApiError("Grant list on pods.", status=403)

    monkeypatch.setattr(Witness, "start", refuse)
    assert "Grant list on pods." in restart(api)["msg"]
    assert api.writes == []


def test_goes_on_when_the_api_server_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    api = one_client(replicas=2)
    wait = Feed.wait

    def fail(feed: Feed, seconds: float) -> bool:
        if api.now == 2:
            raise ApiError("The API server cannot be reached.", status=0)
        return wait(feed, seconds)

    monkeypatch.setattr(Feed, "wait", fail)
    result = restart(api)
    assert (result["rc"], result["changed"]) == (1, True)
    assert "the run was cut off; last seen: " in result["workloads"][0]["reason"]
    monkeypatch.setattr(Feed, "wait", wait)
    api.let_live()
    assert restart(api)["rc"] == 0
    assert (revisions(api), api.marked(), api.network.lost) == (["1-31"] * 2, [], [])
    assert api.controllers.made["web"] == 2
