# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a cluster back to how it was when it was new, in seconds, whatever was done to it.

What `up` has made is remembered object by object. A reset deletes what was added since, makes again
what is gone, and puts back what was changed. Custom resource definitions stay as they are: a newer
Istio's serve an older one too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import filterfalse
from pathlib import Path
from typing import Any

from sandbox import istio
from sandbox.api import ApiError, Object
from sandbox.cluster import Cluster

_PARALLEL = 12
_PODS = "/api/v1/pods"
_SPACES = "/api/v1/namespaces"
# istiod collects changes for a tenth of a second, and longer while more come, before it tells the
# proxies of them.
_PUSH = 1.0
_PROXY = "istio-proxy"
_REVISION = "istio.io/rev"
# What controllers make of other objects, what changes by itself, and what is nobody's to reset.
_LEFT_ALONE = {
    "apiservices",
    "bindings",
    "componentstatuses",
    "controllerrevisions",
    "customresourcedefinitions",
    "csinodes",
    "endpoints",
    "endpointslices",
    "events",
    "ipaddresses",
    "jobs",
    "nodes",
    "pods",
    "replicasets",
    "servicecidrs",
}
# What the API server fills in and will not be told.
_VOLATILE = (
    "resourceVersion",
    "uid",
    "creationTimestamp",
    "generation",
    "managedFields",
    "selfLink",
)
_OWN_ANNOTATION = "deployment.kubernetes.io/revision"

State = dict[str, Object]


def remember(cluster: Cluster) -> None:
    """Keep how the cluster is now; `restore` goes back to it."""
    _memory(cluster).write_text(json.dumps(read(cluster)))


def restore(cluster: Cluster, timeout: float = 120.0) -> None:
    """Go back to what was remembered, and wait until all of it is ready and nothing else is left.

    A mesh that is as it should be already costs no more than the look at it.
    """
    before: State = json.loads(_memory(cluster).read_text())
    now = read(cluster)
    added = [path for path in now if path not in before]
    # A namespace takes what is in it along, and nothing may be deleted in one that is going.
    spaces = {path.rpartition("/")[2] for path in added if _is_namespace(path)}
    _each(cluster.objects.delete, [path for path in added if _namespace(path) not in spaces])
    changed = [path for path in before if before[path] != now.get(path)]
    for group in (filterfalse(_namespace, changed), filter(_namespace, changed)):
        _each(lambda path: _put(cluster, path, before[path]), group)
    foreign = list(_foreign_pods(cluster, before))
    _each(cluster.objects.delete, foreign)
    if added or changed or foreign or _leaving(cluster.objects.get(_PODS)["items"]):
        _settle(cluster, timeout)


def _settle(cluster: Cluster, timeout: float) -> None:
    """Wait until every controller has seen what was done, and nobody has to leave any more."""
    for _ in range(2):
        # The first time, a controller may not have seen yet that a pod is going; once that pod is
        # gone, it has.
        _see_off(cluster, timeout)
        for kind in ("deployments", "statefulsets"):
            path = f"/apis/apps/v1/{kind}"
            cluster.objects.wait(path, istio.unready, what="the reset mesh", timeout=timeout)
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


def _hurried(pod: Object) -> str:
    metadata = pod["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
    return f"{path}?gracePeriodSeconds=1"


def _gone(objects: Iterable[Object]) -> str:
    """Which of them are still being deleted, in the form in which it is asked for."""
    names = [e["metadata"]["name"] for e in objects if "deletionTimestamp" in e["metadata"]]
    return f"{', '.join(names)} still there" if names else ""


def read(cluster: Cluster) -> State:
    """All objects that are somebody's wish, by their paths, without what changes by itself."""
    lists = list(_lists(cluster))
    found: State = {}
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for collected in pool.map(lambda each: _collect(cluster, *each), lists):
            found.update(collected)
    return found


def _lists(cluster: Cluster) -> Iterator[tuple[str, str, str, bool]]:
    """Each kind's group prefix, plural, kind and whether it lies in namespaces."""
    seen: set[tuple[str, str]] = set()
    for group, prefix in _versions(cluster):
        for each in cluster.objects.get(prefix)["resources"]:
            usable = {"list", "delete", "update"} <= set(each["verbs"])
            known = each["name"] in _LEFT_ALONE or (group, each["name"]) in seen
            if usable and not known:
                seen.add((group, each["name"]))
                yield prefix, each["name"], each["kind"], each["namespaced"]


def _versions(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Each version of each group of kinds, the preferred first: it need not have all of them."""
    yield "", "/api/v1"
    for group in cluster.objects.get("/apis")["groups"]:
        if group["name"].startswith(("events", "coordination", "authentication")):
            continue
        preferred = group["preferredVersion"]
        for version in (preferred, *(each for each in group["versions"] if each != preferred)):
            yield group["name"], f"/apis/{version['groupVersion']}"


def _collect(cluster: Cluster, prefix: str, plural: str, kind: str, namespaced: bool) -> State:
    found: State = {}
    listed = cluster.objects.get(f"{prefix}/{plural}")
    for item in listed["items"]:
        metadata = item["metadata"]
        if "ownerReferences" in metadata or "deletionTimestamp" in metadata:
            continue
        place = f"/namespaces/{metadata['namespace']}" if namespaced else ""
        version = prefix.removeprefix("/apis/").removeprefix("/api/")
        found[f"{prefix}{place}/{plural}/{metadata['name']}"] = {
            "apiVersion": version,
            "kind": kind,
            **stable(item),
        }
    return found


def stable(item: Mapping[str, Any]) -> Object:
    """An object without its status and what the API server or a controller counts in it."""
    kept = {key: value for key, value in item.items() if key != "status"}
    metadata = {key: value for key, value in item["metadata"].items() if key not in _VOLATILE}
    notes = dict(metadata.get("annotations", {}))
    notes.pop(_OWN_ANNOTATION, None)
    metadata.pop("annotations", None)
    if notes:
        metadata["annotations"] = notes
    return {**kept, "metadata": metadata}


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


def _foreign_pods(cluster: Cluster, before: State) -> Iterator[str]:
    """Pods whose proxy belongs to no istiod that was there: restarting them is all it takes."""
    wanted = _proxies(before)
    for pod in cluster.objects.get(_PODS)["items"]:
        metadata = pod["metadata"]
        containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
        images = [each["image"] for each in containers if each["name"] == _PROXY]
        revision = metadata.get("annotations", {}).get(_REVISION)
        if images and wanted and (revision, images[0]) not in wanted:
            yield _hurried(pod)


def _proxies(before: State) -> set[tuple[str, str]]:
    """The revision and the proxy's image of each istiod that was there."""
    found = set()
    for path, item in before.items():
        if f"/namespaces/{istio.NAMESPACE}/deployments/istiod" in path:
            [container] = item["spec"]["template"]["spec"]["containers"]
            image = container["image"].replace("/pilot:", "/proxyv2:")
            found.add((item["metadata"]["labels"][_REVISION], image))
    return found


def _is_namespace(path: str) -> bool:
    return path.rpartition("/")[0] == _SPACES


def _namespace(path: str) -> str:
    """The namespace in which an object lies; empty for one that lies in none."""
    parts = path.split("/")
    if "namespaces" in parts[:-2]:
        return parts[parts.index("namespaces") + 1]
    return ""


def _each(do: Callable[[str], None], paths: Iterable[str]) -> None:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(do, paths))


def _memory(cluster: Cluster) -> Path:
    return cluster.places.root / "remembered.json"
