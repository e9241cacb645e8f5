# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controllers that replace pods in the API server in memory, and kubelets that start them.

They do what the real ones do, one step a second: see `replica_sets` and `pod_sets`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._workload import KINDS
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import (
    controller_of,
    desired,
    hash_of,
    is_ready,
    reference_of,
)
from ansible_collections.meshwright.istio.tests.unit.support.pod_sets import (
    DaemonSets,
    StatefulSets,
)
from ansible_collections.meshwright.istio.tests.unit.support.replica_sets import ReplicaSets

Object = dict[str, Any]
Reference = tuple[str, str, str]
READY = {"type": "Ready", "status": "True"}
CROWDED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
}


class Controllers:
    """Replaces pods; the first get what `first` says, others `revision` and `version`.

    What `inject` says of a workload comes before these two.
    `lag` is how many steps pass before a change of a workload is looked at, `startup` how many
    before a pod is ready. Pods, and those of workloads, in `never_ready` never get ready, and have
    `trouble` for their status; those in `deaf` report success and do nothing; for those in
    `no_room` no pod can be made; those in `unready` say themselves that they are not ready. `nodes`
    is how many pods of a workload find a node, `place` says which one a pod gets. With `eager`,
    controllers act at once after each write. `conditions` are what the status of a workload says
    besides.

    `most_at_once` is the largest number of workloads that were being replaced at a time,
    `fewest_ready` the smallest number of ready pods that each had, `made` how many pods were made.
    """

    addresses = "10.1.{}.{}"

    def __init__(self, api: FakeApi, *, first: Callable[[Object], tuple[str, str]]) -> None:
        self.api = api
        self.revision = "1-31"
        self.version = "1.31.0"
        self.inject = first
        self.lag = 1
        self.startup = 1
        self.now = 0
        self.eager = False
        self.place: Callable[[str], str] = lambda _name: "n0"
        self.never_ready: set[str] = set()
        self.trouble: Object = {"phase": "Running"}
        self.deaf: set[str] = set()
        self.no_room: set[str] = set()
        self.unready: set[str] = set()
        self.conditions: dict[str, list[Object]] = {}
        self.nodes: dict[str, int] = {}
        self.most_at_once = 0
        self.fewest_ready: dict[str, int] = {}
        self.made: Counter[str] = Counter()
        self.made_at: dict[str, int] = {}
        self.asked_at: dict[Reference, int] = {}
        self._ready_at: dict[str, int] = {}
        self._changed: dict[Reference, int] = {}
        self._known: dict[Reference, Object] = {}
        self._addresses = 0
        self.replica_sets = ReplicaSets(self)
        self._stateful_sets = StatefulSets(self)
        self._daemon_sets = DaemonSets(self)
        for item in self.workloads():
            self._known[reference_of(item)] = api.objects[_key(item)]["spec"]
            self._sync(item)
            for pod in list(owned(self, item)):
                self._set_ready(pod)
            self._settle(item, observe=True)
        self.made.clear()
        self.inject = lambda _item: (self.revision, self.version)
        api.on_write = self._notice

    def step(self) -> None:
        """One second passes."""
        self.now += 1
        self._run_kubelets()
        for item in self.workloads():
            if self._is_observed(item):
                self._sync(item)
                self._settle(item, observe=True)
        self.measure()

    def run(self, steps: int = 30) -> None:
        """Many seconds pass."""
        for _number in range(steps):
            self.step()

    def workloads(self) -> list[Object]:
        """Those that say which pods are theirs, as a control plane's Deployment here does not."""
        found = (item for item in self.api.objects.values() if item["kind"] in KINDS)
        return [self._with_template(item) for item in found if "selector" in item["spec"]]

    def pods(self, name: str) -> list[Object]:
        """The pods that were made for the workload of that name, whoever controls them now."""
        return [pod for pod in self.all_pods() if pod["metadata"]["name"].startswith(f"{name}-")]

    def all_pods(self) -> Iterator[Object]:
        """Every pod of the cluster."""
        for item in list(self.api.objects.values()):
            if item["kind"] == "Pod":
                yield item

    def make_pod(
        self, item: Object, name: str, owner: Object, more: Mapping[str, str], node: str = ""
    ) -> None:
        """Make a pod of a workload's template, with more labels; it is not ready yet."""
        template, namespace = item["spec"]["template"], item["metadata"]["namespace"]
        workload = item["metadata"]["name"]
        if workload in self.no_room:
            return
        self.made[workload] += 1
        revision, version = self.inject(item)
        labels = {**template["metadata"].get("labels", {}), **more}
        pod = mesh_objects.pod(name, namespace, revision=revision, version=version, labels=labels)
        pod["metadata"]["ownerReferences"] = [{**owner, "controller": True}]
        pod["metadata"]["annotations"] |= template["metadata"].get("annotations") or {}
        pod["status"] = {"phase": "Pending"}
        if node:
            pod["spec"]["nodeName"] = node
        made = self.api.put(pod)
        self.made_at[made["metadata"]["uid"]] = self.now

    def put(self, item: Object) -> None:
        """Write what belongs to a controller itself, where it is not there already."""
        kind = self.api.find_kind(item["apiVersion"], item["kind"])
        metadata = item["metadata"]
        key = (item["apiVersion"], item["kind"], metadata["namespace"], metadata["name"])
        if kind is not None and key not in self.api.objects:
            self.api.put(item)

    def remove_pod(self, pod: Object) -> None:
        """Take it away, as a controller does."""
        self.api.remove(_kinds.POD, pod["metadata"]["name"], pod["metadata"]["namespace"])

    def set_owner(self, pod: Object, owner: Object | None) -> Object:
        """Let a controller take the pod, or let it go."""
        references = [] if owner is None else [{**owner, "controller": True}]
        return self.api.put({**pod, "metadata": {**pod["metadata"], "ownerReferences": references}})

    def is_available(self, item: Object, pod: Object) -> bool:
        """Whether it has been ready for as long as its workload asks."""
        since = self._ready_at.get(pod["metadata"]["uid"], self.now)
        seconds: int = item["spec"].get("minReadySeconds") or 0
        return is_ready(pod) and self.now - since >= seconds

    def age(self, pod: Object) -> tuple[int, int]:
        """By which a controller that has too many takes the first: not ready, then youngest."""
        uid = pod["metadata"]["uid"]
        return (int(is_ready(pod)), -self._ready_at.get(uid, self.now))

    def measure(self) -> None:
        """Look how many pods are ready, and how many workloads are in motion."""
        busy = 0
        for item in self.workloads():
            name = item["metadata"]["name"]
            pods = self.pods(name)
            ready = sum(is_ready(pod) for pod in pods)
            self.fewest_ready[name] = min(ready, self.fewest_ready.get(name, ready))
            revisions = {pod["metadata"]["annotations"].get("istio.io/rev") for pod in pods}
            busy += ready < desired(item) or len(pods) > desired(item) or len(revisions) > 1
        self.most_at_once = max(self.most_at_once, busy)

    def _with_template(self, item: Object) -> Object:
        """As Argo reads a Rollout that names a Deployment."""
        if "workloadRef" not in item["spec"]:
            return item
        namespace, name = item["metadata"]["namespace"], item["spec"]["workloadRef"]["name"]
        lender = self.api.objects["apps/v1", "Deployment", namespace, name]
        return {**item, "spec": {**item["spec"], "template": lender["spec"]["template"]}}

    def _is_observed(self, item: Object) -> bool:
        return self.now - self._changed.get(reference_of(item), -self.lag) >= self.lag

    def _sync(self, item: Object) -> None:
        if item["metadata"]["name"] in self.deaf:
            return
        if item["kind"] == "StatefulSet":
            self._stateful_sets.sync(item)
        elif item["kind"] == "DaemonSet":
            self._daemon_sets.sync(item)
        else:
            self.replica_sets.sync(item)

    def _notice(self, _api: FakeApi, _event: str, item: Object) -> None:
        """What the API server adds in the request itself: a pod's phase, a new generation."""
        if item["kind"] == "Pod" and "status" not in item:
            self.api.put({**self._injected(item), "status": {"phase": "Pending"}})
        reference = reference_of(item)
        if item["kind"] in KINDS and self._known[reference] != item["spec"]:
            if self._known[reference].get("restartAt") != item["spec"].get("restartAt"):
                self.asked_at[reference] = self.now
            self._known[reference] = item["spec"]
            self._changed[reference] = self.now
            metadata = item["metadata"]
            generation = metadata.get("generation", 1) + 1
            self.api.put({**item, "metadata": {**metadata, "generation": generation}})
        if self.eager:
            for each in self.workloads():
                self._sync(each)

    def _injected(self, pod: Object) -> Object:
        """A pod that somebody else has made, as the webhook changes it."""
        revision, version = self.inject(pod)
        made = mesh_objects.pod("", "", revision=revision, version=version)
        metadata = pod["metadata"]
        annotations = {**metadata["annotations"], **made["metadata"]["annotations"]}
        spec = {**pod["spec"], "containers": made["spec"]["containers"]}
        return {**pod, "metadata": {**metadata, "annotations": annotations}, "spec": spec}

    def _run_kubelets(self) -> None:
        for pod in list(self.all_pods()):
            name = pod["metadata"]["name"]
            stuck = any(f"{name}-".startswith(f"{each}-") for each in self.never_ready)
            started = self.made_at.setdefault(pod["metadata"]["uid"], self.now)
            waits = self.now - started < self.startup or name in self.unready
            if is_ready(pod) or waits:
                continue
            if "podIP" in pod["status"] and _is_hidden(pod):
                # The kubelet compares what it knows with what is said every ten seconds.
                if self.now % 10 == 0:
                    self.api.put({**pod, "status": {**pod["status"], "conditions": [READY]}})
            elif self._is_crowded_out(name):
                self.api.put({**pod, "status": {"phase": "Pending", "conditions": [CROWDED]}})
            elif not stuck:
                self._set_ready(pod)
            elif pod["status"] != self.trouble:
                self.api.put({**pod, "status": self.trouble})

    def _is_crowded_out(self, name: str) -> bool:
        for workload, number in self.nodes.items():
            if name.startswith(f"{workload}-"):
                running = [pod for pod in self.pods(workload) if "podIP" in pod["status"]]
                return len(running) >= number
        return False

    def _set_ready(self, pod: Object) -> None:
        self._addresses += 1
        address = self.addresses.format(self._addresses // 250, self._addresses % 250 + 1)
        status = {
            "phase": "Running",
            "podIP": address,
            "conditions": [READY],
        }
        self._ready_at[pod["metadata"]["uid"]] = self.now
        node = _node(pod) or self.place(pod["metadata"]["name"])
        spec = {"nodeName": node, **pod["spec"]}
        self.api.put({**pod, "spec": spec, "status": status})

    def _settle(self, item: Object, *, observe: bool) -> None:
        """Write the status."""
        current = self.api.objects[_key(item)]
        pods = list(owned(self, item))
        deaf = item["metadata"]["name"] in self.deaf
        new = [pod for pod in pods if deaf or is_new(self, item, pod)]
        available = sum(self.is_available(item, pod) for pod in pods)
        generation = current["metadata"].get("generation", 1)
        status = {
            **_counts(item, len(pods), len(new), available),
            "observedGeneration": generation if observe else 0,
        }
        if item["kind"] == "Rollout" and len(new) == len(pods):
            status["restartedAt"] = item["spec"].get("restartAt")
        conditions = list(self.conditions.get(item["metadata"]["name"], ()))
        if item["metadata"]["name"] in self.no_room and len(pods) < desired(item):
            failure = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
            conditions.append(failure)
        if conditions:
            status["conditions"] = conditions
        if current.get("status") != status:
            self.api.put({**current, "status": status})


def _is_hidden(pod: Object) -> bool:
    """Whether somebody else than its kubelet says that it is not ready."""
    conditions = pod["status"].get("conditions") or ()
    return any(each.get("reason") == "MeshwrightDraining" for each in conditions)


def owned(controllers: Controllers, item: Object) -> Iterator[Object]:
    """The pods that the workload's controller, or the one between, has."""
    between = {
        "StatefulSet": "StatefulSet",
        "DaemonSet": "DaemonSet",
        "DeploymentConfig": "ReplicationController",
    }.get(item["kind"], "ReplicaSet")
    name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
    for pod in controllers.all_pods():
        owner = controller_of(pod)
        if pod["metadata"]["namespace"] == namespace and owner and owner[0] == between:
            base = owner[1] if between == item["kind"] else owner[1].rpartition("-")[0]
            if base == name:
                yield pod


def is_new(controllers: Controllers, item: Object, pod: Object) -> bool:
    """Whether the pod is of the newest template, or was made since the last restart by Argo."""
    if item["kind"] == "Rollout":
        asked = controllers.asked_at.get(reference_of(item), -1)
        return item["spec"].get("restartAt") is None or (
            controllers.made_at[pod["metadata"]["uid"]] > asked
        )
    hashes = ("pod-template-hash", "controller-revision-hash", "deployment")
    labels = pod["metadata"]["labels"]
    found = next(labels[key] for key in hashes if key in labels)
    return bool(found.removeprefix(f"{item['metadata']['name']}-") == hash_of(item))


def _counts(item: Object, total: int, updated: int, available: int) -> dict[str, int]:
    if item["kind"] == "DaemonSet":
        return {
            "desiredNumberScheduled": desired(item),
            "updatedNumberScheduled": updated,
            "currentNumberScheduled": total,
            "numberAvailable": available,
        }
    return {"replicas": total, "updatedReplicas": updated, "availableReplicas": available}


def _key(item: Object) -> tuple[str, str, str | None, str]:
    metadata = item["metadata"]
    return (item["apiVersion"], item["kind"], metadata["namespace"], metadata["name"])


def _node(pod: Mapping[str, Any]) -> str:
    """The node to which the pod is bound by its affinity."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    wanted = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in wanted.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            return str(field["values"][0])
    return ""
