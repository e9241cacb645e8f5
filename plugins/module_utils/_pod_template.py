# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Pod templates: what a workload's pods all have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def facts(template: Mapping[str, Any]) -> dict[str, Any]:
    """What a workload has of its template, by the names of its fields."""
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    return {
        "template": template,
        "template_labels": metadata.get("labels") or {},
        "claims": _claims(spec),
        "host_ports": _host_ports(spec),
        "uses_host_network": bool(spec.get("hostNetwork")),
    }


def annotation(template: Mapping[str, Any], name: str) -> str | None:
    """The annotation of that name that its pods get."""
    annotations: Mapping[str, str] = (template.get("metadata") or {}).get("annotations") or {}
    return annotations.get(name)


def _claims(spec: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(
        volume["persistentVolumeClaim"]["claimName"]
        for volume in spec.get("volumes") or ()
        if "persistentVolumeClaim" in volume
    )


def _host_ports(spec: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(
        port["hostPort"]
        for container in spec.get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )
