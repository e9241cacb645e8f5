# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Where mutual TLS is off, or asked for by one side alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence

_OFF = "DISABLE"
_STRICT = "STRICT"


def find(evidence: Evidence) -> Iterator[Finding]:
    off = tuple(_name(each) for each in evidence.peers if _peer_mode(each) == _OFF)
    if off:
        yield Finding(
            code="mtls_off",
            severity=Severity.INFO,
            title="Mutual TLS is switched off",
            objects=off,
            consequence="What these select takes requests that anybody can read.",
            remedy="If nobody meant that, take the object away.",
            source="istio.io reference/config/security/peer_authentication",
        )
    torn = tuple(_name(each) for each in evidence.rules if _is_torn(each, evidence))
    if torn:
        yield Finding(
            code="mtls_torn",
            severity=Severity.BLOCK,
            title="Clients are told to send plain text to where only mutual TLS is taken",
            objects=torn,
            consequence="Their requests are refused.",
            remedy="Take trafficPolicy.tls out of the rule; clients find out by themselves.",
            source="istio.io ops/common-problems/network-issues",
        )


def _is_torn(rule: Object, evidence: Evidence) -> bool:
    spec = rule.get("spec") or {}
    tls = (spec.get("trafficPolicy") or {}).get("tls") or {}
    # A short name is one of the rule's own namespace; one of outside the mesh has more dots.
    parts = (spec.get("host") or "").split(".")
    namespace = parts[1] if parts[2:3] == ["svc"] else rule["metadata"]["namespace"]
    inside = len(parts) == 1 or parts[2:3] == ["svc"]
    return inside and tls.get("mode") == _OFF and _strict(namespace, evidence)


def _strict(namespace: str, evidence: Evidence) -> bool:
    """Whether a whole namespace takes nothing but mutual TLS."""
    modes = {
        each["metadata"]["namespace"]: _peer_mode(each)
        for each in evidence.peers
        if not (each.get("spec") or {}).get("selector")
    }
    mode = modes.get(namespace) or modes.get(evidence.wish.istio_namespace)
    return mode == _STRICT


def _peer_mode(item: Mapping[str, Any]) -> str | None:
    mode = ((item.get("spec") or {}).get("mtls") or {}).get("mode")
    return None if mode in (None, "UNSET") else str(mode)


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
