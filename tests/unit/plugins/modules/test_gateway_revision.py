# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.modules import gateway_revision
from ansible_collections.meshwright.istio.tests.unit.support.gateways import (
    GatewayCluster,
    KilledError,
    gateway,
    service,
)
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

ON_OLD = {"istio.io/rev": "1-30"}
STAND_IN = ("edge-in-1-31", "edge")
RECREATE = {"type": "Recreate"}
PULLING = {
    "name": "istio-proxy",
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}},
}


def cluster(*objects: Mapping[str, Any], **labels: str) -> GatewayCluster:
    given = objects or (gateway(labels=ON_OLD), service())
    return GatewayCluster(namespace("edge", **labels), *given)


def run(api: GatewayCluster, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    def start(seconds: int, say: Callable[[str], None]) -> Waiter:
        waiter = Waiter.start(seconds, say)
        return replace(waiter, deadline=api.now + seconds, clock=lambda: float(api.now))

    with mock.patch.object(gateway_revision, "Waiter", SimpleNamespace(start=start)):
        return run_module(gateway_revision, api, {"revision": "1-31", **arguments}, check=check)


def everything_but(api: GatewayCluster, *kinds: str) -> list[dict[str, Any]]:
    found = [item for item in api.objects.values() if item["kind"] not in kinds]
    return copy.deepcopy(found)


def test_moves_behind_its_service_and_then_has_nothing_to_do() -> None:
    api = cluster()
    kept = everything_but(api, "Deployment", "Pod")
    first = run(api)
    assert (first["rc"], first["changed"]) == (0, True), first.get("msg")
    assert api.writes == [
        ("apply", "Deployment", "edge-in-1-31"),
        ("patch", "Deployment", "edge-in"),
        ("delete", "Deployment", "edge-in-1-31"),
    ]
    assert (api.names(), api.revisions_of("edge-in")) == (["edge-in"], ["1-31", "1-31"])
    assert everything_but(api, "Deployment", "Pod") == kept
    assert first["gateways"] == [
        {
            "namespace": "edge",
            "kind": "Deployment",
            "name": "edge-in",
            "changed": True,
            "before": ["1-30"],
            "after": ["1-31"],
            "seconds": first["gateways"][0]["seconds"],
        }
    ]
    second = run(api)
    assert (second["changed"], second["diff"], len(api.writes)) == (False, [], 3)
    assert second["gateways"][0]["after"] == ["1-31"]


@pytest.mark.parametrize("strategy", [{}, RECREATE], ids=["rolling", "recreate"])
def test_never_has_fewer_pods_than_before(strategy: dict[str, Any]) -> None:
    api = cluster(gateway(labels=ON_OLD, strategy=strategy), service())
    assert run(api)["rc"] == 0
    assert api.fewest == 2


def test_the_stand_in_takes_the_same_requests_and_is_marked_as_ours() -> None:
    api = cluster()
    api.failures["patch", "edge-in"] = [ApiError("Grant it.", status=403)]
    assert run(api)["msg"] == "Grant it."
    stand_in, original = api.deployment("edge-in-1-31"), api.deployment("edge-in")
    assert stand_in["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "meshwright.istio",
        "meshwright.istio/stands-in-for": "edge-in",
    }
    assert stand_in["metadata"]["ownerReferences"][0]["uid"] == original["metadata"]["uid"]
    assert stand_in["spec"]["template"]["metadata"]["labels"] == {
        "app": "edge-in",
        "istio": "edge",
        "sidecar.istio.io/inject": "true",
        "istio.io/rev": "1-31",
        "meshwright.istio/stand-in": "edge-in-1-31",
    }
    assert stand_in["spec"]["replicas"] == 2
    assert len(api.behind_service()) == 4


@pytest.mark.parametrize(
    ("revision", "label"), [("1-30", "1-30"), ("default", None)], ids=["revision", "unrevisioned"]
)
def test_the_way_back_is_the_same_with_the_old_revision(revision: str, label: str | None) -> None:
    api = cluster(gateway(labels={"istio.io/rev": label}), service())
    before = api.deployment("edge-in")["spec"]["template"]["metadata"]["labels"]
    for target in ("1-31", revision):
        assert run(api, revision=target)["changed"] is True
    assert api.deployment("edge-in")["spec"]["template"]["metadata"]["labels"] == before
    assert api.revisions_of("edge-in") == [revision, revision]


def test_replaces_the_pods_where_the_namespace_decides_and_has_been_moved() -> None:
    api = cluster(gateway(), service(), rev="1-30")
    space = api.objects["v1", "Namespace", None, "edge"]
    api.put(
        {**space, "metadata": {**space["metadata"], "labels": ON_OLD | {"istio.io/rev": "1-31"}}}
    )
    before = api.deployment("edge-in")["spec"]["template"]["metadata"]["labels"]
    assert run(api)["changed"] is True
    assert api.deployment("edge-in")["spec"]["template"]["metadata"]["labels"] == before
    assert (api.revisions_of("edge-in"), api.fewest) == (["1-31", "1-31"], 2)


def test_a_gateway_scaled_to_nothing_gets_its_template_alone() -> None:
    api = cluster(gateway(labels=ON_OLD, replicas=0), service())
    result = run(api)
    assert (result["rc"], result["gateways"][0]["after"]) == (0, [])
    assert ("patch", "Deployment", "edge-in") in api.writes
    assert not [write for write in api.writes if write[0] == "apply"]
    assert run(api)["changed"] is False


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    api = cluster()
    predicted = run(api, check=True)
    assert api.writes == []
    real = run(api)
    assert real["diff"] == predicted["diff"]
    assert [entry["before_header"] for entry in real["diff"]] == ["Deployment edge/edge-in"]
    assert predicted["gateways"][0] == {**real["gateways"][0], "seconds": 0.0}


def test_moves_the_named_gateways_alone() -> None:
    api = cluster(gateway(labels=ON_OLD), gateway("out", labels=ON_OLD), service())
    result = run(api, gateways=["edge/Deployment/out"])
    assert [entry["name"] for entry in result["gateways"]] == ["out"]
    assert (api.revisions_of("out"), api.revisions_of("edge-in")) == (["1-31"] * 2, ["1-30"] * 2)


def kills() -> list[int]:
    """Before each request that a whole run sends."""
    api = cluster()
    assert run(api)["rc"] == 0
    return list(range(1, api.requests + 1))


@pytest.mark.parametrize("later", [0, 5], ids=["at once", "seconds later"])
@pytest.mark.parametrize("strategy", [{}, RECREATE], ids=["rolling", "recreate"])
@pytest.mark.parametrize("target", ["1-31", "1-30"], ids=["onward", "back"])
def test_a_run_that_was_killed_is_finished_by_the_next(
    strategy: dict[str, Any], target: str, later: int
) -> None:
    cut = 0
    for number in kills():
        api = cluster(gateway(labels=ON_OLD, strategy=strategy), service())
        api.requests, api.kill_at = 0, number
        with pytest.raises(KilledError):
            run(api)
        for _second in range(later):
            api.step()
        cut += "edge-in-1-31" in api.names()
        result = run(api, revision=target)
        assert (number, result["rc"]) == (number, 0), result.get("msg")
        assert (number, api.names()) == (number, ["edge-in"])
        assert (number, api.revisions_of("edge-in")) == (number, [target] * 2)
        assert (number, api.fewest >= 2) == (number, True)
        assert run(api, revision=target)["changed"] is False
    assert cut > 3


def test_a_stand_in_that_gets_not_ready_goes_and_the_gateway_was_not_touched() -> None:
    api = cluster()
    before = api.deployment("edge-in")
    api.never_ready = {"edge-in-1-31"}
    result = run(api, wait_timeout=10)
    assert result["rc"] == 1
    assert result["msg"].startswith(
        "the stand-in of the gateway edge/edge-in: 0 of 2 pods are available. wait_timeout has"
    )
    assert (api.names(), api.deployment("edge-in")) == (["edge-in"], before)
    api.never_ready = set()
    assert run(api)["rc"] == 0


def test_gives_up_at_once_where_waiting_would_not_help() -> None:
    api = cluster()
    api.never_ready = {"edge-in-1-31"}
    api.first_status = {"phase": "Pending", "containerStatuses": [PULLING]}
    result = run(api, wait_timeout=1000)
    assert "ImagePullBackOff: container istio-proxy: no such image" in result["msg"]
    assert "Waiting longer would not help" in result["msg"]
    assert api.now < 50


def test_does_not_believe_pods_that_another_revision_injected() -> None:
    api = cluster()
    api.injects_wrongly = "1-30"
    result = run(api)
    assert "came up without 1-31" in result["msg"]
    assert (api.names(), api.writes[-1]) == (["edge-in"], ("delete", "Deployment", "edge-in-1-31"))


def test_the_stand_in_stays_as_long_as_the_gateway_itself_does_not_get_ready() -> None:
    api = cluster(gateway(labels=ON_OLD, strategy=RECREATE), service())
    api.never_ready = {"edge-in"}
    for _run in range(2):
        result = run(api, wait_timeout=10)
        assert result["msg"].startswith("the gateway edge/edge-in: ")
        assert "edge-in-1-31" in api.names()
        assert api.fewest == 2
    # Not even a stand-in that is ill goes while it is all there is.
    api.never_ready = {"edge-in", "edge-in-1-31"}
    api.put({**api.pods_of("edge-in-1-31")[0], "status": {"phase": "Pending"}})
    assert run(api, wait_timeout=10)["rc"] == 1
    assert "edge-in-1-31" in api.names()


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
        [gateway(labels=ON_OLD), service(**{"istio": "edge", "istio.io/rev": "1-30"})],
        "Service edge/edge-in selects its pods by istio.io/rev",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_refuses_what_would_leave_a_gap_before_any_write(case: str, check: bool) -> None:
    objects, message = REFUSED[case]
    api = cluster(*objects, gateway("out", labels=ON_OLD))
    result = run(api, check=check)
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
        pytest.param({"gateways": ["edge"]}, "right is namespace/Kind/name", id="notation"),
        pytest.param(
            {"gateways": ["edge/Deployment/in"]},
            "gateways: Deployment edge/in is no gateway by injection; right is one of"
            " Deployment edge/edge-in",
            id="misspelt gateway",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_refuses_bad_input_before_any_write(
    arguments: dict[str, Any], message: str, check: bool
) -> None:
    api = cluster()
    given = {key: value for key, value in arguments.items() if value is not None}
    if "revision" in arguments and arguments["revision"] is None:
        result = run_module(gateway_revision, api, given, check=check)
    else:
        result = run(api, check=check, **given)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert api.writes == []
