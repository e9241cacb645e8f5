# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two clusters in memory that serve the same, but for the version of Istio."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any
from unittest import mock

from ansible_collections.meshwright.istio.plugins.module_utils._api import Objects
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    leaves,
    mesh_objects,
    roots,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    service,
    workload,
)

Object = dict[str, Any]
NETWORKING, SECURITY = "networking.istio.io/v1", "security.istio.io/v1"
GATEWAY_API = "gateway.networking.k8s.io/v1"
MESH = """\
defaultConfig: {discoveryAddress: "istiod%s.istio-system.svc:15012", concurrency: 2}
rootNamespace: istio-system
trustDomain: shop.test
"""
KEY = "a key that must never be seen"


class Cluster(FakeApi):
    """`unserved` are plurals that it does not know, `forbidden` such as nobody may read."""

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self.unserved: set[str] = set()
        self.forbidden: set[str] = set()
        super().__init__(*objects)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object | None:
        self._check(kind)
        return super().get(kind, name, namespace)

    def pages(self, kind: Kind, *asked: Any, **more: Any) -> Iterator[tuple[Objects, str]]:
        self._check(kind)
        if kind.plural not in self.unserved:
            yield from super().pages(kind, *asked, **more)

    def change(self, kind: str, name: str, namespace: str | None = "shop", **content: Any) -> None:
        """Replace parts of an object, such as its spec or metadata."""
        item = self.find(kind, name, namespace)
        metadata = {**item["metadata"], **content.pop("metadata", {})}
        self.put({**item, **content, "metadata": metadata})

    def find(self, kind: str, name: str, namespace: str | None = "shop") -> Object:
        """An object by its kind, whatever its version."""
        (key,) = [each for each in self.objects if each[1:] == (kind, namespace, name)]
        return self.objects[key]

    def drop(self, kind: str, name: str, namespace: str | None = "shop") -> None:
        """Take an object away by its kind."""
        (key,) = [each for each in self.objects if each[1:] == (kind, namespace, name)]
        del self.objects[key]

    def _check(self, kind: Kind) -> None:
        if kind.plural in self.forbidden:
            raise ApiError(f"{kind.plural} is forbidden.", status=403, reason="Forbidden")


def custom(api_version: str, kind: str, name: str, spec: Object, **metadata: Any) -> Object:
    """An object of the configuration, in the namespace `shop` unless another is given."""
    place = {"name": name, "namespace": "shop", **metadata}
    return {"apiVersion": api_version, "kind": kind, "metadata": place, "spec": spec}


def secret(name: str, namespace: str, **data: str) -> Object:
    """A Secret; `tls_crt` stands for tls.crt."""
    encoded = {
        key.replace("_", "."): base64.b64encode(value.encode()).decode()
        for key, value in data.items()
    }
    place = {"name": name, "namespace": namespace}
    kind = "kubernetes.io/tls" if "tls_crt" in data else "Opaque"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": place, "type": kind, "data": encoded}


