# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What serves requests in a cluster: Services, those of them that answer, and how large it all is.

The control planes and Istio's node agents are left out: each version has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ansible_collections.meshwright.istio.plugins.module_utils import _injector, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    TAG_LABEL,
)

Name: TypeAlias = tuple[str, str]
LoadKey: TypeAlias = tuple[str, str, str]
LOADS = (
    _kinds.DEPLOYMENT,
    _kinds.STATEFUL_SET,
    _kinds.DAEMON_SET,
    _kinds.ROLLOUT,
    _kinds.DEPLOYMENT_CONFIG,
)
_AGENTS = ("istio-cni-node", "ztunnel")
_OF_SERVICE = "kubernetes.io/service-name"
_INJECT = "sidecar.istio.io/inject"
_TEMPLATES = "inject.istio.io/templates"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Port:
    """What clients know of a port; nodes' ports and those of pods are a cluster's own affair."""

    port: int
    protocol: str
    name: str
    application: str

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Port:
        """Read an entry of a Service."""
        return cls(
            port=item["port"],
            protocol=item.get("protocol") or "TCP",
            name=item.get("name") or "",
            application=item.get("appProtocol") or "",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A workload; `replicas` is None for one that has as many pods as there are nodes."""

    namespace: str
    kind: str
    name: str
    replicas: int | None
    labels: Mapping[str, str]
    in_mesh: bool

    @classmethod
    def from_object(cls, item: Object) -> Load:
        """Read a workload of any kind."""
        template = {"metadata": {}, **(item["spec"].get("template") or {})}
        labels = labels_of(template)
        inject = labels.get(_INJECT)
        return cls(
            namespace=item["metadata"]["namespace"],
            kind=item["kind"],
            name=item["metadata"]["name"],
            replicas=None if item["kind"] == "DaemonSet" else item["spec"].get("replicas", 1),
            labels=labels,
            in_mesh=inject == "true"
            or (inject is None and REVISION_LABEL in labels)
            or _TEMPLATES in annotations_of(template),
        )

    @property
    def key(self) -> LoadKey:
        return self.namespace, self.kind, self.name

    def has(self, selector: Mapping[str, str]) -> bool:
        """Whether its pods are among those that are selected."""
        return selector.items() <= self.labels.items()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaler:
    """How far an autoscaler goes."""

    least: int
    most: int

    @classmethod
    def from_object(cls, item: Object) -> Scaler:
        """Read a HorizontalPodAutoscaler."""
        spec = item["spec"]
        return cls(least=spec.get("minReplicas", 1), most=spec["maxReplicas"])

    def __str__(self) -> str:
        return f"{self.least} to {self.most}"


def is_istios_own(item: Object) -> bool:
    """Whether it is of a control plane or an agent on the nodes."""
    labels = labels_of(item)
    names = {labels.get("app"), labels.get("k8s-app"), labels.get("app.kubernetes.io/name")}
    return bool(names & {"istiod", *_AGENTS}) or TAG_LABEL in labels


def read_services(items: Iterable[Object]) -> dict[Name, tuple[Port, ...]]:
    """The ports of each Service."""
    return {
        _name(item): tuple(sorted(map(Port.from_object, item["spec"].get("ports") or ())))
        for item in items
        if not is_istios_own(item)
    }


def read_loads(items: Iterable[Object]) -> dict[LoadKey, Load]:
    """The workloads by their keys."""
    loads = (Load.from_object(item) for item in items if not is_istios_own(item))
    return {load.key: load for load in loads}


def read_scalers(items: Iterable[Object]) -> dict[LoadKey, Scaler]:
    """The autoscalers by what they scale."""
    found = {}
    for item in items:
        target = item["spec"]["scaleTargetRef"]
        key = (item["metadata"]["namespace"], target["kind"], target["name"])
        if not is_istios_own(item):
            found[key] = Scaler.from_object(item)
    return found


def ready_service(item: Object) -> Name | None:
    """The Service of an EndpointSlice with an endpoint that takes requests."""
    name = labels_of(item).get(_OF_SERVICE)
    if name is None or not _injector.has_ready_address([item]):
        return None
    return item["metadata"]["namespace"], name


def _name(item: Object) -> Name:
    return item["metadata"]["namespace"], item["metadata"]["name"]
