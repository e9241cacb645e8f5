# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that upgrades find difficult runs, and a load reaches all of it from both sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import istio, load, reset, workloads
from sandbox.cluster import Cluster
from sandbox.load import LoadRun

GATEWAYS = "/apis/gateway.networking.k8s.io/v1/namespaces/hard/gateways"
RATE = 60
SECONDS = 10


@pytest.fixture
def hard(mesh: Cluster) -> Iterator[Cluster]:
    """The usual mesh, to which the rest of `hard` is added for a while."""
    istio.set_tag(mesh, "1.30", workloads.TAG)
    workloads.deploy(mesh, "hard")
    workloads.wait_ready(mesh, "hard")
    yield mesh
    reset.restore(mesh)


def test_everything_is_there_and_nothing_is_lost(
    hard: Cluster, send: Callable[..., LoadRun]
) -> None:
    _check_pods(hard)
    _check_gateway(hard)
    runs = [
        send(load.hard_plan(hard, RATE, SECONDS, inside=inside, streams=4), inside=inside)
        for inside in (False, True)
    ]
    for run in runs:
        result = run.result()
        result.check_environment()
        assert (result.failed, result.broken) == (0, 0), result.table()
        # The slow ones come at random, and few.
        assert all(each.answered for each in result.targets if "s" not in each.name.split()[-1])
        assert {stream.kind for stream in result.streams if stream.opened} == {
            "stream",
            "http2",
            "websocket",
            "tcp",
        }


def _get(cluster: Cluster, *what: str) -> Any:
    return json.loads(cluster.kubectl("get", *what, "-o", "json"))


def _check_pods(cluster: Cluster) -> None:
    """Who made the pods, and which of them have a sidecar."""
    pods = _get(cluster, "pods", "-n", "hard")["items"]
    makers = {owner["kind"] for pod in pods for owner in pod["metadata"].get("ownerReferences", ())}
    assert makers == {"ReplicaSet", "StatefulSet", "DaemonSet", "Job"}
    assert [
        pod["metadata"]["name"] for pod in pods if "ownerReferences" not in pod["metadata"]
    ] == ["bare"]
    for namespace, injected in (("hard", True), ("hard-tagged", True), ("hard-excluded", False)):
        for pod in _get(cluster, "pods", "-n", namespace)["items"]:
            containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
            assert any(each["name"] == "istio-proxy" for each in containers) == injected
    budget = _get(cluster, "poddisruptionbudget", "-n", "hard", "guarded")
    assert budget["status"]["disruptionsAllowed"] == 0


def _check_gateway(cluster: Cluster) -> None:
    """Istio has taken the gateway of the Gateway API for its own, and made what serves it."""
    # istiod writes it down some time after the pod is ready.
    cluster.objects.wait(GATEWAYS, _unserved, what="the gateway of the Gateway API")
    [owner] = _get(cluster, "deployment", "-n", "hard", "public-istio")["metadata"][
        "ownerReferences"
    ]
    assert (owner["kind"], owner["name"]) == ("Gateway", "public")


def _unserved(gateways: list[dict[str, Any]]) -> str:
    (public,) = (each for each in gateways if each["metadata"]["name"] == "public")
    found = public.get("status", {}).get("conditions", ())
    conditions = {each["type"]: each["status"] for each in found}
    lacking = [name for name in ("Accepted", "Programmed") if conditions.get(name) != "True"]
    return f"it is not {' and not '.join(lacking)}" if lacking else ""
