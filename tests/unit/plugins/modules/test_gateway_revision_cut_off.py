# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves of gateways that do not come to their end: nothing is lost by them, onward or back."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._mark import Mark
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.tests.unit.support.gateways import (
    GatewayCluster,
    gateway,
    move,
    service,
)
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import KilledError

ON_OLD = {"istio.io/rev": "1-30"}
PULLING = {
    "phase": "Pending",
    "containerStatuses": [
        {
            "name": "istio-proxy",
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
        }
    ],
}


def cluster(*objects: Mapping[str, Any], **labels: str) -> GatewayCluster:
    given = objects or (gateway(labels=ON_OLD), service())
    return GatewayCluster(namespace("edge", **labels), *given)


def pods(api: GatewayCluster) -> list[Object]:
    found = copy.deepcopy(api.controllers.pods("edge-in"))
    for pod in found:
        del pod["metadata"]["resourceVersion"]
    return found


def test_new_pods_that_get_not_ready_go_and_the_old_ones_were_not_touched() -> None:
    api = cluster()
    deployment, before = api.deployment(), pods(api)
    api.controllers.never_ready = {"edge-in"}
    result = move(api, wait_timeout=10)
    assert result["rc"] == 1
    assert result["msg"].startswith(
        "0 of 2 new pods of the gateway edge/edge-in are ready. wait_timeout has passed;"
    )
    api.run_on(3)
    assert (api.deployment(), pods(api)) == (deployment, before)
    assert [write[:2] for write in api.writes] == [("patch", "Deployment")] * 2
    api.controllers.never_ready = set()
    assert (move(api)["rc"], api.network.lost) == (0, [])


def test_gives_up_at_once_where_waiting_would_not_help() -> None:
    api = cluster()
    api.controllers.never_ready = {"edge-in"}
    api.controllers.trouble = PULLING
    result = move(api, wait_timeout=1000)
    assert "ImagePullBackOff: container istio-proxy: no such image" in result["msg"]
    assert "Waiting longer would not help" in result["msg"]
    assert api.now < 50


def test_does_not_believe_pods_that_another_revision_injected() -> None:
    api = cluster()
    deployment, before = api.deployment(), pods(api)
    api.injects_wrongly = "1-30"
    api.network.takes = 6
    result = move(api)
    assert "came up without 1-31" in result["msg"]
    api.run_on(3)
    # They had been ready, and so they are seen off as well.
    assert (api.deployment(), pods(api), api.network.lost) == (deployment, before, [])


@pytest.mark.parametrize(
    ("what", "named"),
    [
        ("listener", "lacks listeners 0.0.0.0:8443"),
        ("certificate", "lacks certificates 5a11f"),
        ("route", "lacks hosts http.8080 pay.example.net:80 (2 routes)"),
    ],
)
def test_new_pods_that_do_not_serve_all_are_taken_back_without_loss(what: str, named: str) -> None:
    api = cluster()
    deployment, before = api.deployment(), pods(api)
    api.network.lacking.add(("1-31", what))
    result = move(api, wait_timeout=12)
    assert (result["rc"], named in result["msg"]) == (1, True), result["msg"]
    api.run_on(3)
    assert (api.deployment(), pods(api), api.marked()) == (deployment, before, [])
    assert (api.network.lost, api.fewest["edge-in"]) == ([], 2)


def test_waits_until_the_new_pods_serve_all() -> None:
    api = cluster()
    api.network.lacking.add(("1-31", "route"))
    api.each_second = lambda now: api.network.lacking.clear() if now == 20 else None
    assert (move(api)["rc"], api.now > 20) == (0, True)


def test_waits_for_a_proxy_that_does_not_answer_yet() -> None:
    api = cluster()
    old = api.controllers.pods("edge-in")[0]["metadata"]["name"]
    api.network.dead.add(f"edge/{old}")
    api.each_second = lambda now: api.network.dead.clear() if now == 20 else None
    assert (move(api)["rc"], api.network.lost) == (0, [])


def test_a_proxy_that_does_not_learn_of_it_is_named_and_the_next_run_goes_on() -> None:
    api = cluster()
    api.network.dead.add("shop/client")
    result = move(api, wait_timeout=30)
    assert "4 of 5 proxies know; not shop/client (It does not answer)" in result["msg"]
    assert "wait_timeout has passed" in result["msg"]
    assert (len(api.marked()), api.network.lost) == (2, [])
    api.network.dead.clear()
    result = move(api)
    assert (result["rc"], api.marked(), api.network.lost) == (0, [], [])
    assert api.controllers.made["edge-in"] == 2


