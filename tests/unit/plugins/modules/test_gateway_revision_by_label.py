# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways that istiod deploys from a Gateway of the Gateway API."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._hiding import Hiding
from ansible_collections.meshwright.istio.tests.unit.support.api_gateways import (
    NAME,
    PROBES,
    REFERENCE,
    REVISION,
    SERVED,
    ApiGatewayCluster,
    names,
    served,
)
from ansible_collections.meshwright.istio.tests.unit.support.gateways import move
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import KilledError

ADDED = "meshwright.istio/added-revision"


def label(api: ApiGatewayCluster) -> str | None:
    found: str | None = api.gateway["metadata"]["labels"].get(REVISION)
    return found


def hold(api: ApiGatewayCluster, **arguments: Any) -> dict[str, Any]:
    return move(api, state="held", **arguments)


def annotations(api: ApiGatewayCluster) -> dict[str, str]:
    found: dict[str, str] = api.deployment(NAME)["metadata"]["annotations"]
    return found


def test_moves_by_the_label_of_the_gateway_and_back_without_one() -> None:
    api = ApiGatewayCluster(rev=None)
    before, old = api.deployment(NAME), names(api)
    first = move(api)
    assert (first["rc"], first["changed"]) == (0, True), first.get("msg")
    assert (api.revisions_of(NAME), label(api), served(api)) == (["1-31"] * 2, "1-31", SERVED)
    assert (api.network.sent_away, api.marked()) == (old, [])
    drained = first["gateways"][0]["drained"]
    assert [each["pod"] for each in drained] == old
    assert all(each["open_at_end"] == 0 for each in drained)
    assert move(api)["changed"] is False
    assert move(api, revision="default")["changed"] is True
    assert (api.revisions_of(NAME), label(api), served(api)) == (["default"] * 2, None, SERVED)
    assert api.deployment(NAME) == before


@pytest.mark.parametrize("may_patch_status", [True, False])
def test_a_pod_leaves_by_its_readiness_and_keeps_its_labels(
    monkeypatch: pytest.MonkeyPatch, may_patch_status: bool
) -> None:
    """Without the right to say so of it, it serves until the kubelet has found out."""
    if not may_patch_status:
        monkeypatch.setattr(Hiding, "hide", lambda _hiding, _leaver: False)
    api = ApiGatewayCluster(rev=None)
    behind: list[int] = []
    service = api.objects["v1", "Service", "edge", NAME]
    api.each_second = lambda _now: behind.append(len(api.network.behind(service)))
    kept: set[str] = set()
    noticed = api.on_write

    def notice(cluster: Any, event: str, item: dict[str, Any]) -> None:
        if item["kind"] == "Pod" and "meshwright.istio/draining" in item["metadata"]["annotations"]:
            kept.add(item["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"])
        noticed(cluster, event, item)

    api.on_write = notice
    assert move(api)["rc"] == 0
    served = behind.count(4) >= PROBES
    assert (served, behind[-1], kept) == (not may_patch_status, 2, {"public"})


def test_names_the_revision_where_the_gateway_did_before_and_gives_it_back() -> None:
    api = ApiGatewayCluster(label="1-30")
    before = api.deployment(NAME)
    assert move(api)["changed"] is True
    assert (api.revisions_of(NAME), label(api)) == (["1-31"] * 2, "1-31")
    assert ADDED not in annotations(api)
    assert move(api, revision="1-30")["changed"] is True
    assert (label(api), served(api), api.deployment(NAME)) == ("1-30", SERVED, before)


def test_held_it_stays_while_its_namespace_moves_and_then_moves_without_a_label() -> None:
    api = ApiGatewayCluster()
    spec, old = api.spec, names(api)
    assert hold(api, check=True)["changed"] is True
    assert api.writes == []
    held = hold(api)
    assert (held["changed"], held["gateways"][0]["after"]) == (True, ["1-30"])
    assert api.writes == [("patch", "Deployment", NAME)]
    assert hold(api)["changed"] is False
    api.point_namespace_at("1-31")
    api.run_on(20)
    assert (names(api), api.spec) == (old, {**spec, "paused": True})
    assert move(api)["changed"] is True
    assert (api.revisions_of(NAME), label(api), served(api)) == (["1-31"] * 2, None, SERVED)
    assert (api.spec, move(api)["changed"]) == (spec, False)


