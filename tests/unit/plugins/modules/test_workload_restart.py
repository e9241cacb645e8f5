# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed
from ansible_collections.meshwright.istio.plugins.modules import workload_restart
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    mesh_objects,
    restarting,
)
from ansible_collections.meshwright.istio.tests.unit.support.restarting import Cluster
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    budget,
    workload,
)

ORIGINAL = "meshwright.istio/original-strategy"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


@pytest.fixture(autouse=True)
def time_of_the_controllers(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


def run(api: Cluster, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"namespaces": ["shop"], "revision": "1-31", **arguments}
    return run_module(
        workload_restart, api, {k: v for k, v in given.items() if v is not None}, check=check
    )


def revisions(api: Cluster, name: str) -> set[str]:
    return {pod["metadata"]["annotations"]["istio.io/rev"] for pod in api.controllers.pods(name)}


def actions(result: Mapping[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["action"] for entry in result["workloads"]}


def left(result: Mapping[str, Any]) -> dict[str, str]:
    return {f"{each['kind']} {each['name']}": each["reason"] for each in result["not_restarted"]}


EVERY_KIND = [
    workload("web", replicas=2),
    workload("single", strategy=ROLLING),
    workload("store", kind="StatefulSet", replicas=2),
    workload("agent", kind="DaemonSet", replicas=2),
    workload("manual", kind="DaemonSet", replicas=2, strategy={"type": "OnDelete"}),
    workload("canary", kind="Rollout", replicas=2, strategy={"canary": {}}),
    workload("legacy", kind="DeploymentConfig", replicas=2),
]


def test_restarts_every_kind_once_and_then_has_nothing_to_do() -> None:
    api = Cluster(*EVERY_KIND)
    first = run(api)
    assert (first["rc"], first["changed"]) == (0, True), first.get("msg")
    names = [item["metadata"]["name"] for item in EVERY_KIND]
    assert actions(first) == dict.fromkeys(names, "restarted")
    assert all(revisions(api, name) == {"1-31"} for name in names)
    assert sum(verb == "delete" for verb, *_rest in api.writes) == 2
    assert [name for verb, _kind, name in api.writes if verb == "patch"].count("web") == 1
    api.writes.clear()
    second = run(api)
    assert (second["changed"], second["diff"], second["workloads"]) == (False, [], [])
    assert (second["counts"]["right"], api.writes) == (len(names), [])


def test_asks_as_kubectl_does() -> None:
    api = Cluster(workload("web", replicas=2), workload("canary", kind="Rollout", replicas=2))
    run(api)
    web = api.objects["apps/v1", "Deployment", "shop", "web"]
    canary = api.objects["argoproj.io/v1alpha1", "Rollout", "shop", "canary"]
    assert web["spec"]["template"]["metadata"]["annotations"][RESTARTED_AT].endswith("Z")
    assert "annotations" not in canary["spec"]["template"]["metadata"]
    assert canary["spec"]["restartAt"].endswith("Z")


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    api = Cluster(*EVERY_KIND)
    predicted = run(api, check=True)
    assert api.writes == []
    done = run(api)
    assert {**predicted, "workloads": actions(predicted)} == {**done, "workloads": actions(done)}
    web = next(each for each in done["diff"] if each["before_header"] == "Deployment shop/web")
    assert web["before"] == {"pods": {"1-30 (1.30.4)": 2}}
    assert web["after"] == {"pods": {"1-31": 2}}


@pytest.mark.parametrize("parallel", [1, 3])
def test_the_window_slides_and_is_never_exceeded(parallel: int) -> None:
    api = Cluster(*(workload(f"w{number}", replicas=2) for number in range(7)))
    result = run(api, max_parallel=parallel)
    assert (result["counts"]["restarted"], api.controllers.most_at_once) == (7, parallel)
    seconds = [entry["seconds"] for entry in result["workloads"]]
    # One after the other would take the sum; batches would wait for the slowest of each.
    assert api.controllers.now <= sum(seconds) / parallel + max(seconds)


def test_never_takes_the_only_pod_first_and_puts_the_strategy_back() -> None:
    api = Cluster(workload("single", strategy=ROLLING))
    assert run(api)["rc"] == 0
    item = api.objects["apps/v1", "Deployment", "shop", "single"]
    assert api.controllers.fewest_ready["single"] == 1
    assert item["spec"]["strategy"] == ROLLING
    assert ORIGINAL not in item["metadata"]["annotations"]


def test_keeps_the_strategy_where_surge_is_never() -> None:
    api = Cluster(workload("single", strategy=ROLLING))
    result = run(api, surge="never")
    assert api.controllers.fewest_ready["single"] == 0
    assert "no pod may be ready for a moment: surge is never" in result["workloads"][0]["reason"]


def test_takes_pods_of_an_ondelete_set_one_by_one() -> None:
    strategy = {"type": "OnDelete"}
    api = Cluster(workload("store", kind="StatefulSet", replicas=3, strategy=strategy))
    assert run(api)["counts"]["restarted"] == 1
    assert api.controllers.fewest_ready["store"] == 2
    assert [write[2] for write in api.writes] == ["store-2", "store-1", "store-0"]


def test_waits_while_a_budget_refuses_an_eviction() -> None:
    api = Cluster(workload("agent", kind="DaemonSet", strategy={"type": "OnDelete"}))
    pod = api.controllers.pods("agent")[0]["metadata"]["name"]
    api.failures["delete", pod] = [ApiError("Cannot evict.", status=429)] * 3
    assert run(api)["rc"] == 0
    assert api.writes.count(("delete", "Pod", pod)) == 4


def test_a_rollout_that_says_success_and_did_nothing_is_a_failure() -> None:
    api = Cluster(workload("web", replicas=2))
    api.controllers.deaf.add("web")
    result = run(api)
    assert (result["rc"], result["changed"]) == (1, True)
    assert "it has rolled out, and yet" in result["msg"]
    assert "is on 1-30 (1.30.4)" in result["msg"]


def test_new_pods_on_the_wrong_version_are_a_failure() -> None:
    api = Cluster(workload("web", replicas=2))
    api.controllers.version = "1.30.4"
    result = run(api, version="1.31.0")
    assert "is on 1-31 (1.30.4)" in result["msg"]


def test_an_old_status_is_not_believed() -> None:
    api = Cluster(workload("web", replicas=2))
    api.controllers.lag = 17
    result = run(api)
    assert result["rc"] == 0
    assert result["workloads"][0]["seconds"] > 17
    assert revisions(api, "web") == {"1-31"}


def test_stops_at_the_first_failure_and_says_what_was_not_begun() -> None:
    api = Cluster(*(workload(f"w{number}", replicas=2) for number in range(4)))
    api.controllers.never_ready.add("w1")
    result = run(api, max_parallel=1, drain="rollout", wait_timeout=20)
    assert result["rc"] == 1
    assert actions(result) == {"w0": "restarted", "w1": "failed"}
    assert set(left(result)) == {"Deployment w2", "Deployment w3"}
    assert "2 were not begun: Deployment shop/w2, Deployment shop/w3" in result["msg"]
    assert (revisions(api, "w2"), revisions(api, "w3")) == ({"1-30"}, {"1-30"})
    assert result["counts"]["not_begun"] == 2


def test_goes_on_until_max_failures() -> None:
    api = Cluster(*(workload(f"w{number}", replicas=2) for number in range(4)))
    api.controllers.never_ready |= {"w0", "w1"}
    result = run(api, max_parallel=1, max_failures=3, drain="rollout", wait_timeout=20)
    assert (result["counts"]["failed"], result["counts"]["restarted"]) == (2, 2)


def test_a_refused_request_is_the_failure_of_one_workload() -> None:
    api = Cluster(workload("web"), workload("back"))
    api.failures["patch", "back"] = [ApiError("Grant it.", status=403)]
    result = run(api, max_failures=2)
    assert actions(result) == {"back": "failed", "web": "restarted"}
    assert "Deployment shop/back: Grant it." in result["msg"]


def test_the_next_run_goes_on_where_a_killed_one_stopped() -> None:
    api = Cluster(workload("single", strategy=ROLLING), workload("web", replicas=2))
    begun = run(api, wait=False, drain="rollout", max_parallel=1)
    assert actions(begun) == {"single": "started"}
    # The new pod is there beside the old one, and not ready yet.
    api.controllers.step()
    api.writes.clear()
    result = run(api)
    assert actions(result) == {"single": "awaited", "web": "restarted"}
    # The first was not asked again: its strategy was put back, and no more.
    assert api.writes == [("patch", "Deployment", "web"), ("patch", "Deployment", "single")]
    item = api.objects["apps/v1", "Deployment", "shop", "single"]
    assert item["spec"]["strategy"] == ROLLING


def test_puts_back_a_strategy_that_a_killed_run_has_left() -> None:
    api = Cluster(workload("single", strategy=ROLLING))
    run(api, wait=False, drain="rollout")
    api.controllers.run()
    result = run(api)
    assert (actions(result), result["changed"]) == ({"single": "restored"}, True)
    assert run(api)["changed"] is False


def test_asks_again_where_an_earlier_restart_did_not_help() -> None:
    api = Cluster(workload("web", replicas=2))
    api.controllers.revision = "1-30"
    run(api, wait=False, drain="rollout")
    api.controllers.step()
    api.controllers.step()
    # Only pods that are made from now on are injected by the new istiod.
    api.controllers.revision = "1-31"
    result = run(api)
    assert (actions(result), revisions(api, "web")) == ({"web": "restarted"}, {"1-31"})


def test_reports_what_it_cannot_or_must_not_touch() -> None:
    job = mesh_objects.pod("import-x", "shop", revision="1-30")
    job["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "import", "controller": True}]
    api = Cluster(
        workload("kept", annotations={"meshwright.istio/exclude": "true"}),
        mesh_objects.pod("bare", "shop", revision="1-30"),
        mesh_objects.pod("new", "shop", revision="1-31"),
        mesh_objects.pod("elsewhere", "outside", revision="1-30"),
        job,
    )
    result = run(api)
    assert (result["rc"], result["changed"], api.writes) == (0, False, [])
    assert set(left(result)) == {"Deployment kept", "Job import", "Pod bare"}
    assert "exclude is true" in left(result)["Deployment kept"]
    assert "3 are left as they are" in result["warnings"][0]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param(workload("x", paused=True), "it is paused", id="paused"),
        pytest.param(
            workload("x", labels={"sidecar.istio.io/inject": "false"}),
            "ask for no sidecar",
            id="labels",
        ),
        pytest.param(
            workload("x", kind="DeploymentConfig", triggers=[]), "no trigger", id="no trigger"
        ),
    ],
)
def test_restarts_the_others_and_fails_for_what_could_be_mended(
    item: dict[str, Any], reason: str
) -> None:
    api = Cluster(item, workload("web"))
    warned = run(api, check=True)
    assert warned["rc"] == 0
    assert reason in " ".join(warned["warnings"])
    result = run(api)
    assert (result["rc"], actions(result)) == (1, {"web": "restarted"})
    assert reason in result["msg"]
    assert reason in left(result)[f"{item['kind']} x"]
    assert revisions(api, "x") == {"1-30"}


def test_a_namespace_that_asks_for_another_revision_has_to_be_labelled_first() -> None:
    api = Cluster(workload("web"), revision="1-30")
    result = run(api)
    assert (result["rc"], result["changed"], api.writes) == (1, False, [])
    assert "ask for 1-30, not for 1-31; change them" in left(result)["Deployment web"]


def test_a_budget_that_never_allows_it_is_named() -> None:
    store = workload("store", kind="StatefulSet", replicas=2)
    api = Cluster(store, budget("store", allowed=0, at_best=0))
    result = run(api)
    assert (result["rc"], api.writes) == (1, [])
    assert "PodDisruptionBudget shop/store allows 0 pods" in left(result)["StatefulSet store"]
    assert run(api, disruption_budgets="ignore")["counts"]["restarted"] == 1


def test_gives_up_on_a_budget_that_allows_nothing_in_time() -> None:
    store = workload("store", kind="StatefulSet", replicas=2)
    api = Cluster(store, budget("store", allowed=0, at_best=1))
    result = run(api, drain="rollout", wait_timeout=10)
    assert (actions(result), api.writes) == ({"store": "failed"}, [])


def test_filters_by_kind_name_and_reference() -> None:
    api = Cluster(*EVERY_KIND)
    assert actions(run(api, check=True, kinds=["DaemonSet"])).keys() == {"agent", "manual"}
    assert actions(run(api, check=True, names=["web"])).keys() == {"web"}
    every = actions(run(api, check=True)).keys()
    # One that is gone is left alone all the same.
    out = ["shop/DaemonSet/agent", "shop/Deployment/gone"]
    assert actions(run(api, check=True, excluded_workloads=out)).keys() == every - {"agent"}
    only = run(api, check=True, namespaces=None, workloads=["shop/StatefulSet/store"])
    assert actions(only).keys() == {"store"}


def test_brings_up_the_version_of_the_default_revision() -> None:
    api = Cluster(workload("web", replicas=2), revision="default")
    api.controllers.revision = "default"
    result = run(api, revision="default", version="1.31.0")
    assert (result["rc"], revisions(api, "web")) == (0, {"default"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"revision": None}, "one of the following is required", id="no goal"),
        pytest.param({"revision": "1-32"}, "neither a revision nor a tag", id="unknown"),
        pytest.param({"version": "1.31"}, "version: got '1.31'", id="version"),
        pytest.param({"max_parallel": 0}, "max_parallel: got 0", id="parallel"),
        pytest.param({"max_failures": 0}, "max_failures: got 0", id="failures"),
        pytest.param({"wait_timeout": 0}, "wait_timeout: got 0", id="timeout"),
        pytest.param({"kinds": []}, "kinds: got an empty list", id="no kinds"),
        pytest.param({"kinds": ["Job"]}, "value of kinds must be one or more", id="kind"),
        pytest.param({"names": ["wbe"]}, "names: got wbe", id="misspelt name"),
        pytest.param({"namespaces": ["shpo"]}, "there is shop", id="misspelt namespace"),
        pytest.param({"drain": "gently"}, "value of drain must be one of", id="drain"),
        pytest.param({"drain_timeout": 0}, "drain_timeout: got 0", id="no drain"),
        pytest.param({"drain_hold": -1}, "drain_hold: got -1", id="negative hold"),
        pytest.param(
            {"drain_hold": 46}, "drain_hold: got 46 with drain_timeout=45", id="long hold"
        ),
        pytest.param(
            {"drain_timeout": 60, "wait_timeout": 60},
            "drain_timeout: got 60 with wait_timeout=60",
            id="drain for too long",
        ),
        pytest.param({"wait": False}, "wait: got false with drain=endpoints", id="no wait"),
        pytest.param(
            {"namespaces": None, "workloads": ["shop/Deployment/wbe"]},
            "workloads: got Deployment shop/wbe",
            id="misspelt workload",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_refuses_before_any_write(arguments: dict[str, Any], message: str, check: bool) -> None:
    api = Cluster(workload("web"))
    result = run(api, check=check, **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert api.writes == []


def test_refuses_where_no_istiod_answers_for_the_new_pods() -> None:
    api = Cluster(workload("web"))
    api.put(control_planes.endpoint_slice("istiod-1-31", ready=False))
    result = run(api)
    assert "has no ready endpoint" in result["msg"]
    assert api.writes == []


def test_tells_what_was_done_when_the_api_server_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    api = Cluster(workload("web"))

    def fail(*_arguments: object) -> bool:
        raise ApiError("The API server cannot be reached.", status=0)

    monkeypatch.setattr(Feed, "wait", fail)
    result = run(api)
    assert (result["rc"], result["changed"], actions(result)) == (1, True, {"web": "failed"})
