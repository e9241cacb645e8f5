# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers of the workloads: one program, under the kinds of controllers that Kubernetes has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.images import PROGRAMS

PORT = 8080
_PROBE = {"httpGet": {"path": "/healthz", "port": PORT}}
TCP_PORT = 9000
HTTP2_PORT = 81
Object = dict[str, Any]


class Kind(StrEnum):
    """What makes a server's pods."""

    DEPLOYMENT = "Deployment"
    STATEFUL_SET = "StatefulSet"
    DAEMON_SET = "DaemonSet"
    JOB = "Job"
    POD = "Pod"


class OnSigterm(StrEnum):
    """How a server takes the news that it is to end."""

    EXIT = "exit"
    """It exits at once, and open requests with it."""
    CLOSE = "close"
    """It closes its listener and finishes what is open."""
    SERVE = "serve"
    """It serves on for ten seconds, then does the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server, and the Service of the same name in front of it."""

    name: str
    namespace: str
    replicas: int = 2
    version: str = "v1"
    calls: Sequence[str] = ()
    on_sigterm: OnSigterm = OnSigterm.CLOSE
    kind: Kind = Kind.DEPLOYMENT
    has_raw_tcp: bool = False
    has_http2: bool = False
    host_aliases: Sequence[Object] = ()
    min_available: int | None = None
    """A disruption budget, for servers that have one."""

    def objects(self) -> list[Object]:
        """All of it, as manifests."""
        found = [self._service(), self._controller()]
        if self.min_available is not None:
            spec = {"minAvailable": self.min_available, "selector": {"matchLabels": self._app}}
            found.append(self._object("policy/v1", "PodDisruptionBudget", self.name, spec))
        return found

    @property
    def answers(self) -> bool:
        """Whether it serves requests; a Job does its work alone."""
        return self.kind is not Kind.JOB

    @property
    def _app(self) -> dict[str, str]:
        return {"app": self.name}

    @property
    def _labels(self) -> dict[str, str]:
        return {**self._app, "version": self.version}

    def _object(self, api: str, kind: str, name: str, spec: Object) -> Object:
        metadata: Object = {"name": name, "namespace": self.namespace, "labels": self._app}
        return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}

    def _service(self) -> Object:
        ports = [{"name": "http", "port": 80, "targetPort": PORT}]
        if self.has_http2:
            ports.append({"name": "http2", "port": HTTP2_PORT, "targetPort": PORT})
        if self.has_raw_tcp:
            ports.append({"name": "tcp", "port": TCP_PORT, "targetPort": TCP_PORT})
        return self._object("v1", "Service", self.name, {"selector": self._app, "ports": ports})

    def _controller(self) -> Object:
        pod = self._pod()
        template = {"metadata": {"labels": self._labels}, "spec": pod}
        rest: Object = {"selector": {"matchLabels": self._labels}, "template": template}
        match self.kind:
            case Kind.DEPLOYMENT:
                name = self.name if self.version == "v1" else f"{self.name}-{self.version}"
                spec = {"replicas": self.replicas, **rest}
                return self._object("apps/v1", self.kind, name, spec)
            case Kind.STATEFUL_SET:
                spec = {"replicas": self.replicas, "serviceName": self.name, **rest}
                return self._object("apps/v1", self.kind, self.name, spec)
            case Kind.DAEMON_SET:
                spec = {"updateStrategy": {"type": "OnDelete"}, **rest}
                return self._object("apps/v1", self.kind, self.name, spec)
            case Kind.JOB:
                # Longer than any test takes; a restart would lose its work.
                pod["containers"][0]["command"] = ["sleep", "86400"]
                for name in ("args", "startupProbe", "readinessProbe"):
                    del pod["containers"][0][name]
                template["spec"] = {**pod, "restartPolicy": "Never"}
                return self._object("batch/v1", self.kind, self.name, {"template": template})
            case Kind.POD:
                return self._object("v1", self.kind, self.name, pod) | {
                    "metadata": {
                        "name": self.name,
                        "namespace": self.namespace,
                        "labels": self._labels,
                    }
                }

    def _pod(self) -> Object:
        words = [f"--name={self.name}", f"--version={self.version}"]
        words += [f"--on-sigterm={self.on_sigterm}", *(f"--call={url}" for url in self.calls)]
        container = {
            "name": "server",
            "image": PROGRAMS,
            # There is no registry from which it could be pulled.
            "imagePullPolicy": "IfNotPresent",
            "command": ["shop"],
            "args": words,
            "ports": [{"name": "http", "containerPort": PORT}],
            # Asked every second only until it has started: that many questions cost the machine.
            "startupProbe": {**_PROBE, "periodSeconds": 1, "failureThreshold": 60},
            "readinessProbe": {**_PROBE, "periodSeconds": 5},
            "resources": {"requests": {"cpu": "1m", "memory": "8Mi"}},
        }
        pod: Object = {"containers": [container], "terminationGracePeriodSeconds": 30}
        if self.host_aliases:
            pod["hostAliases"] = list(self.host_aliases)
        return pod
