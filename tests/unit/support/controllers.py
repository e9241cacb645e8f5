# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controllers that make rollouts progress in the API server in memory, one step a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _update_strategy
from ansible_collections.meshwright.istio.plugins.module_utils._update_strategy import UpdateType
from ansible_collections.meshwright.istio.plugins.module_utils._workload import KINDS
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]
Reference = tuple[str, str, str]
# By kind: what stands between the workload and its pods, and the label of the template's hash.
_BETWEEN = {
    "Deployment": ("ReplicaSet", "pod-template-hash"),
    "Rollout": ("ReplicaSet", "rollouts-pod-template-hash"),
    "DeploymentConfig": ("ReplicationController", "deployment"),
}


class Controllers:
    """Replaces pods as the real ones do; new ones get `revision` and `version`.

    `lag` is how many steps pass before a change is looked at. Pods of the workloads in
    `never_ready` never get ready; those in `deaf` report success and do nothing.
    `most_at_once` is the largest number of workloads that were being replaced at a time, and
    `fewest_ready` the smallest number of ready pods that each had.
    """

    def __init__(self, api: FakeApi, *, revision: str = "1-31", version: str = "1.31.0") -> None:
        self.api = api
        self.revision = revision
        self.version = version
        self.lag = 1
        self.now = 0
        self.never_ready: set[str] = set()
        self.deaf: set[str] = set()
        self.most_at_once = 0
        self.fewest_ready: dict[str, int] = {}
        self._hashes: dict[Reference, int] = {}
        self._changed: dict[Reference, int] = {}
        self._known: dict[Reference, Object] = {}
        self._made = 0
        for item in self._workloads():
            self._known[_reference(item)] = item["spec"]
            self._hashes[_reference(item)] = 1
            for _number in range(_desired(item)):
                self._make_pod(item, ready=True, revision="1-30", version="1.30.4")
            self._settle(item, observe=True)
        api.on_write = self._notice

    def step(self) -> None:
        """One second passes."""
        self.now += 1
        for item in self._workloads():
            self._go_on(item)
        self._measure()

    def run(self, steps: int = 30) -> None:
        """Many seconds pass."""
        for _number in range(steps):
            self.step()

    def pods(self, name: str) -> list[Object]:
        """The pods of the workload of that name."""
        found = self.api.objects.values()
        return [
            item
            for item in found
            if item["kind"] == "Pod" and item["metadata"]["labels"].get("app") == name
        ]

    def _workloads(self) -> list[Object]:
        return [item for item in self.api.objects.values() if item["kind"] in KINDS]

    def _notice(self, _api: FakeApi, _event: str, item: Object) -> None:
        """A change of the spec counts the generation up, in the request itself."""
        reference = _reference(item)
        if item["kind"] not in KINDS or self._known[reference] == item["spec"]:
            return
        if self._known[reference]["template"] != item["spec"]["template"]:
            self._hashes[reference] += 1
        self._known[reference] = item["spec"]
        self._changed[reference] = self.now
        metadata = {**item["metadata"], "generation": item["metadata"].get("generation", 1) + 1}
        self.api.put({**item, "metadata": metadata})

    def _go_on(self, item: Object) -> None:
        name = item["metadata"]["name"]
        observe = self.now - self._changed.get(_reference(item), -self.lag) >= self.lag
        if not observe:
            return
        for pod in self.pods(name):
            if name not in self.never_ready:
                self._set_ready(pod)
        if name not in self.deaf:
            self._replace(item)
        self._settle(item, observe=True)

    def _replace(self, item: Object) -> None:
        update = _update_strategy.read(item["kind"], _strategy(item), _desired(item))
        pods, desired = self.pods(item["metadata"]["name"]), _desired(item)
        old = [pod for pod in pods if not self._is_new(item, pod)]
        ready = [pod for pod in pods if _is_ready(pod)]
        if len(pods) < desired:
            self._make_pod(item)
        elif not old or update.type is UpdateType.ON_DELETE or update.partition:
            return
        elif update.type is UpdateType.RECREATE:
            for pod in old:
                self._remove(pod)
        elif update.surge and len(pods) < desired + 1:
            self._make_pod(item)
        elif len(ready) > desired - (0 if update.surge else update.unavailable):
            self._remove(old[0])

    def _is_new(self, item: Object, pod: Object) -> bool:
        if item["kind"] == "Rollout":
            asked = item["spec"].get("restartAt")
            return asked is None or pod["metadata"]["annotations"].get("made-for") == asked
        return bool(pod["metadata"]["annotations"]["hash"] == self._hash(item))

    def _hash(self, item: Object) -> str:
        return f"h{self._hashes[_reference(item)]}"

    def _settle(self, item: Object, *, observe: bool) -> None:
        """Write the status."""
        current = self.api.objects[_key(item)]
        pods = self.pods(item["metadata"]["name"])
        deaf = item["metadata"]["name"] in self.deaf
        updated = len(pods) if deaf else sum(self._is_new(item, pod) for pod in pods)
        ready = sum(_is_ready(pod) for pod in pods)
        generation = item["metadata"].get("generation", 1)
        status = {
            **_counts(item, len(pods), updated, ready),
            "observedGeneration": generation if observe else 0,
        }
        if item["kind"] == "Rollout" and updated == len(pods):
            status["restartedAt"] = item["spec"].get("restartAt")
        if current.get("status") != status:
            metadata = {**current["metadata"], "generation": generation}
            self.api.put({**current, "metadata": metadata, "status": status})

    def _make_pod(
        self,
        item: Object,
        *,
        ready: bool = False,
        revision: str | None = None,
        version: str | None = None,
    ) -> None:
        name, namespace, kind = (
            item["metadata"]["name"],
            item["metadata"]["namespace"],
            item["kind"],
        )
        self._made += 1
        between, label = _BETWEEN.get(kind, (kind, "controller-revision-hash"))
        hashed = self._hash(item)
        taken = {pod["metadata"]["name"] for pod in self.pods(name)}
        names = (f"{name}-{number}" for number in range(100))
        pod = mesh_objects.pod(
            next(each for each in names if each not in taken)
            if kind == "StatefulSet"
            else f"{name}-{hashed}-{self._made}",
            namespace,
            revision=revision or self.revision,
            version=version or self.version,
            labels={**_template_labels(item), "app": name, label: hashed},
        )
        if kind == "DeploymentConfig":
            pod["metadata"]["labels"]["deploymentconfig"] = name
        owner = name if between == kind else f"{name}-{hashed}"
        pod["metadata"]["ownerReferences"] = [{"kind": between, "name": owner, "controller": True}]
        pod["metadata"]["annotations"]["hash"] = hashed
        pod["metadata"]["annotations"]["made-for"] = item["spec"].get("restartAt")
        if not ready:
            pod["status"] = {"phase": "Pending"}
        self.api.put(pod)

    def _remove(self, pod: Object) -> None:
        self.api.remove(_kinds.POD, pod["metadata"]["name"], pod["metadata"]["namespace"])

    def _set_ready(self, pod: Object) -> None:
        if not _is_ready(pod):
            status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
            self.api.put({**pod, "status": status})

    def _measure(self) -> None:
        busy = 0
        for item in self._workloads():
            name = item["metadata"]["name"]
            pods = self.pods(name)
            ready = sum(_is_ready(pod) for pod in pods)
            self.fewest_ready[name] = min(ready, self.fewest_ready.get(name, ready))
            revisions = {pod["metadata"]["annotations"].get("istio.io/rev") for pod in pods}
            busy += ready < _desired(item) or len(pods) > _desired(item) or len(revisions) > 1
        self.most_at_once = max(self.most_at_once, busy)


