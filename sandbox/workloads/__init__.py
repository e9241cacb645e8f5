# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workloads: `shop` has what must survive an upgrade, `hard` what makes upgrades difficult."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from sandbox import gateway_api, istio
from sandbox.api import Object
from sandbox.cluster import Cluster
from sandbox.errors import UsageError
from sandbox.workloads.servers import Kind, OnSigterm, Server

FOLDER = Path(__file__).parent
PARTNER = "partner.example.com"
# The tag that the namespace `hard-tagged` asks for.
TAG = "prod"
# Nothing is there: the sidecar takes whatever goes to port 80 and looks at the name alone.
_NOWHERE = "198.19.255.250"
_PARTNER_ALIAS = {"ip": _NOWHERE, "hostnames": [PARTNER]}

SHOP = (
    Server(
        name="frontend",
        namespace="shop",
        calls=("http://catalog/", f"http://{PARTNER}/"),
        host_aliases=(_PARTNER_ALIAS,),
    ),
    Server(name="catalog", namespace="shop", calls=("http://reviews/",), has_raw_tcp=True),
    Server(name="reviews", namespace="shop"),
    Server(name="reviews", namespace="shop", version="v2", replicas=1),
    Server(name="payments", namespace="shop", replicas=1),
    Server(name="partner", namespace="outside", replicas=1),
)
HARD = (
    Server(name="single", namespace="hard", replicas=1),
    Server(name="stateful", namespace="hard", kind=Kind.STATEFUL_SET),
    Server(name="daemon", namespace="hard", kind=Kind.DAEMON_SET),
    Server(name="job", namespace="hard", kind=Kind.JOB),
    Server(name="bare", namespace="hard", kind=Kind.POD),
    Server(name="guarded", namespace="hard", min_available=2),
    Server(name="slow", namespace="hard"),
    *(Server(name=how, namespace="hard", on_sigterm=how) for how in OnSigterm),
    Server(name="streams", namespace="hard", has_raw_tcp=True, has_http2=True),
    Server(name="excluded", namespace="hard-excluded", replicas=1),
    Server(name="tagged", namespace="hard-tagged"),
)


def deploy(cluster: Cluster, kind: str) -> None:
    """Apply the workloads; `hard` is `shop` and more, and needs the tag `prod`."""
    cluster.apply(objects(kind))


def objects(kind: str) -> list[Object]:
    """The manifests of a kind of workloads."""
    if kind not in ("shop", "hard"):
        raise UsageError(f"there are no workloads {kind}", "use shop or hard")
    found = [*_load("shop"), *(each for server in SHOP for each in server.objects())]
    if kind == "hard":
        found += [*_load("hard"), *(each for server in HARD for each in server.objects())]
    return _unique(found)


def wait_ready(cluster: Cluster, kind: str, timeout: float = 240.0) -> None:
    """Until every Deployment, StatefulSet and DaemonSet has all its pods."""
    spaces = sorted({document["metadata"].get("namespace") for document in objects(kind)} - {None})
    for space in spaces:
        for plural in ("deployments", "statefulsets"):
            path = f"/apis/apps/v1/namespaces/{space}/{plural}"
            what = f"the workloads in {space}"
            cluster.objects.wait(path, istio.unready, what=what, timeout=timeout)
        path = f"/apis/apps/v1/namespaces/{space}/daemonsets"
        cluster.objects.wait(path, _unready_daemons, what=f"the daemons in {space}")
    if kind == "hard":
        path = "/api/v1/namespaces/hard/pods"
        cluster.objects.wait(path, _unready_pods, what="the pods in hard", timeout=timeout)


def _unready_daemons(daemons: list[Object]) -> str:
    lacking = []
    for daemon in daemons:
        status = daemon.get("status", {})
        wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        if status.get("observedGeneration", 0) < daemon["metadata"]["generation"] or not wanted:
            lacking.append(f"{daemon['metadata']['name']} is not looked at yet")
        elif ready < wanted:
            lacking.append(f"{daemon['metadata']['name']} has {ready} of {wanted} pods")
    return ", ".join(lacking)


def _unready_pods(pods: list[Object]) -> str:
    """What no controller's status tells: the bare pod, the Job's, and those of the gateway."""
    lacking = [pod["metadata"]["name"] for pod in pods if not _is_ready(pod)]
    gateways = [pod["metadata"].get("labels", {}).get(gateway_api.NAME_LABEL) for pod in pods]
    if gateway_api.NAME not in gateways:
        lacking.append(f"the gateway {gateway_api.NAME}")
    return ", ".join(lacking)


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _load(name: str) -> list[dict[str, Any]]:
    text = (FOLDER / f"{name}.yml").read_text()
    return [document for document in yaml.safe_load_all(text) if document]


def _unique(documents: list[Object]) -> list[Object]:
    """One Service may stand before two versions of a server."""
    found = {}
    for document in documents:
        metadata = document["metadata"]
        key = (document["apiVersion"], document["kind"], metadata.get("namespace"))
        found[*key, metadata["name"]] = document
    return list(found.values())
