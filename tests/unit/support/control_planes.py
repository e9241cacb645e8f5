# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control planes as the API shows them, for tests that need something to answer for a revision."""

from __future__ import annotations

from typing import Any

Objects = list[dict[str, Any]]


def webhook_configuration(
    name: str, revision: str, *, tag: str | None = None, service: str, authority: str = "Q0E="
) -> dict[str, Any]:
    """As the chart renders it: one webhook by namespace label, one by pod label."""
    value = tag or revision
    client = {
        "service": {"name": service, "namespace": "istio-system", "path": "/inject", "port": 443},
        **({"caBundle": authority} if authority else {}),
    }
    no_injection: dict[str, Any] = {"key": "istio-injection", "operator": "DoesNotExist"}
    not_refused = {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}
    named = {"key": "istio.io/rev", "operator": "In", "values": [value]}
    unnamed: dict[str, Any] = {"key": "istio.io/rev", "operator": "DoesNotExist"}
    selectors = {
        "rev.namespace": ([named, no_injection], [not_refused]),
        "rev.object": ([unnamed, no_injection], [not_refused, named]),
    }
    if value == "default":
        asked = {"key": "sidecar.istio.io/inject", "operator": "In", "values": ["true"]}
        enabled = {"key": "istio-injection", "operator": "In", "values": ["enabled"]}
        selectors["namespace"] = ([enabled], [not_refused])
        selectors["object"] = ([no_injection, unnamed], [asked, unnamed])
    labels = {"istio.io/rev": revision, "app": "sidecar-injector"}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name, "labels": {**labels, **({"istio.io/tag": tag} if tag else {})}},
        "webhooks": [
            {
                "name": f"{prefix}.sidecar-injector.istio.io",
                "clientConfig": client,
                "namespaceSelector": {"matchExpressions": namespaces},
                "objectSelector": {"matchExpressions": pods},
            }
            for prefix, (namespaces, pods) in selectors.items()
        ],
    }


def endpoint_slice(
    service: str, *, ready: bool = True, namespace: str = "istio-system", pods: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The endpoints of a Service: one without a name, or one for each pod."""
    conditions = {"ready": ready, "serving": ready, "terminating": False}
    references = [
        {"targetRef": {"kind": "Pod", "name": pod, "namespace": namespace}} for pod in pods
    ]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": f"{service}-x",
            "namespace": namespace,
            "labels": {"kubernetes.io/service-name": service},
        },
        "endpoints": [{"conditions": conditions, **reference} for reference in references or [{}]],
    }


def default_validator(
    revision: str = "default", *, service: str = "istiod", policy: str = "Fail"
) -> dict[str, Any]:
    """Who checks what names no revision."""
    client = {"service": {"name": service, "namespace": "istio-system", "path": "/validate"}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "istiod-default-validator", "labels": {"istio.io/rev": revision}},
        "webhooks": [
            {"name": "validation.istio.io", "clientConfig": client, "failurePolicy": policy}
        ],
    }


def revision(name: str) -> Objects:
    """What makes a revision answer for the namespaces that name it."""
    return [
        webhook_configuration(f"istio-sidecar-injector-{name}", name, service=f"istiod-{name}"),
        endpoint_slice(f"istiod-{name}"),
    ]


def unrevisioned() -> Objects:
    """The control plane without a revision, as istioctl leaves it: its tag does the work."""
    return [
        webhook_configuration(
            "istio-revision-tag-default", "default", tag="default", service="istiod"
        ),
        endpoint_slice("istiod"),
    ]
