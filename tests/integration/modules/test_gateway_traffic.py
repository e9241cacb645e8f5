# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What gateways really see is counted, on real ones with real statistics."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3

from sandbox.cluster import INGRESS_PORT, Cluster
from tests.integration.support.lab import Lab

NAME = {"namespace": "istio-ingress", "name": "istio-ingressgateway"}
_DEPLOYMENT = "/apis/apps/v1/namespaces/istio-ingress/deployments/istio-ingressgateway"
# What the proxy keeps, and whether its sessions are those of users alone then.
KEPT = {
    "as the sandbox has it": (None, True),
    "as Istio has it": ({"inclusionPrefixes": ["nothing"]}, False),
    "as we ask for it": (
        {
            "inclusionSuffixes": [
                "downstream_cx_active",
                "downstream_rq_active",
                "downstream_rq_total",
            ]
        },
        True,
    ),
}


def _keep(cluster: Cluster, matcher: dict[str, Any]) -> None:
    """Let the proxies of the ingress gateway keep those statistics, and wait for the new ones."""
    config = f"proxyStatsMatcher: {matcher}"
    annotations = {"proxy.istio.io/config": config}
    patch = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    cluster.objects.patch(_DEPLOYMENT, patch)
    cluster.kubectl(
        *("rollout", "status", "deployment/istio-ingressgateway"),
        *("--namespace=istio-ingress", "--timeout=120s"),
    )


@contextmanager
def _sessions(cluster: Cluster, number: int) -> Iterator[None]:
    """Connections that were used and are kept."""
    connections = [
        http.client.HTTPConnection(cluster.node_address, INGRESS_PORT) for _each in range(number)
    ]
    try:
        for each in connections:
            each.request("GET", "/")
            each.getresponse().read()
        yield
    finally:
        for each in connections:
            each.close()


@pytest.mark.parametrize("name", KEPT)
def test_counts_sessions_and_requests(mesh: Cluster, lab: Lab, name: str) -> None:
    matcher, exact = KEPT[name]
    if matcher is not None:
        _keep(mesh, matcher)
    # Clients of an earlier test may go only now.
    first = lab.ansible.module("gateway_traffic", wait=exact, quiet=2).result
    assert {each["name"] for each in first["gateways"]} == {"istio-ingressgateway"}
    assert first["exact"] is exact
    started = time.monotonic()
    with _sessions(mesh, 7), urllib3.PoolManager(maxsize=1) as pool:
        for _each in range(150):
            assert pool.request("GET", mesh.ingress_url).status == 200
        # Where only the whole process is counted, that is done every five seconds.
        time.sleep(0 if exact else 6)
        seen = lab.ansible.alone("gateway_traffic", since=first["counters"]).result
    passed = time.monotonic() - started
    assert seen["requests_since"] == 157
    assert seen["rate"] >= 157 / (passed + 30)
    assert seen["open_requests"] == 0
    if exact:
        assert seen["sessions"] == 8
    else:
        assert seen["sessions"] >= 8


def test_waits_until_the_last_session_has_ended(mesh: Cluster, lab: Lab) -> None:
    options = {"gateways": [NAME], "wait": True, "quiet": 3}
    with _sessions(mesh, 2):
        busy = lab.ansible.module("gateway_traffic", fails=True, wait_timeout=5, **options)
        assert "The gateways are not quiet after 5 s: 2 sessions, 0 open requests" in busy.message
        assert len(busy.result["samples"]) >= 3
    quiet = lab.ansible.alone("gateway_traffic", wait_timeout=60, **options)
    assert (quiet.result["quiet"], quiet.result["sessions"]) == (True, 0)
    lab.refused("gateway_traffic", gateways=[{"namespace": "shop", "name": "catalog"}])
