# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads, and what selects their pods, as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._workload import KINDS

Object = dict[str, Any]


def workload(  # noqa: PLR0913 - what a workload is made of
    name: str,
    *,
    kind: str = "Deployment",
    replicas: int = 1,
    namespace: str = "shop",
    strategy: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    pod: Mapping[str, Any] | None = None,
    **spec: Any,
) -> Object:
    """A workload whose pods `Controllers` makes; keywords are more of its spec, `pod` of theirs."""
    field = "updateStrategy" if kind in ("StatefulSet", "DaemonSet") else "strategy"
    template = {
        "metadata": {"labels": {"app": name, **(labels or {})}},
        "spec": {"containers": [{"name": "app"}], **(pod or {})},
    }
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "generation": 1,
            "annotations": dict(annotations or {}),
        },
        "spec": {
            "replicas": replicas,
            field: dict(strategy or {}),
            "selector": {"matchLabels": {"app": name}},
            "template": template,
            **spec,
        },
    }


def by_reference(item: Object, name: str) -> tuple[Object, Object]:
    """The Rollout without its template, and the Deployment of that name that has it."""
    spec = {key: value for key, value in item["spec"].items() if key != "template"}
    spec["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    namespace = item["metadata"]["namespace"]
    lender = workload(name, replicas=0, namespace=namespace)
    lender["spec"] |= {key: item["spec"][key] for key in ("template", "selector")}
    return {**item, "spec": spec}, lender


def service(name: str, *, namespace: str = "shop", **spec: Any) -> Object:
    """A Service of the pods with that name as their label `app`, unless its spec says another."""
    return selecting("v1", "Service", name, namespace, {"selector": {"app": name}, **spec})


def selecting(
    api_version: str, kind: str, name: str, namespace: str, spec: Mapping[str, Any]
) -> Object:
    """Anything that selects pods."""
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": dict(spec),
    }


def budget(name: str, *, allowed: int, at_best: int) -> Object:
    """A PodDisruptionBudget of the workload of that name."""
    spec = {"selector": {"matchLabels": {"app": name}}}
    status = {"disruptionsAllowed": allowed, "expectedPods": at_best, "desiredHealthy": 0}
    item = selecting("policy/v1", "PodDisruptionBudget", name, "shop", spec)
    return {**item, "status": status}
