# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The versions of all objects of a cluster, read without any code of the collection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sandbox.api import Object
from sandbox.cluster import Cluster

# They change by themselves on a mesh where nothing happens: the journal's Lease is no such.
_RESTLESS = ("events", "nodes")
# Addresses go with their Services, some time later.
_LATE = ("networking.k8s.io", "ipaddresses")
# istiod writes the status of these whenever it likes.
_TOLD_BY_ISTIOD = "/apis/gateway.networking.k8s.io/"
# Their controllers write into the status up to where they have seen them. Of all other kinds the
# versions are enough; the definitions of Istio's kinds alone are a megabyte.
_WHOLE = ("/apis/apps/", "/apis/policy/", "/apis/autoscaling/", _TOLD_BY_ISTIOD)
_OWN_LEASE = "meshwright-upgrade"
_ELECTION = "control-plane.alpha.kubernetes.io/leader"
_PARALLEL = 8
_PAUSE = 1.0
_ENDING = "ending"
_UNSEEN = "not seen by its controller"

Versions = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What happened between two readings, each object as plural, namespace and name."""

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]


NOTHING = Difference(added=frozenset(), removed=frozenset(), changed=frozenset())


def read(cluster: Cluster) -> Versions:
    """The version of every object there is, of every kind that can be listed."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        listed = pool.map(lambda path: (path, _list(cluster, path)), _paths(cluster))
        return {
            _name(path, item): _version(path, item)
            for path, items in listed
            for item in items
            if not _is_restless(path, item)
        }


def quiet(cluster: Cluster, timeout: float = 300.0) -> Versions:
    """The versions once nothing changes any more; controllers take a moment after each write."""
    end = time.monotonic() + timeout
    before = read(cluster)
    while True:
        time.sleep(_PAUSE)
        now = read(cluster)
        if now == before and not {_ENDING, _UNSEEN} & set(now.values()):
            return now
        if time.monotonic() > end:
            seen = difference(before, now)
            raise TimeoutError(f"the cluster did not come to rest within {timeout:.0f} s: {seen}")
        before = now


def difference(before: Versions, after: Versions) -> Difference:
    """What is new, gone and changed."""
    both = before.keys() & after.keys()
    return Difference(
        added=frozenset(after.keys() - before.keys()),
        removed=frozenset(before.keys() - after.keys()),
        changed=frozenset(name for name in both if before[name] != after[name]),
    )


def expect_same(before: Versions, after: Versions, why: str) -> None:
    """Fail and name what is different."""
    found = difference(before, after)
    assert found == NOTHING, f"{why}: {found}"


def _list(cluster: Cluster, path: str) -> list[Object]:
    if path.startswith(_WHOLE):
        items: list[Object] = cluster.objects.get(path)["items"]
        return items
    return cluster.objects.metadata(path)


def _paths(cluster: Cluster) -> Iterator[str]:
    """The list of each kind, in the version that the API server prefers of those that have it."""
    seen = {("", name) for name in (*_RESTLESS, "componentstatuses")} | {_LATE}
    for group, prefix in _versions(cluster):
        for each in cluster.objects.get(prefix)["resources"]:
            if "list" in each["verbs"] and (group, each["name"]) not in seen:
                seen.add((group, each["name"]))
                yield f"{prefix}/{each['name']}"


def _versions(cluster: Cluster) -> Iterator[tuple[str, str]]:
    yield "", "/api/v1"
    for group in cluster.objects.get("/apis")["groups"]:
        if group["name"] == "events.k8s.io":
            continue
        preferred = group["preferredVersion"]
        for version in (preferred, *(each for each in group["versions"] if each != preferred)):
            yield group["name"], f"/apis/{version['groupVersion']}"


def _version(path: str, item: Object) -> str:
    metadata = item["metadata"]
    if "deletionTimestamp" in metadata:
        return _ENDING
    # A controller may take longer than the pause between two readings.
    seen = item.get("status", {}).get("observedGeneration")
    # Istio's own kinds have text there.
    if isinstance(seen, int) and seen < metadata["generation"]:
        return _UNSEEN
    if path.startswith(_TOLD_BY_ISTIOD):
        wishes = (item.get("spec"), metadata.get("labels"), metadata.get("annotations"))
        return json.dumps(wishes, sort_keys=True)
    return str(metadata["resourceVersion"])


def _name(path: str, item: Object) -> str:
    metadata = item["metadata"]
    plural = path.rpartition("/")[2]
    return "/".join(filter(None, (plural, metadata.get("namespace"), metadata["name"])))


def _is_restless(path: str, item: Object) -> bool:
    """Whether it is how some component elects its leader or says that it lives."""
    metadata = item["metadata"]
    if path.endswith("/leases"):
        return bool(metadata["name"] != _OWN_LEASE)
    return _ELECTION in metadata.get("annotations", {})
