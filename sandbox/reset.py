# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a cluster back to how it was when it was new, in seconds, whatever was done to it.

What `up` has made is remembered object by object. A reset deletes what was added since, makes again
what is gone, and puts back what was changed. Custom resource definitions stay as they are: a newer
Istio's serve an older one too. Other states can be remembered beside it, each by a name.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import filterfalse
from pathlib import Path

from sandbox import istio
from sandbox.api import ApiError, Object
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from sandbox.snapshot import State, read

_PARALLEL = 12
_PODS = "/api/v1/pods"
_SPACES = "/api/v1/namespaces"
# istiod collects changes for a tenth of a second, and longer while more come, before it tells the
# proxies of them.
_PUSH = 1.0
_PROXY = "istio-proxy"
_MONITORING = 15014
_CONNECTIONS = re.compile(r"^pilot_xds\{.*\} (\S+)$", re.MULTILINE)
_PAUSE = 0.5
_REVISION = "istio.io/rev"
NEW = "new"

# The revision and the image of the sidecars of each namespace.
Proxies = dict[str, list[list[str]]]


def remember(cluster: Cluster, name: str = NEW) -> None:
    """Keep how the cluster is now; `restore` goes back to it."""
    memory = {"objects": read(cluster), "proxies": _proxies(cluster.objects.get(_PODS)["items"])}
    _memory(cluster, name).write_text(json.dumps(memory))


def knows(cluster: Cluster, name: str) -> bool:
    """Whether a state of that name was remembered."""
    return _memory(cluster, name).exists()


def restore(cluster: Cluster, name: str = NEW, timeout: float = 300.0) -> None:
    """Go back to what was remembered, and wait until all of it is ready and nothing else is left.

    A mesh that is as it should be already costs no more than the look at it.
    """
    memory = json.loads(_memory(cluster, name).read_text())
    before: State = memory["objects"]
    now = read(cluster)
    added = [path for path in now if path not in before]
    # A namespace takes what is in it along, and nothing may be deleted in one that is going.
    spaces = {path.rpartition("/")[2] for path in added if _is_namespace(path)}
    _each(cluster.objects.delete, [path for path in added if _namespace(path) not in spaces])
    changed = [path for path in before if before[path] != now.get(path)]

    def put_back(paths: Iterable[str]) -> None:
        _each(lambda path: _put(cluster, path, before[path]), paths)

    put_back(filterfalse(_namespace, changed))
    put_back(filter(_is_of_mesh, changed))
    # A pod that comes before its injector is refused, and its controller tries again later each
    # time: after some seconds of refusals, only minutes later.
    path = f"/apis/apps/v1/namespaces/{istio.NAMESPACE}/deployments"
    cluster.objects.wait(path, istio.unready, what="istiod of the reset mesh", timeout=timeout)
    put_back(path for path in changed if _namespace(path) and not _is_of_mesh(path))
    foreign = list(_foreign_pods(cluster.objects.get(_PODS)["items"], memory["proxies"]))
    _each(cluster.objects.delete, foreign)
    if added or changed or foreign or _is_restless(cluster):
        _settle(cluster, timeout)
    _wait_for_proxies(cluster, timeout)


def _is_restless(cluster: Cluster) -> bool:
    """Whether pods still come or go, although everything is asked for as it should be."""
    pods = cluster.objects.get(_PODS)["items"]
    deployments = cluster.objects.get("/apis/apps/v1/deployments")["items"]
    # Where pods were only killed, their controller may not have counted them yet.
    return bool(_leaving(pods) or _starting(pods) or istio.unready(deployments))


def _wait_for_proxies(cluster: Cluster, timeout: float) -> None:
    """Until each proxy is connected: where an istiod was replaced they come back one by one."""
    end = time.monotonic() + timeout
    while True:
        pods = cluster.objects.get(_PODS)["items"]
        istiods = [pod for pod in pods if pod["metadata"].get("labels", {}).get("app") == "istiod"]
        proxies = sum(pod["status"]["phase"] == "Running" and bool(_proxy(pod)) for pod in pods)
        connected = sum(_connected(_metrics(cluster, istiod)) for istiod in istiods)
        if connected >= proxies or not istiods:
            return
        if time.monotonic() > end:
            raise SandboxError(
                f"{connected} of {proxies} proxies came back to istiod within {timeout:.0f} s",
                "look at their logs with kubectl (see `python -m sandbox kubeconfig`)",
            )
        time.sleep(_PAUSE)


