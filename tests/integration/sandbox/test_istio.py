# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions that are bad on purpose are bad in the way that they promise; kubectl is the judge."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox import istio
from sandbox.cluster import Cluster
from sandbox.images import PROGRAMS
from sandbox.istio import Bad

INJECTING = (Bad.PROXIES, Bad.PROXY_IMAGE)
PATIENCE = 240.0


def test_every_bad_version_is_bad_in_its_own_way(mesh: Cluster) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda bad: istio.install(mesh, "1.31", f"bad-{bad}", bad), Bad))
    mesh.apply([each for bad in INJECTING for each in _space_with_a_pod(f"bad-{bad}")])

    for bad in INJECTING:
        assert _becomes(mesh, "istio-system", f"app=istiod,istio.io/rev=bad-{bad}", _is_ready)
    assert _becomes(mesh, "bad-proxies", "app=idle", _proxy_runs)
    assert _rejects(mesh)
    assert not _is_ready(_pods(mesh, "bad-proxies", "app=idle"))
    assert _becomes(mesh, "bad-proxy-image", "app=idle", _cannot_be_pulled)
    assert _becomes(mesh, "istio-system", "istio.io/rev=bad-istiod-image", _cannot_be_pulled)
    assert _becomes(mesh, "istio-system", "istio.io/rev=bad-istiod-crash", _crashes)


def _space_with_a_pod(revision: str) -> list[dict[str, Any]]:
    """A namespace that asks for the revision, and a pod that does nothing in it."""
    labels = {"istio.io/rev": revision}
    container = {
        "name": "idle",
        "image": PROGRAMS,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "3600"],
    }
    metadata = {"name": "idle", "namespace": revision, "labels": {"app": "idle"}}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": revision, "labels": labels}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec},
    ]


Pods = list[dict[str, Any]]


def _pods(cluster: Cluster, namespace: str, selector: str) -> Pods:
    said = cluster.kubectl("get", "pods", "-n", namespace, "-l", selector, "-o", "json")
    found: Pods = json.loads(said)["items"]
    return found


def _becomes(
    cluster: Cluster, namespace: str, selector: str, holds: Callable[[Pods], bool]
) -> bool:
    end = time.monotonic() + PATIENCE
    while not holds(_pods(cluster, namespace, selector)):
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def _statuses(pods: Pods) -> Iterator[dict[str, Any]]:
    for pod in pods:
        for key in ("initContainerStatuses", "containerStatuses"):
            yield from pod["status"].get(key, ())


def _is_ready(pods: Pods) -> bool:
    conditions = [each for pod in pods for each in pod["status"].get("conditions", ())]
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _proxy_runs(pods: Pods) -> bool:
    proxies = [each for each in _statuses(pods) if each["name"] == "istio-proxy"]
    return any("running" in each["state"] for each in proxies)


def _rejects(cluster: Cluster) -> bool:
    """The proxy says itself why it never gets ready."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        said = cluster.kubectl("logs", "-n", "bad-proxies", "idle", "-c", "istio-proxy")
        if "lds updates: 0 successful" in said and "rejected" in said:
            return True
        time.sleep(0.2)
    return False


def _cannot_be_pulled(pods: Pods) -> bool:
    reasons = {each["state"].get("waiting", {}).get("reason") for each in _statuses(pods)}
    return bool(reasons & {"ErrImagePull", "ImagePullBackOff"})


def _crashes(pods: Pods) -> bool:
    return any(each["restartCount"] > 0 for each in _statuses(pods))
