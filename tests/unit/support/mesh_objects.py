# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of a small mesh, as the API shows them."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def namespace(name: str, **labels: str) -> Object:
    """A namespace; `istio_injection` and `rev` stand for Istio's two labels."""
    names = {"istio_injection": "istio-injection", "rev": "istio.io/rev"}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {names.get(key, key): value for key, value in labels.items()},
        },
    }


def istiod(revision: str, image: str, *, replicas: int = 1, memory: str = "1Gi") -> Object:
    """The Deployment of a control plane."""
    suffix = "" if revision == "default" else f"-{revision}"
    container = {
        "name": "discovery",
        "image": image,
        "resources": {"requests": {"cpu": "500m", "memory": memory}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": f"istiod{suffix}",
            "namespace": "istio-system",
            "labels": {"app": "istiod", "istio.io/rev": revision},
        },
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
    }


def node(name: str = "n1", *, memory: str = "4Gi") -> Object:
    """A node that takes pods."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "spec": {},
        "status": {"allocatable": {"cpu": "4", "memory": memory, "pods": "110"}},
    }


def pod(
    name: str,
    namespace: str,
    *,
    revision: str | None = None,
    deployment: str | None = None,
    labels: dict[str, str] | None = None,
    version: str = "1.30.4",
) -> Object:
    """A running pod, injected when a revision is given, of a Deployment when one is named."""
    all_labels = {**(labels or {}), **({"pod-template-hash": "5d8"} if deployment else {})}
    proxy = {"name": "istio-proxy", "image": f"hub.example.org/proxyv2:{version}"}
    owner = {"kind": "ReplicaSet", "name": f"{deployment}-5d8", "controller": True}
    annotations = {"sidecar.istio.io/status": "{}", "istio.io/rev": revision}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": all_labels,
            "annotations": annotations if revision else {},
            **({"ownerReferences": [owner]} if deployment else {}),
        },
        "spec": {"containers": [{"name": "app"}, *([proxy] if revision else [])]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
    }
