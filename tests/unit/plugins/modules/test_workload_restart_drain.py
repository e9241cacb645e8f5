# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining restarts, on a mesh whose Envoys ask each pod that they know of once a second."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, restarting
from ansible_collections.meshwright.istio.tests.unit.support.controllers import Controllers
from ansible_collections.meshwright.istio.tests.unit.support.restarting import (
    KINDS,
    Cluster,
    drained,
    one_client,
    restart,
    revisions,
)
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import KilledError
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    budget,
    selecting,
    service,
    workload,
)


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


@pytest.mark.parametrize("case", KINDS)
def test_loses_nothing_and_never_has_too_few(case: str) -> None:
    kind = KINDS[case]
    api = kind.cluster()
    result = restart(api)
    assert result["rc"] == 0, result["msg"]
    replicas = kind.item["spec"]["replicas"]
    assert (revisions(api), api.marked()) == (["1-31"] * replicas, [])
    assert (api.network.lost, api.fewest["web"]) == ([], kind.fewest)
    assert api.controllers.made["web"] == replicas
    assert restart(api)["changed"] is False


def test_says_what_each_workload_waits_for_from_the_first_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Progress, "say", lambda _self, text, **_how: said.append(text))
    assert restart(one_client(replicas=2))["rc"] == 0
    assert "0 ended, 1 go on, 0 to come; Deployment shop/web: it has begun" in said
    assert all(text == text.strip() and text[-1] not in ":;" for text in said)
    assert not [text for text in said if "0 of 2 pods are to be replaced" in text]
    assert [text for text in said if text.endswith(" leaves next, as its successor is ready")]


SECONDS = 12
SURGE_2 = {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": 0}}


def watch_settled(api: Cluster, fewest: list[int]) -> None:
    """Count each second how many pods take requests that are old or have been ready for long."""

    def look(_now: int) -> None:
        (item,) = api.controllers.workloads()
        (found,) = api.network.services()
        settled = [
            pod
            for pod in api.network.behind(found)
            if pod["metadata"]["annotations"]["istio.io/rev"] == "1-30"
            or api.controllers.is_available(item, pod)
        ]
        fewest.append(len(settled))

    api.each_second = look


@pytest.mark.parametrize(
    ("kind", "least"),
    [("Deployment", 3), ("StatefulSet", 2), ("DaemonSet", 2), ("Rollout", 3)],
)
def test_a_new_pod_counts_once_it_is_ready_for_as_long_as_its_workload_asks(
    kind: str, least: int
) -> None:
    api = one_client(kind=kind, replicas=3, minReadySeconds=SECONDS)
    settled: list[int] = []
    watch_settled(api, settled)
    result = restart(api)
    assert (result["rc"], revisions(api)) == (0, ["1-31"] * 3), result.get("msg")
    assert (min(settled), api.network.lost) == (least, [])
    first = min(second(pod["out"]) for pod in drained(result))
    # The old ones are not asked since when they are ready.
    assert first < SECONDS or least == 3


def test_a_stand_in_counts_as_late_as_any_new_pod() -> None:
    api = Cluster(
        workload("web", kind="DaemonSet", replicas=2, minReadySeconds=SECONDS),
        service("web", internalTrafficPolicy="Local"),
        mesh_objects.pod("client", "outside", revision="1-30"),
    )
    settled: list[int] = []
    watch_settled(api, settled)
    assert restart(api)["rc"] == 0
    assert min(settled) == 2


def test_a_new_pod_of_a_run_before_counts_as_late_as_any() -> None:
    api = one_client(replicas=3, minReadySeconds=SECONDS)

    def die(now: int) -> None:
        if now == 6:
            raise KilledError

    api.each_second = die
    with contextlib.suppress(KilledError):
        restart(api)
    api.let_live()
    assert revisions(api).count("1-31") == 1
    settled: list[int] = []
    watch_settled(api, settled)
    assert (restart(api)["rc"], min(settled)) == (0, 3)


def test_where_there_is_no_room_a_new_pod_counts_as_late_as_any() -> None:
    api = one_client(replicas=3, minReadySeconds=SECONDS, strategy=SURGE_2)
    api.controllers.nodes["web"] = 4
    settled: list[int] = []
    watch_settled(api, settled)
    assert (restart(api)["rc"], revisions(api)) == (0, ["1-31"] * 3)
    assert min(settled) == 2


CLIENT = "outside/client"


def second(text: str) -> int:
    return int(text.removeprefix("second "))


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    api = one_client(replicas=2)
    predicted = restart(api, check=True)
    assert (api.writes, drained(predicted)) == ([], [])
    done = restart(api)
    assert done["diff"] == predicted["diff"]
    assert done["workloads"][0]["reason"] == "2 of 2 pods are not right: 2 on 1-30 (1.30.4)"


def test_reports_each_step_of_a_pod() -> None:
    api = one_client()
    name = api.pod("web")["metadata"]["name"]
    (found,) = drained(restart(api))
    assert (found["pod"], found["revision"], found["proxies"]) == (name, "1-30", 3)
    steps = [second(found[key]) for key in ("released", "out", "acknowledged", "ended")]
    assert steps == sorted(steps)
    assert found["seconds"] == steps[3] - steps[1]
    # It is let go, made unready, again when the kubelet has put that right, and takes other labels.
    assert api.writes == [("patch", "Pod", name)] * 4 + [("delete", "Pod", name)]


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_waits_for_the_last_proxy_that_still_sends(kind: str) -> None:
    api = one_client(kind=kind, replicas=2)
    api.network.late[CLIENT] = 9
    found = drained(restart(api))
    assert len(found) == 2
    assert all(second(each["acknowledged"]) - second(each["out"]) > 9 for each in found)
    assert (revisions(api), api.network.lost) == (["1-31"] * 2, [])


@pytest.mark.parametrize("case", ["deployment", "stateful"])
def test_waits_for_proxies_that_send_to_addresses_of_ipv6(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Controllers, "addresses", "fd00:10:244:1::{1:x}")
    api = KINDS[case].cluster()
    api.network.late[CLIENT] = 9
    found = drained(restart(api))
    assert all(second(each["acknowledged"]) - second(each["out"]) > 9 for each in found)
    assert (len(found), api.network.lost) == (KINDS[case].item["spec"]["replicas"], [])


@pytest.mark.parametrize("case", ["deployment", "stateful", "daemon"])
def test_leaves_by_its_labels_when_nobody_sends_to_it_any_more(case: str) -> None:
    api = KINDS[case].cluster()
    api.network.late[CLIENT] = 4
    too_early = []

    def look(now: int) -> None:
        known = api.network.answer(*CLIENT.split("/"), "/clusters", "GET").decode()
        for pod in api.controllers.pods("web"):
            left = pod["metadata"]["labels"]["app"] != "web"
            if left and f"::{pod['status']['podIP']}:" in known:
                too_early.append((now, pod["metadata"]["name"]))

    api.each_second = look
    assert len(drained(restart(api))) == len(api.controllers.pods("web"))
    assert too_early == []


def test_a_proxy_that_is_not_ready_and_cannot_be_asked_is_not_waited_for() -> None:
    client = mesh_objects.pod("ill-0", "outside", revision="1-30")
    client["status"] = {"phase": "Running", "conditions": []}
    api = one_client(client)
    api.controllers.never_ready.add("ill")
    api.network.dead.add("outside/ill-0")
    assert restart(api)["rc"] == 0
    # One that can be asked may have clients of its own, although it is not ready.
    api = one_client(client)
    api.controllers.never_ready.add("ill")
    api.network.late["outside/ill-0"] = 9
    (found,) = drained(restart(api))
    assert second(found["acknowledged"]) - second(found["out"]) > 9


def test_waits_until_open_requests_have_ended() -> None:
    api = one_client(replicas=2)
    first = api.controllers.pods("web")[0]
    api.network.hold(first, 3, until=30)
    result = restart(api)
    found = next(each for each in drained(result) if each["pod"] == first["metadata"]["name"])
    assert (found["open_at_out"], found["open_at_end"]) == (3, 0)
    assert second(found["ended"]) >= 30
    assert api.network.lost == []


def test_only_one_is_away_where_the_others_stand_in() -> None:
    api = one_client(kind="DaemonSet", replicas=3)
    for pod in api.controllers.pods("web"):
        api.network.hold(pod, 1, until=20)
    away: list[int] = []
    api.each_second = lambda _now: away.append(len(api.marked()))
    assert (restart(api)["rc"], max(away), api.network.lost) == (0, 1, [])


def test_ends_a_pod_with_open_requests_when_the_limit_has_passed_and_says_so() -> None:
    api = one_client()
    api.network.hold(api.pod("web"), 3, until=1000)
    result = restart(api, drain_timeout=20)
    (found,) = drained(result)
    assert (result["rc"], found["open_at_end"], found["seconds"]) == (0, 3, 20.0)
    assert api.network.lost == [f"3 that {found['pod']} had open"]


def test_holds_a_pod_whose_requests_are_not_seen() -> None:
    api = one_client()
    api.network.hides_listeners = True
    (found,) = drained(restart(api, drain_hold=13))
    assert (found["open_at_out"], found["open_at_end"]) == (None, None)
    assert second(found["ended"]) - second(found["acknowledged"]) >= 13


def test_a_pod_without_a_sidecar_is_held_as_well() -> None:
    item = workload("web")
    api = Cluster(item, service("web"))
    bare = api.pod("web")
    del bare["metadata"]["annotations"]["istio.io/rev"]
    bare["metadata"]["annotations"].pop("sidecar.istio.io/status")
    api.put(bare)
    (found,) = drained(restart(api))
    assert (found["revision"], found["open_at_end"]) == (None, None)
    assert second(found["ended"]) - second(found["acknowledged"]) >= 4


def two_of_one_budget(allowed: int) -> Cluster:
    names = ("web", "store")
    items = [
        workload(name, kind="StatefulSet", replicas=2, labels={"tier": "data"}) for name in names
    ]
    shared = budget("data", allowed=allowed, at_best=1)
    shared["spec"] = {"selector": {"matchLabels": {"tier": "data"}}}
    return Cluster(*items, *map(service, names), shared)


def test_no_two_workloads_of_one_budget_leave_pods_away_at_once() -> None:
    api = two_of_one_budget(allowed=1)
    result = restart(api)
    assert (result["rc"], api.controllers.most_at_once, api.network.lost) == (0, 1, [])
    assert revisions(api, "web") + revisions(api, "store") == ["1-31"] * 4


def test_waits_for_its_turn_for_as_long_as_another_of_its_budget_goes_on() -> None:
    api = two_of_one_budget(allowed=1)
    for pod in api.controllers.pods("store"):
        api.network.hold(pod, 1, until=1000)
    result = restart(api, drain_timeout=20, wait_timeout=35)
    assert result["rc"] == 0, result["msg"]
    # Each pod of the first took less than wait_timeout, and all of them took longer.
    first = next(each for each in result["workloads"] if each["name"] == "store")
    assert all(pod["seconds"] < 35 for pod in first["drained"])
    assert first["seconds"] > 35
    assert revisions(api, "web") == ["1-31"] * 2


def test_a_budget_that_allows_nothing_after_its_turn_is_waited_for_as_long_as_ever() -> None:
    api = two_of_one_budget(allowed=1)

    def use_up(_now: int) -> None:
        if revisions(api, "store") == ["1-31"] * 2:
            spent = api.objects["policy/v1", "PodDisruptionBudget", "shop", "data"]
            api.put({**spent, "status": {**spent["status"], "disruptionsAllowed": 0}})
            ended.append(api.now)

    ended: list[int] = []
    api.each_second = use_up
    result = restart(api, drain_timeout=20, wait_timeout=35)
    assert "shop/web: PodDisruptionBudget shop/data allows 0 pods to be away now" in result["msg"]
    assert (result["rc"], revisions(api, "web")) == (1, ["1-30"] * 2)
    assert 35 <= api.now - ended[0] <= 40


@pytest.mark.parametrize("wanted", ["where_safe", "annotation", "rollout"])
def test_a_workload_that_cannot_be_drained_is_rolled_out_where_that_is_chosen(wanted: str) -> None:
    chosen = {"meshwright.istio/drain": "rollout"} if wanted == "annotation" else {}
    api = one_client(kind="StatefulSet", annotations=chosen)
    mode = {} if wanted == "annotation" else {"drain": wanted}
    result = restart(api, **mode)
    assert (result["rc"], revisions(api)) == (0, ["1-31"])
    assert (drained(result), api.writes) == ([], [("patch", "StatefulSet", "web")])


def test_where_safe_drains_what_can_be_drained() -> None:
    api = one_client(replicas=2)
    assert len(drained(restart(api, drain="where_safe"))) == 2
    assert api.network.lost == []


def test_the_annotation_also_counts_in_the_template() -> None:
    item = workload("web", replicas=2)
    item["spec"]["template"]["metadata"]["annotations"] = {"meshwright.istio/drain": "rollout"}
    api = Cluster(item, service("web"))
    assert api.writes == []
    assert drained(restart(api)) == []
    assert api.writes == [("patch", "Deployment", "web")]


def test_a_rollout_needs_no_right_to_read_services() -> None:
    api = one_client(replicas=2)
    assert restart(api, drain="rollout")["rc"] == 0
    assert ("list", "Service") not in api.reads


BLOCKED = {
    "one of a stateful set": (
        [workload("web", kind="StatefulSet")],
        "it has no other pod that would take its requests meanwhile",
    ),
    "a policy by the same label": (
        [
            workload("web", replicas=2),
            selecting(
                "security.istio.io/v1",
                "AuthorizationPolicy",
                "only-us",
                "shop",
                {"selector": {"matchLabels": {"app": "web"}}},
            ),
        ],
        "AuthorizationPolicy shop/only-us",
    ),
    "recreate": (
        [workload("web", replicas=2, strategy={"type": "Recreate"})],
        "its strategy Recreate asks for never two pods at once",
    ),
}


@pytest.mark.parametrize("case", BLOCKED)
def test_what_cannot_be_drained_is_named_beforehand_and_left(case: str) -> None:
    objects, reason = BLOCKED[case]
    api = Cluster(*objects, service("web"), workload("other", replicas=2), service("other"))
    predicted = restart(api, check=True)
    (left,) = predicted["not_restarted"]
    assert left["reason"].startswith("it cannot be drained: ")
    assert reason in left["reason"]
    assert "drain=rollout" in left["reason"]
    assert (predicted["rc"], api.writes) == (0, [])
    assert reason in " ".join(predicted["warnings"])
    result = restart(api)
    assert (result["rc"], revisions(api, "web"), revisions(api, "other")) == (
        1,
        ["1-30"] * len(revisions(api, "web")),
        ["1-31"] * 2,
    )
    assert reason in result["msg"]
