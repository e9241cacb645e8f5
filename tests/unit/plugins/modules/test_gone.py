# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of what was deleted since they were written down, and what is deleted meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import (
    namespace_revision_label,
    workload_restart,
)
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, restarting
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.gateways import (
    GatewayCluster,
    gateway,
    move,
    service,
)
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.restarting import Cluster
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import workload

LEAVE_OUT = {"gone": "leave_out"}
EDGE, OLD_EDGE = "edge/Deployment/edge-in", "closed/Deployment/edge-in"


@pytest.fixture(autouse=True)
def time_of_the_controllers(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


def ending(item: Mapping[str, Any]) -> dict[str, Any]:
    """The same while it is being deleted."""
    metadata = {**item["metadata"], "deletionTimestamp": "2026-11-25T09:30:01Z"}
    return {**item, "metadata": metadata}


def labelled(*spaces: Mapping[str, Any]) -> FakeApi:
    return FakeApi(*control_planes.revision("1-31"), *spaces)


def label(api: FakeApi, *names: str, **arguments: Any) -> dict[str, Any]:
    given = {"namespaces": list(names), "revision": "1-31", **LEAVE_OUT, **arguments}
    return run_module(namespace_revision_label, api, given)


def restart(api: Cluster, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"revision": "1-31", "drain": "rollout", **LEAVE_OUT, **arguments}
    return run_module(workload_restart, api, given, check=check)


def actions(result: Mapping[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["action"] for entry in result["workloads"]}


def edge(**labels: str) -> GatewayCluster:
    return GatewayCluster(
        namespace("edge", **labels), gateway(labels={"istio.io/rev": "1-30"}), service()
    )


def test_labels_what_is_there_and_names_the_rest() -> None:
    api = labelled(namespace("shop"), namespace("mail"))
    result = label(api, "shop", "closed", "mail")
    assert (result["rc"], result["left_out"]) == (0, ["closed"]), result.get("msg")
    assert api.writes == [("patch", "Namespace", "mail"), ("patch", "Namespace", "shop")]
    nothing = label(api, "closed")
    assert (nothing["changed"], nothing["namespaces"], nothing["left_out"]) == (
        False,
        [],
        ["closed"],
    )


def test_only_names_within_the_share_are_told_as_left_out() -> None:
    names = [f"closed-{number}" for number in range(40)]
    told = label(labelled(), *names, share=50)["left_out"]
    assert 0 < len(told) < len(names)


def test_a_namespace_that_is_deleted_before_its_write_is_left_out() -> None:
    api = labelled(namespace("shop"), namespace("mail"))
    missing = ApiError("mail not found", status=404)
    api.failures["patch", "mail"] = [missing]
    result = label(api, "shop", "mail")
    assert (result["rc"], result["left_out"]) == (0, ["mail"]), result.get("msg")
    assert [each["name"] for each in result["namespaces"]] == ["shop"]
    api.failures["patch", "mail"] = [missing]
    refused = label(api, "mail", gone="refuse")
    assert (refused["rc"], refused["failed_namespaces"]) == (1, ["mail"])


def test_a_namespace_that_is_going_still_gets_its_label() -> None:
    """Until it has gone it counts among those who use a revision."""
    api = labelled(ending(namespace("shop")))
    assert label(api, "shop")["counts"]["changed"] == 1


def test_restarts_where_the_namespace_is_there_and_names_the_rest() -> None:
    api = Cluster(workload("web", replicas=2))
    api.put(ending(namespace("outside", rev="1-31")))
    api.put(workload("late", namespace="outside"))
    api.step()
    result = restart(api, namespaces=["shop", "closed", "outside"])
    assert (result["rc"], result["left_out"]) == (0, ["closed", "outside"]), result.get("msg")
    assert actions(result) == {"web": "restarted"}
    api.writes.clear()
    nothing = restart(api, namespaces=["closed"])
    assert (nothing["rc"], nothing["left_out"], api.writes) == (0, ["closed"], [])


def test_restarts_the_workloads_that_are_there_and_names_the_rest() -> None:
    api = Cluster(workload("web", replicas=2))
    names = ["shop/Deployment/web", "shop/Deployment/old", "closed/Deployment/web"]
    predicted = restart(api, workloads=names, check=True)
    result = restart(api, workloads=names)
    assert (result["rc"], predicted["left_out"]) == (0, names[1:]), result.get("msg")
    assert (actions(result), result["left_out"]) == ({"web": "restarted"}, names[1:])


@pytest.mark.parametrize("leaves_out", [True, False])
def test_a_workload_that_is_deleted_while_it_restarts_is_no_failure(leaves_out: bool) -> None:
    api = Cluster(workload("web", replicas=2), workload("api", replicas=2))

    def take_away(_now: int) -> None:
        if ("apps/v1", "Deployment", "shop", "api") in api.objects and api.writes:
            api.remove(_kinds.DEPLOYMENT, "api", "shop")

    api.each_second = take_away
    given = {} if leaves_out else {"gone": "refuse"}
    result = restart(api, namespaces=["shop"], max_parallel=1, **given)
    expected = {"api": "gone", "web": "restarted"} if leaves_out else {"api": "failed"}
    assert (result["rc"], actions(result)) == (0 if leaves_out else 1, expected)


def test_a_workload_whose_write_finds_nothing_is_no_failure() -> None:
    api = Cluster(workload("web", replicas=2))

    def take_away(api: FakeApi) -> ApiError:
        api.remove(_kinds.DEPLOYMENT, "web", "shop")
        return ApiError("web not found", status=404)

    class Late(list[Exception]):
        """Deleted just before the request arrives."""

        def pop(self, _index: Any = -1) -> Exception:
            self.clear()
            return take_away(api)

    api.failures["patch", "web"] = Late([ApiError("", status=404)])
    result = restart(api, namespaces=["shop"])
    assert (result["rc"], actions(result)) == (0, {"web": "gone"}), result.get("msg")


def test_moves_the_gateways_that_are_there_and_names_the_rest() -> None:
    api = edge()
    result = move(api, gateways=[EDGE, OLD_EDGE], **LEAVE_OUT)
    assert (result["rc"], result["left_out"]) == (0, [OLD_EDGE]), result.get("msg")
    assert api.revisions_of("edge-in") == ["1-31"] * 2


@pytest.mark.parametrize("state", ["moved", "held"])
def test_moves_no_gateway_where_none_of_the_names_is_there(state: str) -> None:
    """An empty list means all of them."""
    api = edge()
    result = move(api, gateways=[OLD_EDGE], state=state, **LEAVE_OUT)
    assert (result["rc"], result["gateways"], api.writes) == (0, [], []), result.get("msg")


def test_leaves_a_gateway_alone_that_goes_with_its_namespace() -> None:
    api = edge()
    api.put(ending(namespace("edge")))
    result = move(api, gateways=[EDGE], **LEAVE_OUT)
    assert (result["rc"], result["left_out"], api.writes) == (0, [EDGE], []), result.get("msg")


@pytest.mark.parametrize("leaves_out", [True, False])
def test_a_gateway_that_is_deleted_while_it_moves_is_no_failure(leaves_out: bool) -> None:
    api = edge()

    def take_away(_now: int) -> None:
        if ("apps/v1", "Deployment", "edge", "edge-in") in api.objects and api.writes:
            api.remove(_kinds.DEPLOYMENT, "edge-in", "edge")

    api.each_second = take_away
    result = move(api, gateways=[EDGE], **(LEAVE_OUT if leaves_out else {}))
    if not leaves_out:
        assert (result["rc"], "is gone" in result["msg"]) == (1, True)
        return
    assert (result["rc"], result["gateways"]) == (0, []), result.get("msg")
    assert result["left_out"] == [EDGE]