def test_without_a_hold_the_label_of_the_namespace_cuts_what_is_open() -> None:
    api = ApiGatewayCluster()
    api.network.hold(api.controllers.pods(NAME)[0], 20, until=500)
    api.point_namespace_at("1-31")
    api.run_on(20)
    assert api.network.lost != []


def test_a_wave_that_goes_back_lets_it_go_with_the_pods_that_it_had() -> None:
    api = ApiGatewayCluster()
    before, old = api.deployment(NAME), names(api)
    hold(api)
    api.point_namespace_at("1-31")
    api.run_on(3)
    api.point_namespace_at("1-30")
    result = move(api, revision="1-30")
    assert (result["rc"], result["changed"]) == (0, True), result.get("msg")
    api.run_on(10)
    assert (names(api), api.deployment(NAME), served(api)) == (old, before, SERVED)
    assert move(api, revision="1-30")["changed"] is False


def test_the_way_back_holds_it_first_and_follows_the_namespace() -> None:
    api = ApiGatewayCluster()
    before = api.deployment(NAME)
    hold(api)
    api.point_namespace_at("1-31")
    move(api)
    assert hold(api, revision="1-30")["changed"] is True
    api.point_namespace_at("1-30")
    assert move(api, revision="1-30")["rc"] == 0
    assert (api.revisions_of(NAME), label(api), served(api)) == (["1-30"] * 2, None, SERVED)
    assert api.deployment(NAME) == before


@pytest.mark.parametrize("lacking", ["routes", "readiness", "listener"])
def test_where_the_new_pods_do_not_serve_it_is_held_as_before(lacking: str) -> None:
    api = ApiGatewayCluster()
    spec, old = api.spec, names(api)
    hold(api)
    api.point_namespace_at("1-31")
    if lacking == "routes":
        api.detached.add("1-31")
    elif lacking == "listener":
        api.network.lacking.add(("1-31", "listener"))
    else:
        api.controllers.never_ready.add(NAME)
    behind: list[tuple[int, int]] = []
    service = api.objects["v1", "Service", "edge", NAME]
    api.each_second = lambda now: behind.append((now, len(api.network.behind(service))))
    began = api.now
    result = move(api, wait_timeout=30)
    assert result["rc"] == 1
    # They leave by their labels, since they serve nobody well.
    assert {number for now, number in behind if now > began + 33} <= {2}
    api.run_on(20)
    assert (names(api), api.spec) == (old, {**spec, "paused": True})
    assert served(api) == SERVED
    assert move(api, revision="1-30")["changed"] is False


def test_where_nobody_takes_over_everything_goes_back() -> None:
    api = ApiGatewayCluster(label="1-30")
    before, old = api.deployment(NAME), names(api)
    api.dead.add("1-31")
    result = move(api, wait_timeout=20)
    assert "the istiod of 1-31 has not taken the gateway edge/public-istio over" in result["msg"]
    api.run_on(10)
    assert (label(api), names(api), api.deployment(NAME)) == ("1-30", old, before)


def test_where_its_own_label_moves_it_the_istiod_of_before_takes_it_back() -> None:
    api = ApiGatewayCluster(label="1-30")
    before, old = api.deployment(NAME), names(api)
    api.each_second = lambda _now: api.controllers.never_ready.update(set(names(api)) - {*old})
    result = move(api, wait_timeout=20)
    assert "0 of 2 new pods of the gateway edge/public-istio are ready" in result["msg"]
    api.run_on(10)
    assert (label(api), names(api), api.deployment(NAME)) == ("1-30", old, before)
    assert served(api) == SERVED


