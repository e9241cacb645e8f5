# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every feature works on a quiet mesh, and each check sees when its feature is broken."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import features, reset
from sandbox.cluster import Cluster

SHOP = "/apis/networking.istio.io/v1/namespaces/shop"
POLICY = "/apis/security.istio.io/v1/namespaces/shop/peerauthentications/default"
EVEN = [
    {"destination": {"host": "reviews", "subset": "v1"}, "weight": 50},
    {"destination": {"host": "reviews", "subset": "v2"}, "weight": 50},
]
PAST = [{"route": [{"destination": {"host": "partner.example.com"}}]}]


def _broken(cluster: Cluster) -> set[str]:
    return {each.name for each in features.check(cluster) if not each.ok}


def test_every_feature_works_on_a_quiet_mesh(mesh: Cluster) -> None:
    found = features.check(mesh)
    assert len(found) == 7
    assert not [each for each in found if not each.ok]


@pytest.mark.parametrize(
    ("name", "path", "spec"),
    [
        pytest.param("mutual TLS", POLICY, {"mtls": {"mode": "PERMISSIVE"}}, id="mutual TLS"),
        pytest.param(
            "weights", f"{SHOP}/virtualservices/reviews", {"http": [{"route": EVEN}]}, id="weights"
        ),
        pytest.param(
            "circuit breaker",
            f"{SHOP}/destinationrules/payments",
            {"trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 1000}}}},
            id="circuit breaker",
        ),
        pytest.param(
            "fault injection",
            f"{SHOP}/virtualservices/catalog",
            {"http": [{"route": [{"destination": {"host": "catalog"}}]}]},
            id="fault injection",
        ),
        pytest.param(
            "egress gateway",
            f"{SHOP}/virtualservices/partner",
            {"gateways": ["mesh"], "http": PAST},
            id="egress gateway",
        ),
    ],
)
def test_a_broken_feature_is_seen(cluster: Cluster, name: str, path: str, spec: Any) -> None:
    whole = cluster.objects.get(path)
    whole["spec"] = {**whole["spec"], **spec}
    cluster.objects.replace(path, whole)
    try:
        assert _settles(cluster, {name})
    finally:
        reset.restore(cluster)
    assert _settles(cluster, set())


def _settles(cluster: Cluster, wanted: set[str]) -> bool:
    """Istio takes a moment to tell every proxy."""
    return any(_broken(cluster) == wanted for _ in range(4))
