# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The weights of real routes, which istiod validates and accepts."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.cluster import Cluster
from tests.integration.support.lab import Lab
from tests.integration.support.playing import CHECKOUT

DIRECTOR = CHECKOUT / "roles/switchover/tasks/directors/kubernetes.yml"
REVIEWS = {
    "kind": "VirtualService",
    "namespace": "shop",
    "name": "reviews",
    "source_backend": "reviews/v1",
    "target_backend": "reviews/v2",
}
DOOR = {
    "kind": "HTTPRoute",
    "namespace": "shop",
    "name": "door",
    "source_backend": "catalog",
    "target_backend": "reviews",
}
_GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/shop"


def _open_door(cluster: Cluster) -> None:
    """A gateway of the Gateway API whose route leads to two Services of the shop."""
    meta: dict[str, Any] = {"apiVersion": "gateway.networking.k8s.io/v1"}
    gateway = {
        **meta,
        "kind": "Gateway",
        "metadata": {
            "name": "door",
            "annotations": {"networking.istio.io/service-type": "ClusterIP"},
        },
        "spec": {
            "gatewayClassName": "istio",
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    }
    backends = [{"name": "catalog", "port": 80}, {"name": "reviews", "port": 80, "weight": 0}]
    route = {
        **meta,
        "kind": "HTTPRoute",
        "metadata": {"name": "door"},
        "spec": {"parentRefs": [{"name": "door"}], "rules": [{"backendRefs": backends}]},
    }
    cluster.objects.create(f"{_GATEWAYS}/gateways", gateway)
    cluster.objects.create(f"{_GATEWAYS}/httproutes", route)
    cluster.objects.wait(f"{_GATEWAYS}/httproutes", _unaccepted, what="the route")


def _unaccepted(routes: list[dict[str, Any]]) -> str:
    parents = [each for item in routes for each in (item.get("status") or {}).get("parents", ())]
    return "" if parents else "no controller has accepted it"


def _weights(cluster: Cluster, route: dict[str, str]) -> list[int]:
    """Those of the first rule, as they stand in the cluster."""
    if route["kind"] == "HTTPRoute":
        rule = cluster.objects.get(f"{_GATEWAYS}/httproutes/door")["spec"]["rules"][0]
        return [each.get("weight", 1) for each in rule["backendRefs"]]
    path = "/apis/networking.istio.io/v1/namespaces/shop/virtualservices/reviews"
    return [each["weight"] for each in cluster.objects.get(path)["spec"]["http"][0]["route"]]


@pytest.mark.parametrize("route", [REVIEWS, DOOR], ids=["VirtualService", "HTTPRoute"])
def test_sets_the_share_and_nothing_else(mesh: Cluster, lab: Lab, route: dict[str, str]) -> None:
    if route is DOOR:
        _open_door(mesh)
    proof = lab.prove("route_weights", share=25, **route)
    assert (proof.done.result["holds"], proof.done.result["share"]) == (True, 25)
    assert len(proof.writes) == 1
    assert _weights(mesh, route) == [75, 25]
    mesh.kubectl("annotate", route["kind"], route["name"], "--namespace=shop", "touched=yes")
    assert lab.ansible.module("route_weights", **route).result["writer"] == "meshwright.istio"
    wrong = lab.refused("route_weights", share=25, **{**route, "target_backend": "nobody"})
    assert "has no rule with both" in wrong.message


def test_the_director_answers_every_operation(mesh: Cluster, lab: Lab) -> None:
    settings = {**REVIEWS, "kubeconfig": str(lab.recorder.kubeconfig)}
    tasks: list[dict[str, Any]] = []
    for operation, given in (
        ("check", {"switchover_shares": [0, 1, 100]}),
        ("prepare", {}),
        ("set", {"switchover_share": 40}),
        ("read", {}),
        ("lifetime", {}),
        ("shut", {}),
        ("restore", {}),
    ):
        variables = {"switchover_operation": operation, "switchover_kubernetes": settings, **given}
        tasks += [
            {"ansible.builtin.set_fact": {"switchover_answer": {}}},
            {"ansible.builtin.include_tasks": str(DIRECTOR), "vars": variables},
            {"name": "answer", "ansible.builtin.debug": {"msg": "{{ switchover_answer }}"}},
        ]
    played = lab.ansible.tasks(*tasks)
    answers = [each.result["msg"] for each in played.outcomes if each.name == "answer"]
    read = {
        "share": 40,
        "holds": True,
        "reason": "",
        "healthy": {"source": None, "target": None},
        "writer": "meshwright.istio",
        "object": "VirtualService shop/reviews",
    }
    assert answers == [{}, {}, {}, read, {"seconds": 0}, {"supported": False}, {}]
    assert _weights(mesh, REVIEWS) == [60, 40]
