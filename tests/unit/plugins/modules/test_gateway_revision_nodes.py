# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways behind Services that hand what comes to a node to the pods of that node alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.gateways import (
    GatewayCluster,
    gateway,
    local_service,
    move,
    service,
)
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object, is_ready

LOCAL = {"externalTrafficPolicy": "Local"}


def cluster(old: list[str], new: list[str], before: Object) -> GatewayCluster:
    """Its old pods run on those nodes, and each new one comes to the next of the others."""
    item = gateway(labels={"istio.io/rev": "1-30"}, replicas=len(old))
    api = GatewayCluster(namespace("edge"), item, before)
    for pod, node in zip(api.controllers.pods("edge-in"), old, strict=True):
        api.put({**pod, "spec": {**pod["spec"], "nodeName": node}})
    places = iter(new)
    api.controllers.place = lambda _name: next(places)
    return api


def nodes(api: GatewayCluster) -> Iterator[str]:
    """Those with a pod of the gateway that is ready, as its Service knows it."""
    for pod in api.controllers.pods("edge-in"):
        if is_ready(pod) and pod["metadata"]["labels"].get("app") == "edge-in":
            yield pod["spec"]["nodeName"]


@pytest.mark.parametrize("policy", ["externalTrafficPolicy", "internalTrafficPolicy"])
def test_moves_where_each_node_gets_a_new_pod(policy: str) -> None:
    api = cluster(["n1", "n2"], ["n2", "n1"], local_service(**{policy: "Local"}))
    empty = []
    api.each_second = lambda now: empty.append(now) if {*nodes(api)} != {"n1", "n2"} else None
    assert move(api)["rc"] == 0
    assert (api.revisions_of("edge-in"), api.network.lost, empty) == (["1-31"] * 2, [], [])


def test_goes_back_where_a_node_of_an_old_pod_gets_none_and_says_which() -> None:
    api = cluster(["n1", "n2", "n2"], ["n1", "n3", "n3"], local_service(**LOCAL))
    empty = []
    api.each_second = lambda now: empty.append(now) if not {*nodes(api)} >= {"n1", "n2"} else None
    result = move(api, wait_timeout=30)
    assert (
        "no new pod of the gateway edge/edge-in is ready on n2, where old ones are, and Service"
        " edge/edge-in leads to the pods of the same node and to no other: let new ones run there"
    ) in result["msg"]
    assert "set externalTrafficPolicy and internalTrafficPolicy of the Service" in result["msg"]
    assert "allow_empty_nodes" in result["msg"]
    assert "wait_timeout has passed" in result["msg"]
    api.run_on(3)
    assert (api.revisions_of("edge-in"), api.marked(), empty) == (["1-30"] * 3, [], [])
    assert api.network.lost == []


def test_goes_on_when_a_new_pod_has_come_to_the_node() -> None:
    api = cluster(["n1", "n2"], ["n1", "n3", "n2"], local_service(**LOCAL))

    def scale(now: int) -> None:
        if now == 9:
            assert api.revisions_of("edge-in") == ["1-30"] * 2 + ["1-31"] * 2
            item = api.objects["apps/v1", "Deployment", "edge", "edge-in"]
            api.put({**item, "spec": {**item["spec"], "replicas": 3}})

    api.each_second = scale
    assert move(api)["rc"] == 0
    assert (api.revisions_of("edge-in"), {*nodes(api)}) == (["1-31"] * 3, {"n1", "n2", "n3"})


def test_leaves_a_node_empty_where_that_is_allowed() -> None:
    api = cluster(["n1", "n2"], ["n1", "n1"], local_service(**LOCAL))
    assert move(api, allow_empty_nodes=True)["rc"] == 0
    assert api.revisions_of("edge-in") == ["1-31"] * 2


def test_another_node_will_do_where_the_service_leads_to_all() -> None:
    api = cluster(["n1", "n2"], ["n3", "n3"], service())
    assert move(api)["rc"] == 0
    assert api.revisions_of("edge-in") == ["1-31"] * 2


def test_an_old_pod_that_is_not_ready_keeps_no_node() -> None:
    api = cluster(["n1", "n2"], ["n1", "n1"], local_service(**LOCAL))
    ill = api.controllers.pods("edge-in")[1]
    api.controllers.never_ready.add(ill["metadata"]["name"])
    api.put({**ill, "status": {"phase": "Running"}})
    assert (move(api)["rc"], api.revisions_of("edge-in")) == (0, ["1-31"] * 2)
