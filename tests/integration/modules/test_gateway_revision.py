# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways move behind their Services, and come back as they were."""

from __future__ import annotations

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
