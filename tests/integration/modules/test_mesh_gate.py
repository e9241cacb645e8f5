# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate passes on a healthy mesh under load, and sees what is broken in a real one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3

from sandbox import load
from sandbox.cluster import Cluster
from sandbox.progress import Progress
from tests.integration.support.lab import Lab
from tests.integration.support.playing import Outcome

RATE = 50
REQUESTS = "sum(rate(envoy_http_downstream_rq_total[15s]))"
MESH = dict.fromkeys(("proxies_synced", "rejects", "crash_loops", "pending_pods"), True)
GATEWAY = ("deployment/istio-ingressgateway", "--namespace=istio-ingress")
# Its image is not there, and nobody may pull it.
STUCK: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "stuck", "namespace": "shop", "labels": {"app": "stuck"}},
    "spec": {
        "containers": [{"name": "server", "image": "localhost/none", "imagePullPolicy": "Never"}]
    },
}


@pytest.fixture
def measured(mesh: Cluster) -> Cluster:
    """The mesh, once Prometheus has read istiod, and every Envoy often enough for a rate."""
    end = time.monotonic() + 180
    while time.monotonic() < end:
        found = urllib3.request(
            "POST",
            f"{mesh.prometheus_url}/api/v1/query",
            fields={"query": f"{REQUESTS} and sum(pilot_xds) >= 3"},
        )
        if found.json()["data"]["result"]:
            return mesh
        time.sleep(0.5)
    raise TimeoutError(f"{REQUESTS} has no data")


def _asking(cluster: Cluster, *queries: dict[str, Any]) -> dict[str, Any]:
    return {"prometheus": {"url": cluster.prometheus_url}, "queries": list(queries)}


def _home(cluster: Cluster, **more: Any) -> dict[str, Any]:
    return {"probes": [{"name": "home", "url": f"{cluster.ingress_url}/", **more}]}


def _unmeasured(lab: Lab, **options: Any) -> Outcome:
    """It fails by that name, and has written nothing."""
    lab.recorder.take()
    outcome = lab.ansible.alone("mesh_gate", fails=True, duration=0, **options)
    assert lab.recorder.writes() == []
    assert (outcome.result["verdict"], outcome.changed) == ("unmeasured", False)
    assert outcome.result["samples"][0]["ok"] is None
    return outcome


@contextmanager
def _stuck_pod(cluster: Cluster) -> Iterator[None]:
    cluster.apply([STUCK])
    try:
        yield
    finally:
        cluster.kubectl(*("delete", "pod", "-n", "shop", "stuck", "--force", "--grace-period=0"))


def test_a_healthy_mesh_passes_under_load(measured: Cluster, lab: Lab, progress: Progress) -> None:
    queries = (
        {"name": "requests", "query": REQUESTS, "min": 0.1, "factor": 1000, "slack": 1000},
        {
            "name": "rejected pushes",
            "query": "sum(increase(pilot_total_xds_rejects[15s]))",
            "max": 0,
            "empty": "zero",
        },
        {"name": "proxies", "query": "sum(pilot_xds)", "min": 3},
    )
    with load.start(measured, load.default_plan(measured, RATE, 300), progress) as running:
        running.wait_until_measuring()
        asking = _asking(measured, *queries)
        before = lab.ansible.module("mesh_gate", action="measure", **asking)
        assert before.result["baseline"].keys() == {each["name"] for each in queries}
        lab.recorder.take()
        held = lab.ansible.module(
            "mesh_gate",
            **asking,
            **_home(measured),
            **MESH,
            namespaces=["shop"],
            baseline=before.result["baseline"],
            duration=20,
            interval=5,
        )
        assert lab.recorder.writes() == []
        running.stop()
        assert running.result().failed == 0
    assert (held.result["verdict"], held.changed) == ("passed", False)
    assert held.result["held_seconds"] >= 20
    assert {each["name"]: each["bad"] for each in held.result["checks"]} == dict.fromkeys(
        (*before.result["baseline"], "home", *MESH), 0
    )
    values = [each["value"] for each in held.result["samples"] if each["check"] == "requests"]
    assert len(values) >= 3
    # Every request that came in is counted once by the gateway and once by each sidecar after it.
    assert values[-1] > RATE / 2


