# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.tests.unit.support.gateways import (
    GatewayCluster,
    gateway,
    move,
    service,
)
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import selecting

ON_OLD = {"istio.io/rev": "1-30"}
RECREATE = {"type": "Recreate"}
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
GATEWAY = selecting(
    "networking.istio.io/v1", "Gateway", "shop", "shop", {"selector": {"istio": "edge"}}
)
AUTOSCALER = selecting(
    "autoscaling/v2", "HorizontalPodAutoscaler", "edge-in", "edge", {"minReplicas": 2}
)


def cluster(*objects: Mapping[str, Any], **labels: str) -> GatewayCluster:
    given = objects or (gateway(labels=ON_OLD, strategy=ROLLING), service())
    return GatewayCluster(namespace("edge", **labels), GATEWAY, AUTOSCALER, *given)


def everything_but(api: GatewayCluster, *kinds: str) -> list[Object]:
    found = [item for item in api.objects.values() if item["kind"] not in kinds]
    return copy.deepcopy(found)


def test_moves_behind_its_service_and_then_has_nothing_to_do() -> None:
    api = cluster()
    kept, before = everything_but(api, "Deployment", "Pod"), api.deployment()
    old = [pod["metadata"]["name"] for pod in api.controllers.pods("edge-in")]
    first = move(api)
    assert (first["rc"], first["changed"]) == (0, True), first.get("msg")
    assert api.writes == [
        ("patch", "Deployment", "edge-in"),
        *(("patch", "Pod", name) for name in old),
        ("patch", "Deployment", "edge-in"),
        # Each is made unready.
        *(("patch", "Pod", name) for name in old),
        *(("delete", "Pod", name) for name in old),
    ]
    assert (api.revisions_of("edge-in"), api.marked()) == (["1-31"] * 2, [])
    assert (api.fewest["edge-in"], api.network.lost, api.network.sent_away) == (2, [], old)
    assert everything_but(api, "Deployment", "Pod") == kept
    after = api.deployment()
    template = after["spec"].pop("template")["metadata"]
    assert template["labels"] == {
        **before["spec"].pop("template")["metadata"]["labels"],
        "istio.io/rev": "1-31",
    }
    assert after == before
    (entry,) = first["gateways"]
    assert [each["pod"] for each in entry.pop("drained")] == old
    assert entry == {
        "namespace": "edge",
        "kind": "Deployment",
        "name": "edge-in",
        "changed": True,
        "before": ["1-30"],
        "after": ["1-31"],
        "seconds": entry["seconds"],
    }
    api.writes.clear()
    second = move(api)
    assert (second["changed"], second["diff"], api.writes) == (False, [], [])
    assert (second["gateways"][0]["after"], second["gateways"][0]["drained"]) == (["1-31"], [])


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="nothing set"),
        pytest.param({"strategy": RECREATE}, id="recreate"),
        pytest.param(
            {"strategy": ROLLING, "minReadySeconds": 3, "progressDeadlineSeconds": 600},
            id="all set",
        ),
    ],
)
def test_leaves_the_strategy_as_it_was_and_never_has_too_few(spec: dict[str, Any]) -> None:
    api = cluster(gateway(labels=ON_OLD, **spec), service())
    assert move(api)["rc"] == 0
    assert (api.fewest["edge-in"], api.network.lost) == (2, [])
    found = api.deployment()["spec"]
    assert {key: found[key] for key in found if key in spec} == spec
    assert found.keys() - {"replicas", "selector", "template"} == spec.keys()


@pytest.mark.parametrize(
    ("revision", "label"), [("1-30", "1-30"), ("default", None)], ids=["revision", "unrevisioned"]
)
def test_the_way_back_is_the_same_with_the_old_revision(revision: str, label: str | None) -> None:
    api = cluster(gateway(labels={"istio.io/rev": label}), service())
    before = api.deployment()["spec"]["template"]["metadata"]["labels"]
    for target in ("1-31", revision):
        assert move(api, revision=target)["changed"] is True
    assert api.deployment()["spec"]["template"]["metadata"]["labels"] == before
    assert api.revisions_of("edge-in") == [revision, revision]
    assert (api.fewest["edge-in"], api.network.lost) == (2, [])