def test_tells_the_first_failure_where_new_pods_cannot_be_seen_off_either() -> None:
    api = cluster()
    api.network.dead.add("shop/client")
    api.network.lacking.add(("1-31", "route"))
    result = move(api, wait_timeout=12)
    assert "lacks hosts http.8080 pay.example.net:80 (2 routes)" in result["msg"]
    assert api.revisions_of("edge-in") == ["1-30"] * 2 + ["1-31"] * 2


def test_is_not_held_up_by_old_pods_that_serve_nobody() -> None:
    api = cluster()
    api.network.lacking.add(("1-31", "route"))
    api.each_second = lambda now: kill_old(api) if now == 6 else None
    # Nothing serves that the new ones could be compared with.
    result = move(api, wait_timeout=12)
    assert (result["rc"], api.revisions_of("edge-in")) == (0, ["1-31"] * 2)


def test_new_pods_stay_where_no_old_one_serves() -> None:
    api = cluster()
    api.controllers.trouble = PULLING
    api.controllers.startup = 3

    def hurt(now: int) -> None:
        fresh = api.controllers.pods("edge-in")[2:]
        if now == 2:
            api.controllers.never_ready.add(fresh[0]["metadata"]["name"])
            kill_old(api)

    api.each_second = hurt
    result = move(api)
    assert "ImagePullBackOff" in result["msg"]
    assert (len(api.network.behind(service())), api.marked()) == (1, [])


def kill_old(api: GatewayCluster) -> None:
    for pod in api.controllers.pods("edge-in"):
        if pod["metadata"]["annotations"]["istio.io/rev"] == "1-30":
            api.controllers.never_ready.add(pod["metadata"]["name"])
            api.put({**pod, "status": {"phase": "Running", "podIP": "10.3.0.1"}})


@pytest.mark.parametrize("writes", [1, 4], ids=["held", "let go"])
def test_a_gateway_that_is_deleted_meanwhile_is_told(writes: int) -> None:
    api = cluster()
    api.controllers.lag = 3

    def delete(_now: int) -> None:
        key = ("apps/v1", "Deployment", "edge", "edge-in")
        if len(api.writes) == writes and key in api.objects:
            api.remove(_kinds.DEPLOYMENT, "edge-in", "edge")

    api.each_second = delete
    assert "the gateway edge/edge-in is gone" in move(api)["msg"]


def test_finishes_what_a_restart_of_workloads_has_left() -> None:
    api = cluster(gateway(labels={"istio.io/rev": "1-31"}), service())
    pod = api.controllers.pods("edge-in")[0]
    reference = Reference(namespace="edge", kind="Deployment", name="edge-in")
    mark = Mark(workload=reference, labels={"pod-template-hash": "x"}).patch({})
    metadata = {
        **pod["metadata"],
        "labels": {**pod["metadata"]["labels"], "pod-template-hash": "released"},
        "annotations": pod["metadata"]["annotations"] | mark["metadata"]["annotations"],
    }
    api.put({**pod, "metadata": metadata})
    result = move(api)
    assert (result["rc"], result["changed"], api.marked()) == (0, True, [])
    assert (api.fewest["edge-in"], api.network.lost) == (2, [])
    assert len(api.revisions_of("edge-in")) == 2
    assert move(api)["changed"] is False


@pytest.mark.parametrize("target", ["1-31", "1-30"])
def test_a_gateway_that_is_scaled_to_nothing_while_its_rollout_is_held(target: str) -> None:
    api = cluster()
    api.kill_after = 1
    with pytest.raises(KilledError):
        move(api)
    api.let_live()
    item = api.objects["apps/v1", "Deployment", "edge", "edge-in"]
    api.put({**item, "spec": {**item["spec"], "replicas": 0}})
    assert move(api, revision=target)["rc"] == 0
    found = api.deployment()
    assert "meshwright.istio/original-rollout" not in found["metadata"]["annotations"]
    assert found["spec"]["template"]["metadata"]["labels"]["istio.io/rev"] == target
    assert move(api, revision=target)["changed"] is False


def test_waits_for_the_rollout_of_somebody_else_that_does_the_same() -> None:
    api = cluster(gateway(), service(), rev="1-30")
    api.point_namespace_at("1-31")
    body = {"spec": {"template": {"metadata": {"annotations": {"restarted": "yes"}}}}}
    api.patch(_kinds.DEPLOYMENT, "edge-in", body, "edge")
    result = move(api)
    assert (result["rc"], api.revisions_of("edge-in")) == (0, ["1-31"] * 2)
    assert api.writes == [("patch", "Deployment", "edge-in")]


def test_a_refused_write_leaves_what_the_next_run_goes_on_with() -> None:
    api = cluster()
    name = api.controllers.pods("edge-in")[1]["metadata"]["name"]
    api.failures["patch", name] = [ApiError("Grant it.", status=403)]
    assert move(api)["msg"] == "Grant it."
    assert (move(api)["rc"], api.network.lost, api.marked()) == (0, [], [])