def _metrics(cluster: Cluster, istiod: Object) -> str:
    """What it tells; nothing while it starts or ends."""
    try:
        return cluster.objects.text(
            f"{_SPACES}/{istio.NAMESPACE}/pods/{istiod['metadata']['name']}:{_MONITORING}/proxy/metrics"
        )
    except ApiError:
        return ""


def _connected(metrics: str) -> int:
    return sum(int(float(number)) for number in _CONNECTIONS.findall(metrics))


def _settle(cluster: Cluster, timeout: float) -> None:
    """Wait until every controller has seen what was done, and nobody has to leave any more."""
    for _ in range(2):
        # The first time, a controller may not have seen yet that a pod is going; once that pod is
        # gone, it has.
        _see_off(cluster, timeout)
        for kind in ("deployments", "statefulsets"):
            path = f"/apis/apps/v1/{kind}"
            cluster.objects.wait(path, istio.unready, what="the reset mesh", timeout=timeout)
        cluster.objects.wait(_PODS, _starting, what="the reset mesh", timeout=timeout)
    time.sleep(_PUSH)


def _see_off(cluster: Cluster, timeout: float) -> None:
    """Wait until all that is being deleted is gone; pods are given no more time for it."""
    hurried = set[str]()

    def hurry(pods: Iterable[Object]) -> str:
        leaving = set(_leaving(pods))
        _each(cluster.objects.delete, leaving - hurried)
        hurried.update(leaving)
        return f"{len(leaving)} pods are still there" if leaving else ""

    cluster.objects.wait(_PODS, hurry, what="the end of old pods", timeout=timeout)
    cluster.objects.wait(_SPACES, _gone, what="the end of new namespaces", timeout=timeout)


def _leaving(pods: Iterable[Object]) -> list[str]:
    """Pods that are being deleted, as paths that let them take no more time for it."""
    return [_hurried(each) for each in pods if "deletionTimestamp" in each["metadata"]]


def _starting(pods: Iterable[Object]) -> str:
    """Which pods of controllers are not ready yet, in the form in which it is asked for."""
    names = [
        pod["metadata"]["name"]
        for pod in pods
        # One that has done its work will never be.
        if pod["status"]["phase"] in ("Pending", "Running")
        and "ownerReferences" in pod["metadata"]
        and not any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in pod["status"].get("conditions", ())
        )
    ]
    return f"{', '.join(names)} not ready" if names else ""


def _hurried(pod: Object) -> str:
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    return f"{path}?gracePeriodSeconds=1"


def _gone(objects: Iterable[Object]) -> str:
    """Which of them are still being deleted, in the form in which it is asked for."""
    names = [e["metadata"]["name"] for e in objects if "deletionTimestamp" in e["metadata"]]
    return f"{', '.join(names)} still there" if names else ""


def _put(cluster: Cluster, path: str, wanted: Object) -> None:
    """Replace the object, or make it again where it cannot be replaced or is gone."""
    try:
        cluster.objects.replace(path, wanted)
    except ApiError as error:
        if error.status == 422:
            cluster.objects.delete(path)
        elif error.status != 404:
            raise
        cluster.objects.create(path.rpartition("/")[0], wanted)


def _foreign_pods(pods: Iterable[Object], before: Proxies) -> Iterator[str]:
    """Pods whose proxy is of a kind that their namespace had not: restarting them mends it."""
    for pod in pods:
        proxy = _proxy(pod)
        if proxy and proxy not in before.get(pod["metadata"]["namespace"], ()):
            yield _hurried(pod)


def _proxies(pods: Iterable[Object]) -> Proxies:
    found: Proxies = {}
    for pod in pods:
        known = found.setdefault(pod["metadata"]["namespace"], [])
        proxy = _proxy(pod)
        if proxy and proxy not in known:
            known.append(proxy)
    return found


def _proxy(pod: Object) -> list[str]:
    """The revision and the image of its proxy; nothing where it has none."""
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    images = [each["image"] for each in containers if each["name"] == _PROXY]
    return [pod["metadata"].get("annotations", {}).get(_REVISION, ""), images[0]] if images else []


def _is_namespace(path: str) -> bool:
    return path.rpartition("/")[0] == _SPACES


def _is_of_mesh(path: str) -> bool:
    return _namespace(path) == istio.NAMESPACE


def _namespace(path: str) -> str:
    """The namespace in which an object lies; empty for one that lies in none."""
    parts = path.split("/")
    if "namespaces" in parts[:-2]:
        return parts[parts.index("namespaces") + 1]
    return ""


def _each(do: Callable[[str], None], paths: Iterable[str]) -> None:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(do, paths))


def _memory(cluster: Cluster, name: str) -> Path:
    return cluster.places.root / f"remembered-{name}.json"