def config_map(name: str, namespace: str, key: str, text: str) -> Object:
    """A ConfigMap that istiod has made or reads."""
    place = {"name": name, "namespace": namespace, "labels": {"istio.io/config": "true"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": {key: text}}


def root_secret(root: str = roots.MESH) -> Object:
    """The authority that istiod signs with."""
    item = secret("cacerts", "istio-system")
    item["data"]["root-cert.pem"] = base64.b64encode(root.encode()).decode()
    return item


def autoscaler(name: str = "web", least: int = 2, most: int = 9) -> Object:
    """That of the Deployment of the same name."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most}
    return custom("autoscaling/v2", "HorizontalPodAutoscaler", name, spec)


def config() -> Iterator[Object]:
    """One object of most kinds."""
    tls = {"mode": "SIMPLE", "credentialName": "shop-cert"}
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    servers = [{"port": port, "hosts": ["shop.test"], "tls": tls}]
    front = {"selector": {"istio": "ingressgateway"}, "servers": servers}
    yield custom(NETWORKING, "Gateway", "front", front)
    route = {"http": [{"route": [{"destination": {"host": "web"}}]}], "hosts": ["shop.test"]}
    yield custom(NETWORKING, "VirtualService", "web", route)
    yield custom(NETWORKING, "DestinationRule", "web", {"host": "web"})
    yield custom(NETWORKING, "ServiceEntry", "partner", {"hosts": ["partner.test"]})
    yield custom(NETWORKING, "Sidecar", "default", {"egress": [{"hosts": ["./*"]}]})
    patch = {"applyTo": "HTTP_FILTER", "patch": {"value": {"password": KEY}}}
    filters = "networking.istio.io/v1alpha3"
    yield custom(filters, "EnvoyFilter", "limits", {"configPatches": [patch]})
    yield custom("extensions.istio.io/v1alpha1", "WasmPlugin", "auth", {"url": "oci://auth"})
    yield custom("telemetry.istio.io/v1", "Telemetry", "default", {"tracing": [{}]})
    yield custom(SECURITY, "PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    yield custom(SECURITY, "RequestAuthentication", "users", {"jwtRules": [{"issuer": "us"}]})
    yield custom(SECURITY, "AuthorizationPolicy", "web", {"rules": [{}]})
    references = [{"name": "shop-cert", "namespace": "istio-ingress"}]
    listener = {"name": "web", "port": 443, "protocol": "HTTPS"}
    listeners = [{**listener, "tls": {"certificateRefs": references}}]
    side = {"gatewayClassName": "istio", "listeners": listeners}
    yield custom(GATEWAY_API, "Gateway", "side", side)
    rule = {"backendRefs": [{"name": "web", "port": 80}]}
    yield custom(GATEWAY_API, "HTTPRoute", "web", {"rules": [rule]})


def serving() -> Iterator[Object]:
    """What answers requests."""
    yield service("web", ports=[{"name": "http", "port": 80}])
    yield {**control_planes.endpoint_slice("web", namespace="shop")}
    yield workload("web", replicas=3)
    yield workload("db", kind="StatefulSet", replicas=3)
    yield workload("agent", kind="DaemonSet")
    yield autoscaler()
    labels = {"istio": "ingressgateway", "sidecar.istio.io/inject": "true"}
    yield workload("edge", namespace="istio-ingress", labels=labels, replicas=2)
    yield secret("shop-cert", "istio-ingress", tls_crt=leaves.SHOP, tls_key=KEY)


def cluster(version: str, uid: str) -> Cluster:
    """One that has all of it."""
    everywhere = mesh_objects.namespace("kube-system")
    everywhere["metadata"]["uid"] = uid
    names = ("istio-system", "istio-ingress", "outside")
    return Cluster(
        everywhere,
        *map(mesh_objects.namespace, names),
        mesh_objects.namespace("shop", istio_injection="enabled"),
        mesh_objects.istiod("default", f"hub.example.org/pilot:{version}"),
        *control_planes.unrevisioned(),
        config_map("istio", "istio-system", "mesh", MESH % ""),
        *(config_map("istio-ca-root-cert", each, "root-cert.pem", roots.MESH) for each in names),
        root_secret(),
        *config(),
        *serving(),
    )


def pair() -> tuple[Cluster, Cluster]:
    """The source and the target."""
    return cluster("1.30.4", "uid-a"), cluster("1.31.0", "uid-b")


def run(
    module: ModuleType, clusters: tuple[FakeApi, FakeApi], *, check: bool = False, **options: Any
) -> dict[str, Any]:
    """A module's main() on both; the source is never written to."""
    source, target = clusters
    with mock.patch.object(module, "create_target_client", return_value=target):
        result = run_module(module, source, {"target": {"context": "b"}, **options}, check=check)
    assert source.writes == []
    return result
