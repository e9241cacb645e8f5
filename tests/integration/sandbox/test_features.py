# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every feature works on a quiet mesh, and each check sees when its feature is broken."""

from __future__ import annotations

import time

from sandbox import features, reset
from sandbox.cluster import Cluster

PATIENCE = 90.0
SHOP = "/apis/networking.istio.io/v1/namespaces/shop"
POLICY = "/apis/security.istio.io/v1/namespaces/shop/peerauthentications/default"
EVEN = [
    {"destination": {"host": "reviews", "subset": "v1"}, "weight": 50},
    {"destination": {"host": "reviews", "subset": "v2"}, "weight": 50},
]
PAST = [{"route": [{"destination": {"host": "partner.example.com"}}]}]


BROKEN = {
    "mutual TLS": (POLICY, {"mtls": {"mode": "PERMISSIVE"}}),
    "weights": (f"{SHOP}/virtualservices/reviews", {"http": [{"route": EVEN}]}),
    "circuit breaker": (
        f"{SHOP}/destinationrules/payments",
        {"trafficPolicy": {"connectionPool": {"tcp": {"maxConnections": 1000}}}},
    ),
    "fault injection": (
        f"{SHOP}/virtualservices/catalog",
        {"http": [{"route": [{"destination": {"host": "catalog"}}]}]},
    ),
    "egress gateway": (
        f"{SHOP}/virtualservices/partner",
        {"gateways": ["mesh"], "http": PAST},
    ),
}


def _broken(cluster: Cluster) -> set[str]:
    return {each.name for each in features.check(cluster) if not each.ok}


def test_every_feature_works_on_a_quiet_mesh(mesh: Cluster) -> None:
    assert _settles(mesh, set())
    found = features.check(mesh)
    assert len(found) == 7
    assert not [each for each in found if not each.ok]


def test_every_broken_feature_is_seen_and_no_other(mesh: Cluster) -> None:
    for path, spec in BROKEN.values():
        whole = mesh.objects.get(path)
        whole["spec"] = {**whole["spec"], **spec}
        mesh.objects.replace(path, whole)
    try:
        assert _settles(mesh, set(BROKEN))
    finally:
        reset.restore(mesh)
    assert _settles(mesh, set())


def _settles(cluster: Cluster, wanted: set[str]) -> bool:
    """Istio takes a moment to tell every proxy, however quick a machine asks."""
    end = time.monotonic() + PATIENCE
    while _broken(cluster) != wanted:
        if time.monotonic() > end:
            return False
    return True