def test_replaces_the_pods_where_the_namespace_decides_and_has_been_moved() -> None:
    api = cluster(gateway(), service(), rev="1-30")
    api.point_namespace_at("1-31")
    before = api.deployment()["spec"]["template"]["metadata"]["labels"]
    assert move(api)["changed"] is True
    assert api.deployment()["spec"]["template"]["metadata"]["labels"] == before
    assert (api.revisions_of("edge-in"), api.fewest["edge-in"]) == (["1-31", "1-31"], 2)
    assert (api.network.lost, move(api)["changed"]) == ([], False)


def test_an_old_pod_that_is_ill_holds_nothing_up() -> None:
    api = cluster(gateway(), service(), rev="1-30")
    api.point_namespace_at("1-31")
    ill = api.controllers.pods("edge-in")[0]
    api.controllers.never_ready.add(ill["metadata"]["name"])
    api.put({**ill, "status": {"phase": "Running"}})
    api.step()
    assert (move(api)["rc"], api.revisions_of("edge-in")) == (0, ["1-31"] * 2)
    assert api.network.lost == []


def test_brings_up_the_version_where_the_revision_stays() -> None:
    api = cluster(gateway(labels={"istio.io/rev": None}), service())
    assert move(api, revision="default", version="1.29.5")["changed"] is False
    result = move(api, revision="default", version="1.29.6")
    assert "came up without default" in result["msg"]
    api.run_on(3)
    assert api.revisions_of("edge-in") == ["default"] * 2


def test_a_gateway_scaled_to_nothing_gets_its_template_alone() -> None:
    api = cluster(gateway(labels=ON_OLD, replicas=0), service())
    result = move(api)
    assert (result["rc"], result["gateways"][0]["after"]) == (0, [])
    assert api.writes == [("patch", "Deployment", "edge-in")]
    assert api.deployment()["metadata"]["annotations"].keys() == {
        "deployment.kubernetes.io/revision"
    }
    assert move(api)["changed"] is False


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    api = cluster()
    predicted = move(api, check=True)
    assert api.writes == []
    real = move(api)
    assert real["diff"] == predicted["diff"]
    assert [entry["before_header"] for entry in real["diff"]] == ["Deployment edge/edge-in"]
    assert predicted["gateways"][0] == {**real["gateways"][0], "seconds": 0.0, "drained": []}


def test_moves_the_named_gateways_alone() -> None:
    api = cluster(gateway(labels=ON_OLD), gateway("out", labels=ON_OLD), service(), service("out"))
    result = move(api, gateways=["edge/Deployment/out"])
    assert [entry["name"] for entry in result["gateways"]] == ["out"]
    assert (api.revisions_of("out"), api.revisions_of("edge-in")) == (["1-31"] * 2, ["1-30"] * 2)


def test_moves_all_of_them_side_by_side() -> None:
    api = cluster(gateway(labels=ON_OLD), gateway("out", labels=ON_OLD), service(), service("out"))
    assert {entry["name"] for entry in move(api)["gateways"]} == {"edge-in", "out"}
    assert (api.revisions_of("out"), api.revisions_of("edge-in")) == (["1-31"] * 2, ["1-31"] * 2)
    assert api.network.lost == []


def test_waits_for_open_streams_and_reports_them() -> None:
    api = cluster()
    streaming = api.controllers.pods("edge-in")[0]
    api.network.hold(streaming, 20, until=120)
    drained = move(api)["gateways"][0]["drained"]
    found = next(each for each in drained if each["pod"] == streaming["metadata"]["name"])
    assert (found["open_at_end"], api.network.lost) == (0, [])
    assert (found["open_at_out"] >= 20, found["seconds"] > 60) == (True, True)


def test_breaks_the_streams_that_are_open_for_too_long_and_says_how_many() -> None:
    api = cluster()
    streaming = api.controllers.pods("edge-in")[0]
    api.network.hold(streaming, 20, until=10_000)
    drained = move(api, drain_timeout=60)["gateways"][0]["drained"]
    found = next(each for each in drained if each["pod"] == streaming["metadata"]["name"])
    assert (found["open_at_end"], found["seconds"]) == (20, 60.0)
    assert api.network.lost == [f"20 that {found['pod']} had open"]


