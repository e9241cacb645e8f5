# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All objects of a cluster that are somebody's wish, as they can be compared and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sandbox.api import Object
from sandbox.cluster import Cluster

_PARALLEL = 12
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
