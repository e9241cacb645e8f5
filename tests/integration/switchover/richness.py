# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configuration of each kind that the shop has none of, so that each can be found to differ."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from sandbox import pki
from sandbox.api import Object

NETWORKING, SECURITY = "networking.istio.io/v1", "security.istio.io/v1"
GATEWAY_API = "gateway.networking.k8s.io/v1"
CERTIFICATE = "rich-cert"
HOST = "rich.example.com"
# One that is there needs no pods of its own.
_ADDRESS = {"type": "Hostname", "value": "istio-ingressgateway.istio-ingress.svc.cluster.local"}
_ROOT = pki.authority("root of the certificates of servers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rich:
    """An object, the same with another meaning, and the topic by which its findings are called."""

    topic: str
    document: Object
    other: dict[str, Any]
    title: str = ""

    @property
    def kind(self) -> str:
        return self.title or str(self.document["kind"])

    @property
    def name(self) -> str:
        """As findings name it."""
        metadata = self.document["metadata"]
        return f"{self.kind} {metadata['namespace']}/{metadata['name']}"

    def differing(self) -> Object:
        return {**self.document, "spec": {**self.document["spec"], **self.other}}

    def beside(self) -> tuple[str, Object]:
        """Another one of the kind, with how findings name it."""
        metadata = {**self.document["metadata"], "name": "beside"}
        return f"{self.kind} shop/beside", {**self.document, "metadata": metadata}


def manifest(api_version: str, kind: str, name: str, spec: Any, namespace: str = "shop") -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def secret(host: str = HOST) -> Object:
    """A certificate of its own for a host, with its key."""
    made = pki.leaf(_ROOT, host, hosts=[host])
    data = {"tls.crt": made.certificate_pem, "tls.key": made.key_pem}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": CERTIFICATE, "namespace": "istio-ingress"},
        "type": "kubernetes.io/tls",
        "data": {key: base64.b64encode(content).decode() for key, content in data.items()},
    }


def autoscaler(most: int = 3) -> Object:
    """It has no metrics, so it changes nothing."""
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "payments"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": most}
    return manifest("autoscaling/v2", "HorizontalPodAutoscaler", "payments", spec)


def _rich(
    topic: str, api_version: str, kind: str, spec: dict[str, Any], other: dict[str, Any]
) -> Rich:
    gateway_of_the_api = kind == "Gateway" and api_version == GATEWAY_API
    return Rich(
        topic=topic,
        document=manifest(api_version, kind, "rich", spec),
        other=other,
        title=f"Gateway.{GATEWAY_API.partition('/')[0]}" if gateway_of_the_api else "",
    )


_TLS_PORT = {"number": 443, "name": "https-rich", "protocol": "HTTPS"}
_SERVER = {"port": _TLS_PORT, "tls": {"mode": "SIMPLE", "credentialName": CERTIFICATE}}
_LISTENER = {"name": "web", "port": 80, "protocol": "HTTP"}
_BACKEND = {"name": "frontend", "port": 80}
_PARENT = {"parentRefs": [{"name": "rich"}]}
_NOBODY = {"selector": {"matchLabels": {"app": "nobody"}}}

RICH = (
    _rich(
        "gateway",
        NETWORKING,
        "Gateway",
        {"selector": {"istio": "ingressgateway"}, "servers": [{**_SERVER, "hosts": [HOST]}]},
        {"servers": [{**_SERVER, "hosts": ["other.example.com"]}]},
    ),
    _rich(
        "gateway",
        GATEWAY_API,
        "Gateway",
        {"gatewayClassName": "istio", "addresses": [_ADDRESS], "listeners": [_LISTENER]},
        {"listeners": [{**_LISTENER, "hostname": HOST}]},
    ),
    _rich(
        "route",
        NETWORKING,
        "VirtualService",
        {"hosts": [HOST], "http": [{"route": [{"destination": {"host": "frontend"}}]}]},
        {"http": [{"route": [{"destination": {"host": "catalog"}}]}]},
    ),
    _rich(
        "route",
        GATEWAY_API,
        "HTTPRoute",
        {**_PARENT, "rules": [{"backendRefs": [_BACKEND]}]},
        {"rules": [{"backendRefs": [{**_BACKEND, "name": "catalog"}]}]},
    ),
    _rich(
        "route",
        GATEWAY_API,
        "GRPCRoute",
        {**_PARENT, "rules": [{"backendRefs": [_BACKEND]}]},
        {"hostnames": [HOST]},
    ),
    _rich(
        "route",
        "gateway.networking.k8s.io/v1beta1",
        "ReferenceGrant",
        {
            "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "a"}],
            "to": [{"group": "", "kind": "Service"}],
        },
        {"to": [{"group": "", "kind": "Secret"}]},
    ),
    _rich("traffic", NETWORKING, "DestinationRule", {"host": HOST}, {"exportTo": ["."]}),
    _rich(
        "traffic",
        NETWORKING,
        "ServiceEntry",
        {
            "hosts": [HOST],
            "resolution": "DNS",
            "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
        },
        {"location": "MESH_INTERNAL"},
    ),
    _rich(
        "traffic",
        NETWORKING,
        "Sidecar",
        {"workloadSelector": {"labels": {"app": "nobody"}}, "egress": [{"hosts": ["./*"]}]},
        {"egress": [{"hosts": ["*/*"]}]},
    ),
    _rich(
        "filter",
        "networking.istio.io/v1alpha3",
        "EnvoyFilter",
        {"workloadSelector": {"labels": {"app": "nobody"}}},
        {"priority": 3},
    ),
    _rich(
        "filter",
        "extensions.istio.io/v1alpha1",
        "WasmPlugin",
        {**_NOBODY, "url": "oci://localhost/none:1"},
        {"url": "oci://localhost/none:2"},
    ),
    _rich(
        "access",
        SECURITY,
        "PeerAuthentication",
        {**_NOBODY, "mtls": {"mode": "STRICT"}},
        {"mtls": {"mode": "PERMISSIVE"}},
    ),
    _rich(
        "access",
        SECURITY,
        "RequestAuthentication",
        {**_NOBODY, "jwtRules": [{"issuer": "us"}]},
        {"jwtRules": [{"issuer": "them"}]},
    ),
    _rich(
        "access", SECURITY, "AuthorizationPolicy", {**_NOBODY, "rules": [{}]}, {"action": "DENY"}
    ),
    _rich(
        "proxy_setting",
        "telemetry.istio.io/v1",
        "Telemetry",
        {**_NOBODY, "tracing": [{"randomSamplingPercentage": 1}]},
        {"tracing": [{"randomSamplingPercentage": 2}]},
    ),
)