def test_goes_on_where_a_pod_does_not_take_the_word_to_send_its_clients_away() -> None:
    api = cluster()
    answer = api.network.answer

    def refuse(namespace: str, name: str, path: str, method: str) -> bytes:
        if method == "POST":
            raise ApiError("It does not listen.", status=0)
        return answer(namespace, name, path, method)

    api.network.answer = refuse  # type: ignore[method-assign]
    assert (move(api)["rc"], api.network.lost) == (0, [])


def test_follows_an_autoscaler() -> None:
    api = cluster(gateway(labels=ON_OLD, replicas=4), service())
    api.controllers.startup = 6

    def scale(now: int) -> None:
        if now == 3:
            item = api.objects["apps/v1", "Deployment", "edge", "edge-in"]
            api.put({**item, "spec": {**item["spec"], "replicas": 3}})

    api.each_second = scale
    assert (move(api)["rc"], api.revisions_of("edge-in")) == (0, ["1-31"] * 3)
    # The one that the autoscaler itself takes away.
    assert (len(api.network.lost), api.fewest["edge-in"]) == (1, 3)


def test_needs_no_label_of_its_own_to_leave() -> None:
    """Its Service and a Gateway of another namespace select its pods by the same one."""
    api = cluster(gateway(labels=ON_OLD), service(istio="edge"))
    assert move(api)["rc"] == 0
    assert (api.revisions_of("edge-in"), api.network.lost) == (["1-31"] * 2, [])


REFUSED = {
    "no service": (
        [gateway(labels=ON_OLD)],
        "No Service of namespace edge selects the pods of the gateway edge/edge-in",
    ),
    "paused": (
        [gateway(labels=ON_OLD, paused=True), service()],
        "Deployment edge/edge-in is paused",
    ),
    "selector by revision": (
        [gateway(labels=ON_OLD, selector={"app": "edge-in", **ON_OLD}), service()],
        "Deployment edge/edge-in selects its pods by istio.io/rev",
    ),
    "service by revision": (
        [gateway(labels=ON_OLD), service(**{"app": "edge-in", "istio.io/rev": "1-30"})],
        "Service edge/edge-in selects its pods by istio.io/rev",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_refuses_what_would_leave_a_gap_before_any_write(case: str, check: bool) -> None:
    objects, message = REFUSED[case]
    api = cluster(*objects, gateway("out", labels=ON_OLD))
    result = move(api, check=check)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert api.writes == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"revision": None}, "missing required arguments: revision", id="no revision"),
        pytest.param({"revision": "1.31"}, "revision: got '1.31'", id="no name"),
        pytest.param(
            {"revision": "1-32"}, "right is one of 1-30, 1-31, default", id="unknown revision"
        ),
        pytest.param({"wait_timeout": 0}, "wait_timeout: got 0", id="timeout"),
        pytest.param({"drain_timeout": 0}, "drain_timeout: got 0", id="no drain"),
        pytest.param(
            {"drain_hold": 9, "drain_timeout": 8}, "drain_hold: got 9 with drain", id="long hold"
        ),
        pytest.param({"version": "1.31"}, "version: got '1.31'", id="version"),
        pytest.param({"gateways": ["edge"]}, "right is namespace/Kind/name", id="notation"),
        pytest.param(
            {"gateways": ["edge/Deployment/in"]},
            "gateways: Deployment edge/in is no gateway; right is one of Deployment edge/edge-in",
            id="misspelt gateway",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_refuses_bad_input_before_any_write(
    arguments: dict[str, Any], message: str, check: bool
) -> None:
    api = cluster()
    result = move(api, check=check, **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert api.writes == []


def test_without_the_right_to_follow_the_proxies_nothing_is_begun() -> None:
    api = cluster()
    api.failures["list", ""] = [ApiError("Grant list on pods.", status=403)]
    assert move(api)["msg"] == "Grant list on pods."
    assert api.writes == []
