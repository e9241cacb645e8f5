# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The Deployment of a gateway and its pods, as they are now, also while its rollout is held."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway_hold,
    _kinds,
    _pod,
    _readiness,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter, not_ready
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

RELEASE = "pod-template-hash"
_REVISION = "istio.io/rev"


class Rollout:
    """Reads, patches and waits; decides nothing."""

    def __init__(self, api: Api, waiter: Waiter, reference: Reference) -> None:
        self._api = api
        self._waiter = waiter
        self._seconds = waiter.deadline - waiter.clock()
        self._reference = reference

    def __str__(self) -> str:
        return f"gateway {self._reference.namespace}/{self._reference.name}"

    def begin_anew(self) -> None:
        """As long again from now on, for the way back."""
        deadline = self._waiter.clock() + self._seconds
        self._waiter = replace(self._waiter, deadline=deadline)

    def read(self) -> Object:
        """The Deployment; NotReadyError when it is gone."""
        reference = self._reference
        item = self._api.get(_kinds.DEPLOYMENT, reference.name, reference.namespace)
        if item is None:
            raise not_ready(_readiness.hopeless(f"the {self} is gone"))
        return item

    def patch(self, body: Object) -> Object:
        reference = self._reference
        return self._api.patch(_kinds.DEPLOYMENT, reference.name, body, reference.namespace)

    def pods(self) -> list[Pod]:
        """Its own, and those that it has let go."""
        return self.own(self._api.list(_kinds.POD, self._reference.namespace))

    def own(self, items: Iterable[Object]) -> list[Pod]:
        """Those of these pods that are its own or were."""
        return [p for p in map(Pod.from_object, items) if p.owner == self._reference and p.live]

    def split(self, item: Object) -> tuple[list[Pod], list[Pod]]:
        """The pods of before the rollout that is held, and those that it has made."""
        templates = _gateway_hold.old_templates(item)
        pods = self.pods()
        return (
            [pod for pod in pods if _template(pod) in templates],
            [pod for pod in pods if _template(pod) not in templates],
        )

    def empty_sets(self, templates: Collection[str]) -> None:
        """Let no ReplicaSet but those of these templates make pods; it must be paused."""
        for item in self._api.list(_kinds.REPLICA_SET, self._reference.namespace):
            metadata = item["metadata"]
            owners = metadata.get("ownerReferences") or ()
            own = any(owner["name"] == self._reference.name for owner in owners)
            if own and labels_of(item).get(RELEASE) not in templates and item["spec"]["replicas"]:
                patch = {"spec": {"replicas": 0}}
                self._api.patch(_kinds.REPLICA_SET, metadata["name"], patch, metadata["namespace"])

    def wait(self, *, until_complete: bool = True) -> None:
        """Wait until every pod is of its template and ready, or until nobody works on that."""

        def judge(items: Iterable[Object]) -> Readiness:
            for item in items:
                if item["metadata"]["name"] == self._reference.name:
                    workload = Workload.from_object(item)
                    seen = _readiness.observed(workload)
                    if seen.ready and not (until_complete or _readiness.in_progress(workload)):
                        return _readiness.READY
                    return _readiness.complete(workload) if seen.ready else seen
            return _readiness.hopeless(f"the {self} is gone")

        namespace = self._reference.namespace
        self._waiter.follow(self._api, _kinds.DEPLOYMENT, namespace, "", judge)

    def wait_for_template(self, revision: str, version: str | None) -> Object:
        """Wait until the istiod of that revision has written its template, and it was seen.

        With a version until that one has, where an upgrade in place keeps the revision.
        """
        found: list[Object] = []

        def judge(items: Iterable[Object]) -> Readiness:
            found[:] = [each for each in items if each["metadata"]["name"] == self._reference.name]
            if not found:
                return _readiness.hopeless(f"the {self} is gone")
            if revision_of(found[0]) != revision:
                return _readiness.waiting(
                    f"the istiod of {revision} has not taken the {self} over yet"
                )
            if version is not None and version_of(found[0]) not in (None, version):
                return _readiness.waiting(f"the istiod of {version} has not written the {self} yet")
            return _readiness.observed(Workload.from_object(found[0]))

        namespace = self._reference.namespace
        self._waiter.follow(self._api, _kinds.DEPLOYMENT, namespace, "", judge)
        return found[0]

    def wait_for_members(self) -> None:
        """Wait until as many of its own pods are ready as there shall be."""
        desired = Workload.from_object(self.read()).desired

        def judge(items: Iterable[Object]) -> Readiness:
            ready = sum(pod.ready and pod.mark is None for pod in self.own(items))
            if ready < desired:
                return _readiness.waiting(f"{ready} of {desired} pods of the {self} are ready")
            return _readiness.READY

        self._waiter.follow(self._api, _kinds.POD, self._reference.namespace, "", judge)


def revision_of(item: Object) -> str | None:
    """The revision of the istiod that has written the template of its pods."""
    annotations = (item["spec"]["template"].get("metadata") or {}).get("annotations") or {}
    found: str | None = annotations.get(_REVISION)
    return found


def version_of(item: Object) -> str | None:
    """The version of the proxies that its template makes; None where their image tells none."""
    return _pod.version_in(item["spec"]["template"]["spec"])


def _template(pod: Pod) -> str:
    """The hash of the template that it was made of, also where it was let go."""
    return pod.mark.labels.get(RELEASE, pod.template) if pod.mark else pod.template
