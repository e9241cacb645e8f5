# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways move behind their Services, and come back as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import urllib3

from sandbox import istio
from sandbox.cluster import Cluster
from tests.integration.support.lab import NEW, Lab


def _addresses(cluster: Cluster) -> dict[tuple[str, str], Any]:
    """What clients know of the gateways, and their Deployments."""
    found: dict[tuple[str, str], Any] = {}
    for name, namespace in istio.GATEWAYS.items():
        for prefix, plural in (("/api/v1", "services"), ("/apis/apps/v1", "deployments")):
            item = cluster.objects.get(f"{prefix}/namespaces/{namespace}/{plural}/{name}")
            spec = item["spec"]
            found[plural, name] = (
                item["metadata"]["uid"],
                spec.get("clusterIP"),
                spec.get("ports"),
                spec["selector"],
                spec.get("replicas"),
            )
    return found


def _deployments(cluster: Cluster) -> set[str]:
    return {
        each["metadata"]["name"]
        for namespace in istio.GATEWAYS.values()
        for each in cluster.objects.get(f"/apis/apps/v1/namespaces/{namespace}/deployments")[
            "items"
        ]
    }


def test_gateways_go_and_come_back(beside: Cluster, lab: Lab) -> None:
    shop = lab.refused("gateway_revision", gateways=["shop/Deployment/catalog"], revision=NEW)
    assert "Deployment shop/catalog is no gateway" in shop.message
    nowhere = lab.refused("gateway_revision", revision="1-99")
    assert "1-99" in nowhere.message

    before = _addresses(beside)
    there = lab.prove("gateway_revision", revision=NEW)
    assert {each["name"] for each in there.done.result["gateways"]} == set(istio.GATEWAYS)
    for namespace in istio.GATEWAYS.values():
        assert lab.revisions(namespace) == {NEW}
    assert _addresses(beside) == before
    assert _deployments(beside) == set(istio.GATEWAYS), "no stand-in is left"
    assert urllib3.request("GET", beside.ingress_url).status == 200
    assert lab.revisions("shop") == {"default"}

    one = "istio-egress/Deployment/istio-egressgateway"
    back = lab.prove("gateway_revision", gateways=[one], revision="default")
    assert not [each for each in back.writes if "istio-ingress" in each]
    assert lab.revisions("istio-egress") == {"default"}
    assert lab.revisions("istio-ingress") == {NEW}


DOOR = "shop/Deployment/door-istio"
_GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/shop"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"


def _open_door(cluster: Cluster) -> None:
    """A gateway that istiod deploys, before the shop's catalog."""
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {
            "name": "door",
            "annotations": {"networking.istio.io/service-type": "ClusterIP"},
        },
        "spec": {"gatewayClassName": "istio", "listeners": [listener]},
    }
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "door"},
        "spec": {
            "parentRefs": [{"name": "door"}],
            "rules": [{"backendRefs": [{"name": "catalog", "port": 80}]}],
        },
    }
    cluster.objects.create(f"{_GATEWAYS}/gateways", gateway)
    cluster.objects.create(f"{_GATEWAYS}/httproutes", route)
    cluster.objects.wait(_DEPLOYMENTS, _is_shut, what="the door")


def _is_shut(deployments: list[dict[str, Any]]) -> str:
    door = [each for each in deployments if each["metadata"]["name"] == "door-istio"]
    ready = door and door[0].get("status", {}).get("readyReplicas")
    return "" if ready else "it is not ready"


def _door_revisions(lab: Lab) -> set[str]:
    return {
        pod["metadata"]["annotations"]["istio.io/rev"]
        for pod in lab.pods("shop")
        if pod["metadata"]["name"].startswith("door-")
    }


def test_one_that_istiod_deploys_is_held_and_goes_and_comes_back(beside: Cluster, lab: Lab) -> None:
    _open_door(beside)
    before = beside.objects.get(f"{_DEPLOYMENTS}/door-istio")["spec"]
    given = {"gateways": [DOOR], "drain_hold": 2}
    for revision, labels in (
        (NEW, {"revision": NEW}),
        ("default", {"injection": "enabled"}),
    ):
        there = _door_revisions(lab)
        lab.prove("gateway_revision", **given, revision=revision, state="held")
        lab.ansible.alone("namespace_revision_label", namespaces=["shop"], **labels)
        beside.objects.wait(_DEPLOYMENTS, _not_rendered_by(revision), what="the istiods")
        assert _door_revisions(lab) == there, "the label alone has replaced its pods"
        moved = lab.prove("gateway_revision", **given, revision=revision)
        (drained,) = moved.done.result["gateways"][0]["drained"]
        assert (drained["open_at_end"], drained["acknowledged"] is not None) == (0, True)
        assert _door_revisions(lab) == {revision}
    assert beside.objects.get(f"{_DEPLOYMENTS}/door-istio")["spec"] == before


def _not_rendered_by(revision: str) -> Callable[[list[dict[str, Any]]], str]:
    def judge(deployments: list[dict[str, Any]]) -> str:
        (door,) = (each for each in deployments if each["metadata"]["name"] == "door-istio")
        found = door["spec"]["template"]["metadata"]["annotations"]["istio.io/rev"]
        return "" if found == revision else f"{found} has it still"

    return judge
