# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A LimitRange that came after the pods is felt by the next ones, and by their sidecars too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _helm_values,
    _images,
    _quantity,
)
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    moving,
    new_settings,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

Resources = Mapping[str, Mapping[str, Any]]
# What the charts give where nobody says otherwise; the same from 1.24 to 1.31.
_OF_THE_CHART: Resources = {
    "requests": {"cpu": "100m", "memory": "128Mi"},
    "limits": {"cpu": "2000m", "memory": "1024Mi"},
}
_ANNOTATIONS = (
    ("requests", "cpu", "sidecar.istio.io/proxyCPU"),
    ("requests", "memory", "sidecar.istio.io/proxyMemory"),
    ("limits", "cpu", "sidecar.istio.io/proxyCPULimit"),
    ("limits", "memory", "sidecar.istio.io/proxyMemoryLimit"),
)
_PROXY = "istio-proxy"


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    usual = _usual(evidence, upgrade)
    ranges: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for item in evidence.of(Topic.LIMIT_RANGES):
        ranges[item["metadata"]["namespace"]].append(item)
    found: defaultdict[str, list[str]] = defaultdict(list)
    for workload, _pods in moving.workloads(evidence, upgrade):
        namespace = workload.reference.namespace
        for each in ranges[namespace]:
            for complaint in _complaints(each["spec"]["limits"], workload, usual):
                text = f"LimitRange {namespace}/{each['metadata']['name']}: {complaint}"
                found[text].append(str(workload.reference))
    if found:
        yield Finding(
            code="limit_range",
            severity=Severity.BLOCK,
            title="Pods with their new sidecar would break a LimitRange",
            objects=tuple(f"{text} ({_some(names)})" for text, names in sorted(found.items())),
            consequence="The API server refuses the new pods of these workloads. Their restart is"
            " given up in the end, and the wave goes back.",
            remedy="Widen the LimitRange, or give the pods smaller sidecars by the annotations"
            " sidecar.istio.io/proxyCPU, proxyMemory, proxyCPULimit and proxyMemoryLimit.",
            override="limit_range",
            source="kubernetes.io/docs/concepts/policy/limit-range",
        )


def _usual(evidence: Evidence, upgrade: Upgrade) -> Resources:
    """What a sidecar asks for whose pod says nothing."""
    settings = new_settings.find(evidence, upgrade)
    if settings is not None:
        given = _helm_values.at(settings, "global", "proxy", "resources")
        return _helm_values.merge(_OF_THE_CHART, _helm_values.mapping(given))
    planes = moving.planes(evidence, upgrade)
    items = (
        new_settings.beside(evidence, plane, lambda revision: revision.injector_settings)
        for plane in planes
    )
    return next((_images.read_proxy_resources(item) for item in items if item), {})


def _some(names: list[str]) -> str:
    more = len(names) - 1
    return names[0] + (f" and {more} more" if more else "")


def _complaints(
    limits: Iterable[Mapping[str, Any]], workload: Workload, usual: Resources
) -> Iterator[str]:
    sidecar = _sidecar(workload, usual)
    for limit in limits:
        if limit["type"] == "Container":
            yield from _of_container(limit, sidecar)
        elif limit["type"] == "Pod":
            yield from _of_pod(limit, [sidecar, *_others(workload)])


def _sidecar(workload: Workload, usual: Resources) -> Resources:
    """The annotations of the pod take the place of all that is usual; its own container goes over.

    manifests/charts/istio-control/istio-discovery/files/injection-template.yaml
    """
    metadata = workload.template.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    asked: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for part, name, annotation in _ANNOTATIONS:
        if annotation in annotations:
            asked[part][name] = annotations[annotation]
    own = [each for each in _containers(workload) if each["name"] == _PROXY]
    return _helm_values.merge(asked or usual, (own[0].get("resources") or {}) if own else {})


def _others(workload: Workload) -> Iterator[Resources]:
    for each in _containers(workload):
        if each["name"] != _PROXY:
            yield each.get("resources") or {}


def _containers(workload: Workload) -> Iterator[Mapping[str, Any]]:
    spec = workload.template.get("spec") or {}
    yield from spec.get("containers") or ()
    # One that never ends is a sidecar, and counts for the pod like all others.
    yield from (each for each in spec.get("initContainers") or () if each.get("restartPolicy"))


def _of_container(limit: Mapping[str, Any], sidecar: Resources) -> Iterator[str]:
    """As the API server judges it; what it fills in where nothing is said lies within by itself."""
    for name in sorted({*limit.get("max", {}), *limit.get("min", {})}):
        most = _amount(sidecar.get("limits"), name)
        # Who names only the most asks for all of it.
        least = _amount(sidecar.get("requests"), name) or most
        high, low = _amount(limit.get("max"), name), _amount(limit.get("min"), name)
        if high is not None and max(most or 0, least or 0) > high:
            yield f"the sidecar may take more {name} than {limit['max'][name]}"
        if low is not None and least is not None and least < low:
            yield f"the sidecar asks for less {name} than {limit['min'][name]}"


def _of_pod(limit: Mapping[str, Any], containers: list[Resources]) -> Iterator[str]:
    """Only what is too much for certain: containers that say nothing get something as well."""
    for name in sorted(limit.get("max", {})):
        total = sum(_amount(each.get("limits"), name) or 0 for each in containers)
        if total > _quantity.parse(limit["max"][name]):
            yield f"all containers together may take more {name} than {limit['max'][name]}"


def _amount(values: Mapping[str, Any] | None, name: str) -> float | None:
    value = (values or {}).get(name)
    try:
        return None if value is None else _quantity.parse(value)
    except ValueError:
        # An annotation may say anything.
        return None
