# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istioctl does for our modules: it tells its version and renders a control plane.

The manifest is that of the profile minimal, with fewer kinds, rules and templates. Only the
standard library is used, so that it also runs as a program of its own.
"""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

Object = dict[str, Any]
NAMESPACE = "istio-system"


def install(folder: Path, version: str) -> Path:
    """Put an istioctl of that version into the folder."""
    program = folder / f"istioctl-{version}"
    here = Path(__file__).parent
    program.write_text(
        f"#!{sys.executable}\n"
        f"import sys\nsys.path.insert(0, {str(here)!r})\n"
        f"import rendering\nsys.exit(rendering.main({version!r}, sys.argv[1:]))\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def main(version: str, arguments: list[str]) -> int:
    """The two commands that our modules use."""
    if arguments[0] == "version":
        print(json.dumps({"clientVersion": {"version": version}}))  # noqa: T201 - a program
        return 0
    paths = [arguments[at + 1] for at, word in enumerate(arguments) if word == "-f"]
    spec: Object = {}
    for path in paths:
        spec = _merge(spec, json.loads(Path(path).read_text())["spec"])
    if "unknownField" in spec:
        print('Error: unknown field "unknownField"', file=sys.stderr)  # noqa: T201
        return 1
    for document in render(version, spec):
        print(f"---\n{json.dumps(document)}")  # noqa: T201
    return 0


def render(version: str, spec: Object) -> list[Object]:
    """The objects of a control plane."""
    revision = spec.get("revision") or "default"
    suffix = "" if revision == "default" else f"-{revision}"
    values = spec.get("values") or {}
    hub, tag = spec.get("hub", "hub.example.org/istio"), str(spec.get("tag") or version)
    components = spec.get("components") or {}
    pilot = values.get("pilot") or {}
    settings = (components.get("pilot") or {}).get("k8s") or {}
    names = _Names(revision, suffix)
    found = [
        names.definition(),
        names.account("istio-reader-service-account", {}),
        names.account(f"istiod{suffix}", names.labels, _secrets(values)),
        names.cluster_role(),
        names.validator(),
        names.config_map("istio", {"mesh": json.dumps(spec.get("meshConfig") or {})}),
        names.config_map("istio-sidecar-injector", {"values": json.dumps(_settings(hub, tag))}),
        names.injector(),
        _patched(names.istiod(f"{hub}/pilot:{tag}", pilot), settings),
        names.service(),
    ]
    if pilot.get("autoscaleEnabled", True) and not pilot.get("replicaCount"):
        found.append(names.autoscaler())
    if components.get("ingressGateways"):
        found.append(names.gateway())
    return found


def _secrets(values: Object) -> Object:
    names = (values.get("global") or {}).get("imagePullSecrets")
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}


def _patched(istiod: Object, settings: Object) -> Object:
    """What istioctl writes over the chart's own when the chart is rendered."""
    if "replicaCount" in settings:
        istiod["spec"]["replicas"] = settings["replicaCount"]
    return istiod


def _settings(hub: str, tag: str) -> Object:
    return {"global": {"hub": hub, "tag": tag, "proxy": {"image": "proxyv2"}}}