def workload(  # noqa: PLR0913 - what a workload is made of
    name: str,
    *,
    kind: str = "Deployment",
    replicas: int = 1,
    namespace: str = "shop",
    strategy: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **spec: Any,
) -> Object:
    """A workload whose pods `Controllers` makes; more of its spec by keywords."""
    field = "updateStrategy" if kind in ("StatefulSet", "DaemonSet") else "strategy"
    template = {
        "metadata": {"labels": {"app": name, **(labels or {})}},
        "spec": {"containers": [{"name": "app"}]},
    }
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "generation": 1,
            "annotations": dict(annotations or {}),
        },
        "spec": {
            "replicas": replicas,
            field: dict(strategy or {}),
            "selector": {"matchLabels": {"app": name}},
            "template": template,
            **spec,
        },
    }


def _counts(item: Object, total: int, updated: int, ready: int) -> dict[str, int]:
    if item["kind"] == "DaemonSet":
        return {
            "desiredNumberScheduled": _desired(item),
            "updatedNumberScheduled": updated,
            "currentNumberScheduled": total,
            "numberAvailable": ready,
        }
    return {"replicas": total, "updatedReplicas": updated, "availableReplicas": ready}


def _desired(item: Object) -> int:
    desired: int = item["spec"]["replicas"]
    return desired


def _strategy(item: Object) -> Mapping[str, Any]:
    spec = item["spec"]
    return spec.get("updateStrategy") or spec.get("strategy") or {}


def _template_labels(item: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = item["spec"]["template"]["metadata"]["labels"]
    return labels


def _reference(item: Object) -> Reference:
    return (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])


def _key(item: Object) -> tuple[str, str, str | None, str]:
    metadata = item["metadata"]
    return (item["apiVersion"], item["kind"], metadata["namespace"], metadata["name"])


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
