# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways in the API server in memory, and a controller that replaces their pods."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]
_LABELS = {"istio": "edge", "sidecar.istio.io/inject": "true"}


class KilledError(BaseException):
    """The process ended in the middle of its work; nothing in the module may catch it."""


class GatewayCluster(FakeApi):
    """A mesh on 1-30 beside 1-31; a second passes with each watch, and pods come and go with it.

    `fewest` is the smallest number of ready pods behind the Service so far. The Deployments in
    `never_ready` get no ready pod; new pods are injected by `injects_wrongly` where it is set, and
    begin with `first_status`.
    The request of the number `kill_at` is not sent, as the process is killed before it.
    """

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self.now = 0
        self.requests = 0
        self.kill_at = -1
        self.fewest = 1000
        self.never_ready: set[str] = set()
        self.injects_wrongly: str | None = None
        self.first_status: Object = {"phase": "Pending"}
        self._made = 0
        super().__init__(
            *control_planes.revision("1-30"),
            *control_planes.revision("1-31"),
            *control_planes.unrevisioned(),
            *objects,
        )
        self.put(mesh_objects.istiod("1-30", "pilot:1.30.4"))
        self.put(mesh_objects.istiod("1-31", "pilot:1.31.0"))
        self.put(mesh_objects.istiod("default", "pilot:1.29.5"))
        for _number in range(9):
            self.step()
        self.fewest = 1000
        self.on_write = self._notice

    def step(self) -> None:
        """One second passes."""
        self.now += 1
        for item in self._deployments():
            for pod in self.pods_of(item["metadata"]["name"]):
                self._get_ready(item, pod)
            self._replace(item)
            self._settle(item)
        self.fewest = min(self.fewest, len(self.behind_service()))

    def behind_service(self) -> list[Object]:
        """The ready pods that a Service leads to that selects by the label `istio`."""
        return [
            item
            for item in self.objects.values()
            if item["kind"] == "Pod"
            and item["metadata"]["labels"].get("istio") == "edge"
            and _is_ready(item)
        ]

    def pods_of(self, deployment: str) -> list[Object]:
        """The pods of a Deployment."""
        found = [item for item in self.objects.values() if item["kind"] == "Pod"]
        return [pod for pod in found if pod["metadata"]["annotations"].get("of") == deployment]

    def revisions_of(self, deployment: str) -> list[str]:
        """The revisions of those pods."""
        pods = self.pods_of(deployment)
        return sorted(pod["metadata"]["annotations"].get("istio.io/rev", "none") for pod in pods)

    def deployment(self, name: str) -> Object:
        """A gateway's Deployment as it is now."""
        return self.objects["apps/v1", "Deployment", "edge", name]

    def names(self) -> list[str]:
        """The Deployments that are there, istiods left out."""
        return [item["metadata"]["name"] for item in self._deployments()]

    def watch(
        self,
        kind: Kind,
        namespace: str | None = None,
        *,
        resource_version: str,
        label_selector: str = "",
        seconds: int,
    ) -> Iterator[tuple[str, Object]]:
        self.step()
        yield from super().watch(
            kind,
            namespace,
            resource_version=resource_version,
            label_selector=label_selector,
            seconds=seconds,
        )

    def _request(
        self, verb: str, kind: Kind, name: str, *, dry_run: bool = False, reads: bool = False
    ) -> None:
        self.requests += 1
        if self.requests == self.kill_at:
            raise KilledError
        super()._request(verb, kind, name, dry_run=dry_run, reads=reads)

    def _deployments(self) -> list[Object]:
        found = [item for item in self.objects.values() if item["kind"] == "Deployment"]
        return [item for item in found if item["metadata"]["namespace"] != "istio-system"]

    def _notice(self, _api: FakeApi, event: str, item: Object) -> None:
        """What the API server and the garbage collector do in the request itself."""
        if item["kind"] != "Deployment":
            return
        if event == "delete":
            for pod in self.pods_of(item["metadata"]["name"]):
                self._remove(pod)
            self.fewest = min(self.fewest, len(self.behind_service()))
        else:
            generation = item["metadata"].get("generation", 0) + 1
            self.put({**item, "metadata": {**item["metadata"], "generation": generation}})

    def _get_ready(self, item: Object, pod: Object) -> None:
        if item["metadata"]["name"] not in self.never_ready and not _is_ready(pod):
            status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
            self.put({**pod, "status": status})

    def _replace(self, item: Object) -> None:
        desired = item["spec"]["replicas"]
        pods = self.pods_of(item["metadata"]["name"])
        old = [pod for pod in pods if pod["metadata"]["annotations"]["hash"] != _hash(item)]
        recreate = (item["spec"].get("strategy") or {}).get("type") == "Recreate"
        if recreate and old:
            for pod in old:
                self._remove(pod)
        elif len(pods) - len(old) < desired and (recreate or len(pods) <= desired):
            self._make(item)
        elif old and sum(map(_is_ready, pods)) > desired:
            self._remove(old[0])

    def _make(self, item: Object) -> None:
        self._made += 1
        metadata, template = item["metadata"], item["spec"]["template"]["metadata"]
        pod = mesh_objects.pod(
            f"{metadata['name']}-{self._made}",
            metadata["namespace"],
            revision=self.injects_wrongly or self._revision(metadata["namespace"], template),
            deployment=metadata["name"],
            labels=template["labels"],
        )
        pod["metadata"]["annotations"] |= {"of": metadata["name"], "hash": _hash(item)}
        pod["status"] = self.first_status
        self.put(pod)

    def _revision(self, namespace: str, template: Mapping[str, Any]) -> str:
        space = self.objects["v1", "Namespace", None, namespace]["metadata"]["labels"]
        label = "istio.io/rev"
        return str(space.get(label) or template["labels"].get(label) or "default")

    def _settle(self, item: Object) -> None:
        """Write the status."""
        current = self.deployment(item["metadata"]["name"])
        pods = self.pods_of(item["metadata"]["name"])
        new = sum(pod["metadata"]["annotations"]["hash"] == _hash(item) for pod in pods)
        status = {
            "observedGeneration": current["metadata"].get("generation", 0),
            "replicas": len(pods),
            "updatedReplicas": new,
            "availableReplicas": sum(map(_is_ready, pods)),
        }
        if current.get("status") != status:
            self.put({**current, "status": status})

    def _remove(self, pod: Object) -> None:
        self.remove(_kinds.POD, pod["metadata"]["name"], pod["metadata"]["namespace"])


def gateway(
    name: str = "edge-in",
    *,
    replicas: int = 2,
    labels: Mapping[str, str | None] | None = None,
    selector: Mapping[str, str] | None = None,
    **spec: Any,
) -> Object:
    """A gateway's Deployment; None takes a usual label away, keywords add to its spec."""
    given = {**_LABELS, "app": name, **(labels or {})}
    template = {
        "metadata": {
            "annotations": {"inject.istio.io/templates": "gateway"},
            "labels": {key: value for key, value in given.items() if value is not None},
        },
        "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": "edge",
            "generation": 1,
            "labels": {"installed-by": "helm"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": dict(selector or {"app": name})},
            "template": template,
            **spec,
        },
    }


def service(name: str = "edge-in", **selector: str) -> Object:
    """The Service before the gateways; its selector is their label `istio` unless one is given."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "edge"},
        "spec": {"selector": selector or {"istio": "edge"}},
    }


def _hash(item: Object) -> str:
    return json.dumps(item["spec"]["template"], sort_keys=True)


def _is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