class _Names:
    def __init__(self, revision: str, suffix: str) -> None:
        self.revision, self.suffix = revision, suffix
        self.labels = {"app": "istiod", "istio.io/rev": revision, "release": "istio"}

    def _object(self, api: str, kind: str, name: str, **content: Any) -> Object:
        metadata = {"name": name, "labels": dict(self.labels)}
        if content.pop("namespaced", True):
            metadata["namespace"] = NAMESPACE
        return {"apiVersion": api, "kind": kind, "metadata": metadata, **content}

    def definition(self) -> Object:
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "gateways.networking.istio.io", "labels": {"chart": "istio"}},
            "spec": {"group": "networking.istio.io", "versions": [{"name": "v1"}]},
        }

    def account(self, name: str, labels: Object, more: Object | None = None) -> Object:
        return {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
            **(more or {}),
        }

    def cluster_role(self) -> Object:
        name = f"istiod-clusterrole{self.suffix}-{NAMESPACE}"
        api = "rbac.authorization.k8s.io/v1"
        return self._object(api, "ClusterRole", name, rules=[], namespaced=False)

    def config_map(self, name: str, data: Object) -> Object:
        return self._object("v1", "ConfigMap", f"{name}{self.suffix}", data=data)

    def service(self) -> Object:
        ports = [{"name": "https-webhook", "port": 443, "targetPort": 15017}]
        spec = {"ports": ports, "selector": {"app": "istiod", "istio.io/rev": self.revision}}
        return self._object("v1", "Service", f"istiod{self.suffix}", spec=spec)

    def autoscaler(self) -> Object:
        spec = {"minReplicas": 1, "maxReplicas": 5}
        name = f"istiod{self.suffix}"
        return self._object("autoscaling/v2", "HorizontalPodAutoscaler", name, spec=spec)

    def gateway(self) -> Object:
        item = self._object("apps/v1", "Deployment", "istio-ingressgateway", spec={})
        item["metadata"]["labels"]["operator.istio.io/component"] = "IngressGateways"
        return item

    def istiod(self, image: str, pilot: Object) -> Object:
        container = {"name": "discovery", "image": image, "env": pilot.get("env") or []}
        labels = {**self.labels, "sidecar.istio.io/inject": "false"}
        keys = ("nodeSelector", "tolerations", "affinity")
        placement = {key: pilot[key] for key in keys if pilot.get(key)}
        inner = {"containers": [container], **placement}
        template = {"metadata": {"labels": labels}, "spec": inner}
        selector = {"matchLabels": {"app": "istiod", "istio.io/rev": self.revision}}
        spec: Object = {"selector": selector, "template": template}
        if pilot.get("replicaCount"):
            spec["replicas"] = pilot["replicaCount"]
        return self._object("apps/v1", "Deployment", f"istiod{self.suffix}", spec=spec)

    def validator(self) -> Object:
        hook = {
            "name": "rev.validation.istio.io",
            "clientConfig": {"service": self._target("/validate")},
            "failurePolicy": "Ignore",
            "rules": [],
            "admissionReviewVersions": ["v1"],
        }
        return self._object(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            f"istio-validator{self.suffix}-{NAMESPACE}",
            webhooks=[hook],
            namespaced=False,
        )

    def injector(self) -> Object:
        not_refused = {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}
        named = {"key": "istio.io/rev", "operator": "In", "values": [self.revision]}
        free = {"key": "istio-injection", "operator": "DoesNotExist"}
        unnamed = {"key": "istio.io/rev", "operator": "DoesNotExist"}
        selectors = {
            "rev.namespace": ([named, free], [not_refused]),
            "rev.object": ([unnamed, free], [not_refused, named]),
        }
        if self.revision == "default":
            enabled = {"key": "istio-injection", "operator": "In", "values": ["enabled"]}
            selectors["namespace"] = ([enabled], [not_refused])
        return self._object(
            "admissionregistration.k8s.io/v1",
            "MutatingWebhookConfiguration",
            f"istio-sidecar-injector{self.suffix}",
            webhooks=[
                {
                    "name": f"{prefix}.sidecar-injector.istio.io",
                    "clientConfig": {"service": {**self._target("/inject"), "port": 443}},
                    "failurePolicy": "Fail",
                    "namespaceSelector": {"matchExpressions": spaces},
                    "objectSelector": {"matchExpressions": pods},
                    "admissionReviewVersions": ["v1"],
                    "rules": [],
                    "sideEffects": "None",
                }
                for prefix, (spaces, pods) in selectors.items()
            ],
            namespaced=False,
        )

    def _target(self, path: str) -> Object:
        return {"name": f"istiod{self.suffix}", "namespace": NAMESPACE, "path": path}


def _merge(one: Object, other: Object) -> Object:
    merged = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged
