# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining restarts beside what others do, and after runs that did not come to their end."""

from __future__ import annotations

import copy
from typing import Any
from unittest import mock

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.tests.unit.support import restarting
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object
from ansible_collections.meshwright.istio.tests.unit.support.restarting import (
    Cluster,
    drained,
    kill,
    one_client,
    restart,
    revisions,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    budget,
    selecting,
)

LIMITS = {"drain_timeout": 20, "wait_timeout": 40}


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


@pytest.mark.parametrize("second", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_pod_that_somebody_else_evicts_meanwhile_holds_nothing_up(kind: str, second: int) -> None:
    api = one_client(kind=kind, replicas=2)

    def evict(now: int) -> None:
        marked = api.marked()
        if now >= second and marked and not evicted:
            evicted.append(marked[0])
            api.remove(_kinds.POD, marked[0], "shop")

    evicted: list[str] = []
    api.each_second = evict
    result = restart(api, **LIMITS)
    assert (result["rc"], len(evicted)) == (0, 1), result.get("msg")
    assert (revisions(api), api.marked()) == (["1-31"] * 2, [])


def test_a_pod_that_is_gone_before_it_is_written_holds_nothing_up() -> None:
    api = one_client(replicas=2)
    patch, evicted = api.patch, []

    def patch_late(kind: Kind, name: str, *arguments: Any, **more: Any) -> Object:
        if not evicted:
            evicted.append(name)
            api.remove(_kinds.POD, name, "shop")
        return patch(kind, name, *arguments, **more)

    with mock.patch.object(api, "patch", patch_late):
        result = restart(api)
    assert (result["rc"], revisions(api), len(drained(result))) == (0, ["1-31"] * 2, 1)


@pytest.mark.parametrize("replicas", [0, 1, 4])
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_follows_an_autoscaler(kind: str, replicas: int) -> None:
    api = one_client(kind=kind, replicas=2)

    def scale(now: int) -> None:
        if now == 2:
            item = api.objects["apps/v1", kind, "shop", "web"]
            metadata = {**item["metadata"], "generation": 2}
            api.put({**item, "metadata": metadata, "spec": {**item["spec"], "replicas": replicas}})

    api.each_second = scale
    result = restart(api)
    assert (result["rc"], revisions(api)) == (0, ["1-31"] * replicas), result.get("msg")
    assert api.marked() == []


def test_a_workload_that_is_deleted_meanwhile_is_told() -> None:
    api = one_client()
    api.each_second = lambda now: api.remove(_kinds.DEPLOYMENT, "web", "shop") if now == 2 else None
    assert "it was deleted while it restarted" in restart(api)["msg"]


def test_waits_for_a_rollout_of_somebody_else_first() -> None:
    api = one_client(replicas=2)
    item = api.objects["apps/v1", "Deployment", "shop", "web"]
    template = copy.deepcopy(item["spec"]["template"])
    template["spec"]["containers"][0]["image"] = "shop:2"
    api.controllers.revision = "1-30"
    body = {"spec": {"template": template}}
    api.patch(_kinds.DEPLOYMENT, "web", body, "shop")
    api.each_second = lambda _now: setattr(
        api.controllers, "revision", "1-30" if api.controllers.made["web"] < 2 else "1-31"
    )
    api.step()
    result = restart(api)
    assert (result["rc"], result["workloads"][0]["action"]) == (0, "restarted"), result["msg"]
    assert "a restart goes on already" in result["workloads"][0]["reason"]
    # Two by the rollout, and then one for each of those.
    assert (revisions(api), api.controllers.made["web"]) == (["1-31"] * 2, 4)
    assert {each["revision"] for each in drained(result)} == {"1-30"}


def test_a_rollout_that_has_ended_without_saying_so_is_not_waited_for() -> None:
    api = one_client(replicas=2)
    moving = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
    api.controllers.conditions["web"] = [moving]
    api.step()
    result = restart(api)
    assert "a restart goes on already" in result["workloads"][0]["reason"]
    assert (result["workloads"][0]["action"], revisions(api)) == ("restarted", ["1-31"] * 2)


def test_a_rollout_of_somebody_else_that_does_all_is_only_awaited() -> None:
    api = one_client(replicas=2)
    item = api.objects["apps/v1", "Deployment", "shop", "web"]
    template = {"spec": {"containers": [{"name": "app", "image": "shop:2"}]}}
    api.patch(_kinds.DEPLOYMENT, "web", {"spec": {"template": template}}, "shop")
    del item
    api.step()
    result = restart(api)
    assert (result["workloads"][0]["action"], result["changed"]) == ("awaited", False)
    assert (revisions(api), drained(result)) == (["1-31"] * 2, [])


@pytest.mark.parametrize(
    ("revision", "action"), [("1-30", "restarted"), ("1-31", "awaited")], ids=["drains", "awaits"]
)
def test_puts_back_the_strategy_that_a_rollout_before_has_left(revision: str, action: str) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    api = one_client(strategy=strategy)
    api.controllers.revision = revision
    restart(api, drain="rollout", wait=False)
    api.run_on(5 if revision == "1-30" else 1)
    api.controllers.revision = "1-31"
    result = restart(api)
    item = api.objects["apps/v1", "Deployment", "shop", "web"]
    assert (result["workloads"][0]["action"], item["spec"]["strategy"]) == (action, strategy)
    assert "meshwright.istio/original-strategy" not in item["metadata"]["annotations"]
    assert (result["changed"], revisions(api)) == (True, ["1-31"])


def test_what_is_right_needs_no_way_to_be_drained() -> None:
    api = one_client(kind="StatefulSet")
    restart(api, drain="rollout")
    item = api.objects["apps/v1", "StatefulSet", "shop", "web"]
    left = {"meshwright.istio/original-strategy": "{}"}
    api.put({**item, "metadata": {**item["metadata"], "annotations": left}})
    result = restart(api)
    assert (result["rc"], result["workloads"][0]["action"]) == (0, "restored"), result.get("msg")


@pytest.mark.parametrize("replicas", [2, 8])
def test_makes_room_where_there_is_no_node_for_a_successor(replicas: int) -> None:
    api = one_client(replicas=replicas)
    api.controllers.nodes["web"] = replicas
    result = restart(api)
    assert (result["rc"], revisions(api)) == (0, ["1-31"] * replicas), result.get("msg")
    assert (api.network.lost, api.fewest["web"], api.marked()) == ([], replicas - 1, [])


@pytest.mark.parametrize("budgets", [True, False], ids=["only one", "none may be away"])
def test_keeps_a_pod_for_which_there_is_no_room_and_no_other(budgets: bool) -> None:
    tight = [budget("web", allowed=0, at_best=0)] if budgets else []
    api = one_client(*tight, replicas=1 + budgets)
    api.controllers.nodes["web"] = 1 + budgets
    result = restart(api, **LIMITS)
    assert "Unschedulable: 0/2 nodes are available" in result["msg"]
    api.run_on(1)
    assert (set(revisions(api)), api.network.lost, api.marked()) == ({"1-30"}, [], [])


BROKEN = {
    "never started": ({"phase": "Pending"}, 0),
    "ill": ({"phase": "Running", "podIP": "10.2.0.1"}, 12),
}


def one_ill(kind: str, case: str, *more: Object) -> tuple[Cluster, str]:
    """Two pods, the first of which is never ready; its successor is."""
    status, until = BROKEN[case]
    api = one_client(*more, kind=kind, replicas=2)
    ill = api.controllers.pods("web")[0]
    name = ill["metadata"]["name"]
    api.put({**ill, "status": status})
    api.controllers.never_ready.add(name)
    api.controllers.trouble = status
    api.network.hold(ill, 2 if until else 0, until)

    def mend(_now: int) -> None:
        uids = [pod["metadata"]["uid"] for pod in api.controllers.pods("web")]
        if ill["metadata"]["uid"] not in uids:
            api.controllers.never_ready.clear()

    api.each_second = mend
    return api, name


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_a_pod_that_is_not_ready_goes_first_and_ends_what_it_has_open(kind: str, case: str) -> None:
    api, name = one_ill(kind, case)
    result = restart(api)
    assert (result["rc"], revisions(api)) == (0, ["1-31"] * 2), result.get("msg")
    assert (api.writes[0][2], api.network.lost, api.marked()) == (name, [], [])


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_a_pod_that_is_not_ready_does_not_use_up_what_its_budget_allows(
    kind: str, case: str
) -> None:
    api, name = one_ill(kind, case, budget("web", allowed=0, at_best=1))
    result = restart(api, **LIMITS)
    assert (result["rc"], revisions(api)) == (0, ["1-31"] * 2), result.get("msg")
    assert (api.writes[0][2], api.network.lost) == (name, [])


@pytest.mark.parametrize("drain", ["endpoints", "rollout"])
def test_a_broken_pod_does_not_help_where_a_budget_never_allows(drain: str) -> None:
    api, _name = one_ill("StatefulSet", "ill", budget("web", allowed=0, at_best=0))
    result = restart(api, drain=drain, **LIMITS)
    assert (result["rc"], result["counts"]["left"], api.writes) == (1, 1, [])
    assert "PodDisruptionBudget shop/web" in result["msg"]


def test_what_others_have_used_up_of_a_budget_holds_it_back() -> None:
    api = one_client(budget("web", allowed=0, at_best=1), kind="StatefulSet", replicas=2)
    result = restart(api, **LIMITS)
    assert "PodDisruptionBudget shop/web allows 0 pods to be away now, not 1" in result["msg"]
    assert (result["rc"], api.writes) == (1, [])


def test_a_controller_that_would_take_a_ready_pod_beside_the_broken_one_is_not_asked() -> None:
    # It goes by the numbers of the pods, and the first one is broken.
    api, _name = one_ill("StatefulSet", "ill", budget("web", allowed=0, at_best=1))
    result = restart(api, drain="rollout", **LIMITS)
    assert "allows 0 pods to be away now" in result["msg"]
    assert (result["rc"], api.writes) == (1, [])


def test_what_was_begun_is_brought_to_an_end_where_no_more_may_be_drained() -> None:
    api = one_client(replicas=2)
    api.controllers.startup = 5
    kill(api, 1)
    policy = {"selector": {"matchLabels": {"app": "web"}}}
    api.put(selecting("security.istio.io/v1", "AuthorizationPolicy", "only", "shop", policy))
    result = restart(api)
    assert "it is not drained any further: the labels by which Service shop/web" in result["msg"]
    api.run_on(3)
    assert (revisions(api), api.marked()) == (["1-30"] * 2, [])
    assert (api.network.lost, api.fewest["web"]) == ([], 2)


@pytest.mark.parametrize("after", [1, 2])
def test_what_was_begun_ends_where_the_workload_is_now_excluded(after: int) -> None:
    api = one_client(replicas=2)
    kill(api, after)
    api.run_on(3)
    body = {"metadata": {"annotations": {"meshwright.istio/exclude": "true"}}}
    api.patch(_kinds.DEPLOYMENT, "web", body, "shop")
    result = restart(api)
    assert "not drained any further: its annotation meshwright.istio/exclude" in result["msg"]
    assert (revisions(api), api.marked()) == (["1-30", "1-31"], [])
    assert api.network.lost == []


def test_what_was_begun_ends_where_nothing_could_stand_in_any_more() -> None:
    api = one_client(kind="StatefulSet", replicas=2)
    # The second of two has just left.
    kill(api, 7)
    item = api.objects["apps/v1", "StatefulSet", "shop", "web"]
    api.put({**item, "spec": {**item["spec"], "replicas": 1}})
    result = restart(api)
    api.run_on(2)
    assert (result["rc"], revisions(api), api.marked()) == (0, ["1-31"], []), result.get("msg")


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("of", [{}, {"replicas": 2}], ids=["single", "two"])
def test_the_way_back_from_a_run_that_was_killed_with_a_bad_successor(
    of: dict[str, Any], after: int
) -> None:
    api = one_client(**of)
    api.controllers.never_ready.add("web")
    kill(api, after, **LIMITS)
    space = api.objects["v1", "Namespace", None, "shop"]
    api.put({**space, "metadata": {**space["metadata"], "labels": {"istio.io/rev": "1-30"}}})
    api.controllers.never_ready.clear()
    api.controllers.never_ready |= {
        pod["metadata"]["name"]
        for pod in api.controllers.pods("web")
        if pod["metadata"]["annotations"]["istio.io/rev"] == "1-31"
    }
    api.controllers.revision = "1-30"
    result = restart(api, revision="1-30")
    assert (result["rc"], set(revisions(api)), api.marked()) == (0, {"1-30"}, []), result["msg"]
    assert (api.network.lost, api.fewest["web"]) == ([], of.get("replicas", 1))
