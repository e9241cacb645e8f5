# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways of a cluster in memory, whose Envoys tell the numbers that a test has set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import selecting

Object = dict[str, Any]
LABELS = {"app": "quay"}
# What Envoy keeps: everything, Istio's default, and that with the statistics of HTTP.
ALL, DEFAULT, HTTP = r".", r"^server\.", r"^(server|http)\."


@dataclass(slots=True, kw_only=True)
class FakeEnvoy:
    """One proxy. Connections without a protocol are `raw`; `probes` look at the proxy itself."""

    sessions: int = 0
    raw: int = 0
    open: int = 0
    requests: int = 0
    probes: int = 2
    kept: str = ALL
    telemetry: Mapping[int, int] | None = None
    error: ApiError | None = None

    def answer(self, path: str) -> bytes:
        """What it says on its admin port, as a real one does."""
        if path == "/clusters":
            return self._clusters().encode()
        wanted = re.compile(unquote(path.removeprefix("/stats?filter=")))
        lines = [line for line in self._statistics() if wanted.search(line.partition(": ")[0])]
        return "".join(f"{line}\n" for line in lines).encode()

    def _statistics(self) -> list[str]:
        name = "http.outbound_0.0.0.0_8443;"
        kept = [
            f"http.admin.downstream_cx_active: {self.probes}",
            f"http.admin.downstream_rq_active: {self.probes}",
            "http.admin.downstream_rq_total: 733",
            f"http.agent.downstream_cx_active: {self.probes}",
            "http.agent.downstream_rq_total: 81",
            f"{name}.downstream_cx_active: {self.sessions}",
            "http.outbound_0.0.0.0_8443;.downstream_cx_total: 977",
            f"{name}.downstream_rq_active: {self.open}",
            f"{name}.downstream_rq_total: {self.requests}",
            f"listener.0.0.0.0_8443.downstream_cx_active: {self.sessions}",
            f"listener.0.0.0.0_8443.worker_0.downstream_cx_active: {self.sessions}",
            f"listener.0.0.0.0_9000.downstream_cx_active: {self.raw}",
            f"listener.0.0.0.0_15021.downstream_cx_active: {self.probes}",
            f"listener.[__]_15090.downstream_cx_active: {self.probes}",
            f"listener.admin.downstream_cx_active: {self.probes}",
            "server.live: 1",
            f"server.total_connections: {self.sessions + self.raw + self.probes}",
        ]
        found = [line for line in kept if re.search(self.kept, line)]
        if self.telemetry is not None:
            found += [
                f"istiocustom.istio_requests_total.reporter.source.code.{code}: {number}"
                for code, number in self.telemetry.items()
            ]
        return found

    def _clusters(self) -> str:
        return (
            "agent::127.0.0.1:15020::rq_active::4\n"
            "prometheus_stats::127.0.0.1:15000::rq_total::412\n"
            "outbound|80||quay.lake.svc.cluster.local::10.1.0.9:8080::cx_active::9\n"
            f"outbound|80||quay.lake.svc.cluster.local::10.1.0.9:8080::rq_active::{self.open}\n"
            f"outbound|80||quay.lake.svc.cluster.local::10.1.0.9:8080::rq_total::{self.requests}\n"
            f"outbound|90||raw.lake.svc.cluster.local::10.1.0.8:9000::rq_active::{self.raw}\n"
        )


class Harbour(FakeApi):
    """A cluster with gateways; `envoys` are those of its pods, by name."""

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        super().__init__(*objects)
        self.envoys: dict[str, FakeEnvoy] = {}

    def add(self, name: str, deployment: str = "quay", **numbers: Any) -> FakeEnvoy:
        """A pod of that gateway."""
        self.put(pod(name, deployment))
        self.envoys[name] = FakeEnvoy(**numbers)
        return self.envoys[name]

    def pod_get(self, pod: str, namespace: str, *, port: int, path: str, **_settings: Any) -> bytes:
        assert (namespace, port) == ("lake", 15000)
        envoy = self.envoys[pod]
        if envoy.error:
            raise envoy.error
        return envoy.answer(path)


def pod(
    name: str,
    deployment: str,
    *,
    ready: bool = True,
    managed: bool = False,
    ending: bool = False,
) -> Object:
    """A pod of a gateway."""
    item = mesh_objects.pod(name, "lake", revision="1-30", deployment=deployment)
    item["metadata"]["uid"] = f"uid-of-{name}"
    item["metadata"]["labels"] |= {"app": deployment, **(_MANAGED if managed else {})}
    if not managed:
        item["metadata"]["annotations"]["inject.istio.io/templates"] = "gateway"
    if ending:
        item["metadata"]["deletionTimestamp"] = "2026-02-03T00:00:00Z"
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {**item, "status": {"phase": "Running", "conditions": conditions}}


def deployment(name: str = "quay", *, managed: bool = False) -> Object:
    """The Deployment of a gateway: by injection, or as istiod makes it."""
    annotations = {} if managed else {"inject.istio.io/templates": "gateway"}
    metadata = {"labels": {"app": name}, "annotations": annotations}
    template = {"metadata": metadata, "spec": {"containers": []}}
    item = selecting("apps/v1", "Deployment", name, "lake", {"template": template})
    item["metadata"]["labels"] = dict(_MANAGED) if managed else {}
    return item


def service(name: str = "quay", kind: str = "LoadBalancer") -> Object:
    """A Service before a gateway."""
    return selecting("v1", "Service", name, "lake", {"type": kind, "selector": {"app": name}})


_MANAGED = {"gateway.istio.io/managed": "istio.io-gateway-controller"}