def test_a_limit_that_is_broken_fails_it(measured: Cluster, lab: Lab) -> None:
    query = {"name": "proxies", "query": "sum(pilot_xds)", "max": 1}
    outcome = lab.refused("mesh_gate", **_asking(measured, query), duration=20, interval=5)
    result = outcome.result
    assert (result["verdict"], result["check"]) == ("failed", "proxies")
    [sample] = result["samples"]
    assert sample["value"] >= 3
    assert "more than 1" in outcome.message
    tried = lab.ansible.alone("mesh_gate", check=True, **_asking(measured, query))
    assert tried.result["verdict"] == "failed"


def test_a_gateway_that_goes_away_meanwhile_fails_it(mesh: Cluster, lab: Lab) -> None:
    lab.recorder.take()
    taker = threading.Thread(target=_take_gateway_away_once_watched, args=(mesh, lab))
    taker.start()
    try:
        outcome = lab.ansible.alone(
            "mesh_gate",
            fails=True,
            **_home(mesh, timeout=1),
            crash_loops=True,
            namespaces=["shop"],
            duration=60,
            interval=1,
        )
    finally:
        taker.join()
        _scale_gateway(mesh, 1)
        mesh.kubectl("rollout", "status", *GATEWAY, "--timeout=60s")
    result = outcome.result
    assert (result["verdict"], result["check"]) == ("failed", "home")
    home = [each["ok"] for each in result["samples"] if each["check"] == "home"]
    assert home == [True] * (len(home) - 1) + [False]
    assert len(home) >= 3


def _take_gateway_away_once_watched(cluster: Cluster, lab: Lab) -> None:
    """The gate lists pods twice in each look; it has begun its third when no gateway is left."""
    listed, end = 0, time.monotonic() + 60
    while listed < 5 and time.monotonic() < end:
        listed += sum(each.path.endswith("/pods") for each in lab.recorder.take())
        time.sleep(0.1)
    # A pod that is only killed is replaced so fast that no probe need meet its absence.
    _scale_gateway(cluster, 0)


def _scale_gateway(cluster: Cluster, replicas: int) -> None:
    cluster.kubectl("scale", *GATEWAY, f"--replicas={replicas}")


def test_a_pod_that_cannot_start_fails_it(mesh: Cluster, lab: Lab) -> None:
    options: dict[str, Any] = {"pending_pods": True, "namespaces": ["shop"], "interval": 1}
    with _stuck_pod(mesh):
        outcome = lab.ansible.alone(
            "mesh_gate", fails=True, **options, pending_seconds=300, duration=120
        )
    assert (outcome.result["verdict"], outcome.result["check"]) == ("failed", "pending_pods")
    assert outcome.result["object"] == "shop/stuck"
    assert "ErrImageNeverPull" in outcome.message


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("sum(pilot_xds", "parse error", id="a syntax error"),
        pytest.param("sum(no_such_metric)", "there is no data", id="no data"),
        pytest.param("sum(pilot_xds) * 0 / 0", "gives NaN", id="NaN"),
        pytest.param("up", "series, where one is wanted", id="several series"),
        pytest.param("pilot_xds[1m]", "gives a matrix", id="a range"),
    ],
)
def test_what_prometheus_cannot_answer_is_unmeasured(
    measured: Cluster, lab: Lab, query: str, reason: str
) -> None:
    asking = _asking(measured, {"name": "odd", "query": query, "max": 1})
    assert reason in _unmeasured(lab, **asking).result["reason"]


def test_without_prometheus_it_is_unmeasured(mesh: Cluster, lab: Lab) -> None:
    asking = _asking(mesh, {"name": "up", "query": "min(up)", "min": 1})
    asking["prometheus"]["url"] = f"http://{mesh.node_address}:9099"
    for more in ({"action": "measure"}, {"check": True}, {}):
        outcome = _unmeasured(lab, **asking, **more)
        assert outcome.result["reason"].endswith("cannot be asked: Connection refused")
        assert "up on 'min(up)'" in outcome.message


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        pytest.param(
            "istio-system/istiod:http-monitoring", "answered 404, and not as Prom", id="another app"
        ),
        pytest.param("istio-system/istiod:15014", "answered 404, and not as Prom", id="by number"),
        pytest.param("istio-system/istiod:9090", "has only the ports", id="no such port"),
        pytest.param("istio-system/prometheus:9090", "does not exist", id="no such Service"),
    ],
)
def test_service_is_reached_through_the_api_server(
    mesh: Cluster, lab: Lab, service: str, reason: str
) -> None:
    asking = _asking(mesh, {"name": "up", "query": "min(up)", "min": 1})
    asking["prometheus"] = {"service": service}
    assert reason in _unmeasured(lab, **asking).result["reason"]
