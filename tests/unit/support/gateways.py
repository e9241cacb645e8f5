# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways behind a Service, in a mesh in memory that runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway_course,
    _leaving,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness
from ansible_collections.meshwright.istio.plugins.modules import gateway_revision
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object
from ansible_collections.meshwright.istio.tests.unit.support.restarting import start_witness
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import RunningMesh
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import selecting

VERSIONS = {"1-30": "1.30.4", "1-31": "1.31.0", "default": "1.29.5"}
_REVISION = "istio.io/rev"


class GatewayCluster(RunningMesh):
    """A mesh on 1-30 beside 1-31; a second passes with each watch.

    New pods are injected by `injects_wrongly` where it is set.
    """

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self.injects_wrongly: str | None = None
        self.versions = dict(VERSIONS)
        super().__init__(
            *control_planes.revision("1-30"),
            *control_planes.revision("1-31"),
            *control_planes.unrevisioned(),
            mesh_objects.pod("client", "shop", revision="1-30"),
            *objects,
            first=self._inject,
        )
        self.controllers.inject = self._inject
        for revision, version in self.versions.items():
            self.put(mesh_objects.istiod(revision, f"pilot:{version}"))

    def revisions_of(self, deployment: str) -> list[str]:
        """The revisions of its pods."""
        pods = self.controllers.pods(deployment)
        return sorted(pod["metadata"]["annotations"].get(_REVISION, "none") for pod in pods)

    def deployment(self, name: str = "edge-in") -> Object:
        """A gateway's Deployment as it is now, without what the API server counts."""
        item = copy.deepcopy(self.objects["apps/v1", "Deployment", "edge", name])
        for key in ("resourceVersion", "generation"):
            del item["metadata"][key]
        del item["status"]
        return item

    def point_namespace_at(self, revision: str) -> None:
        """As namespace_revision_label does."""
        space = self.objects["v1", "Namespace", None, "edge"]
        labels = {**space["metadata"]["labels"], _REVISION: revision}
        self.put({**space, "metadata": {**space["metadata"], "labels": labels}})

    def watch(
        self, *asked: Any, resource_version: str, seconds: int, **more: Any
    ) -> Iterator[tuple[str, Object]]:
        self.step()
        yield from super().watch(*asked, resource_version=resource_version, seconds=seconds, **more)

    def _inject(self, item: Object) -> tuple[str, str]:
        namespace, template = item["metadata"]["namespace"], item["spec"]["template"]
        space = self.objects.get(("v1", "Namespace", None, namespace), {"metadata": {}})
        labels = template["metadata"]["labels"]
        asked = space["metadata"].get("labels", {}).get(_REVISION) or labels.get(_REVISION)
        annotations = template["metadata"].get("annotations", {})
        # What istiod deploys has its proxy in the template.
        revision = annotations.get(_REVISION) or self.injects_wrongly or asked or "default"
        image = template["spec"]["containers"][0]["image"]
        written = image.rpartition(":")[2] if _REVISION in annotations else ""
        return revision, written or self.versions.get(revision, "1.31.0")

    def replace_plane(self, revision: str, version: str) -> None:
        """As an upgrade in place does."""
        self.versions[revision] = version
        self.put(mesh_objects.istiod(revision, f"pilot:{version}"))


def gateway(
    name: str = "edge-in",
    *,
    replicas: int = 2,
    labels: Mapping[str, str | None] | None = None,
    selector: Mapping[str, str] | None = None,
    **spec: Any,
) -> Object:
    """A gateway's Deployment; None takes a usual label away, keywords add to its spec."""
    given = {"istio": "edge", "sidecar.istio.io/inject": "true", "app": name, **(labels or {})}
    template = {
        "metadata": {
            "annotations": {"inject.istio.io/templates": "gateway"},
            "labels": {key: value for key, value in given.items() if value is not None},
        },
        "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]},
    }
    item = selecting("apps/v1", "Deployment", name, "edge", {})
    return {
        **item,
        "metadata": {
            **item["metadata"],
            "generation": 1,
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "labels": {"installed-by": "helm"},
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": dict(selector or {"app": name})},
            "template": template,
            **spec,
        },
    }


def local_service(**policies: str) -> Object:
    """One that hands what comes to a node to the pods of that node alone, by these policies."""
    item = service()
    return {**item, "spec": {**item["spec"], **policies}}


def service(name: str = "edge-in", **selector: str) -> Object:
    """The Service before a gateway; it selects by `app` and `istio` unless a selector is given."""
    spec = {"type": "LoadBalancer", "clusterIP": "10.0.0.7", "ports": [{"nodePort": 30080}]}
    chosen = selector or {"app": name, "istio": "edge"}
    return selecting("v1", "Service", name, "edge", {**spec, "selector": chosen})


def move(api: GatewayCluster, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """The result of gateway_revision; None takes an argument away."""
    given = {"revision": "1-31", "drain_hold": 4, **arguments}
    chosen = {key: value for key, value in given.items() if value is not None}

    def clock() -> float:
        return float(api.now)

    def start(seconds: int, say: Callable[[str], None]) -> Waiter:
        waiter = Waiter.start(seconds, say)
        return replace(
            waiter, deadline=clock() + seconds, clock=clock, sleep=lambda _seconds: api.step()
        )

    def now() -> str:
        return f"second {api.now}"

    with (
        mock.patch.object(gateway_revision, "Waiter", SimpleNamespace(start=start)),
        mock.patch.object(Witness, "start", start_witness),
        mock.patch.object(_leaving, "_now", now),
        mock.patch.object(_gateway_course, "_now", now),
    ):
        return run_module(gateway_revision, api, chosen, check=check)