@pytest.mark.parametrize("writes", range(1, 12))
@pytest.mark.parametrize("revision", ["1-31", "default"])
def test_killed_after_any_write_the_next_run_ends_it(writes: int, revision: str) -> None:
    api = ApiGatewayCluster(rev=None)
    api.kill_after = writes
    with contextlib.suppress(KilledError):
        move(api)
    api.let_live()
    result = move(api, revision=revision)
    assert result["rc"] == 0, result["msg"]
    api.run_on(20)
    assert (api.revisions_of(NAME), api.marked()) == ([revision] * 2, [])
    assert (served(api), api.spec.get("paused"), api.spec.get("minReadySeconds")) == (
        SERVED,
        None,
        None,
    )


@pytest.mark.parametrize("writes", range(1, 7))
def test_killed_in_its_move_it_goes_back_to_where_it_was_held(writes: int) -> None:
    api = ApiGatewayCluster()
    spec, old = api.spec, names(api)
    hold(api)
    api.point_namespace_at("1-31")
    api.writes.clear()
    api.kill_after = writes
    with contextlib.suppress(KilledError):
        move(api)
    is_held = "meshwright.istio/original-rollout" in annotations(api)
    api.let_live()
    result = move(api, revision="1-30")
    assert result["rc"] == 0, result["msg"]
    api.run_on(20)
    assert (api.revisions_of(NAME), api.marked(), served(api)) == (["1-30"] * 2, [], SERVED)
    # Once it was let go, only a label of its own leads it back.
    assert (label(api), api.spec.get("paused")) == ((None, True) if is_held else ("1-30", None))
    assert names(api) == old if is_held else api.spec == spec


def test_scaled_to_nothing_it_only_changes_hands() -> None:
    api = ApiGatewayCluster(rev=None)
    item = api.deployment(NAME)
    api.put({**item, "spec": {**item["spec"], "replicas": 0}})
    api.run_on(5)
    hold(api)
    assert move(api)["rc"] == 0
    assert (label(api), api.spec.get("paused"), names(api)) == ("1-31", None, [])


def test_an_envoy_that_cannot_be_told_to_be_unready_is_refused_before_anything_moves() -> None:
    api = ApiGatewayCluster(rev=None)
    api.layers = ["global config"]
    result = move(api)
    assert "cannot be made unready, and so not be drained" in result["msg"]
    assert (api.writes, label(api)) == ([], None)


def test_refuses_a_hold_that_istiod_would_undo() -> None:
    api = ApiGatewayCluster(rev=None)
    item = api.deployment(NAME)
    fields = {"f:spec": {"f:template": {}, "f:strategy": {}, "f:minReadySeconds": {}}}
    entry = {"operation": "Apply", "manager": "istio.io/gateway-controller", "fieldsV1": fields}
    api.put({**item, "metadata": {**item["metadata"], "managedFields": [entry]}})
    result = move(api, check=True)
    assert "istiod writes minReadySeconds, strategy of its Deployment" in result["msg"]


def test_leaves_a_deployment_alone_whose_gateway_is_gone() -> None:
    api = ApiGatewayCluster(rev=None)
    api.remove(_kinds.K8S_GATEWAY, "public", "edge")
    assert move(api, check=True)["gateways"] == []
    assert "is no gateway" in move(api, gateways=[REFERENCE], check=True)["msg"]


def test_waits_while_the_gateway_cannot_be_read() -> None:
    api = ApiGatewayCluster(rev=None)
    answer = ApiError("The API server is busy.", status=503)
    api.failures["get", "public"] = [answer, answer]
    assert (move(api)["rc"], served(api)) == (0, SERVED)
    assert api.failures["get", "public"] == []


def test_finds_it_by_its_name() -> None:
    api = ApiGatewayCluster(rev=None)
    assert move(api, gateways=[REFERENCE], check=True)["changed"] is True
    diff = move(api, check=True)["diff"]
    assert '"gateway_label": "1-31"' in str(diff) or "'gateway_label': '1-31'" in str(diff)
