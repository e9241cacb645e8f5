# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What istiod says of the Gateway API: listeners that are not served, routes that are not taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence

_CONTROLLER = "istio.io/gateway-controller"
_OF_ROUTES = ("Accepted", "ResolvedRefs")


def find(evidence: Evidence) -> Iterator[Finding]:
    listeners = sorted(
        f"Gateway {_name(item)}, listener {listener['name']}: {reason}"
        for item in evidence.api_gateways
        if item["spec"].get("gatewayClassName", "").startswith("istio")
        for listener in (item.get("status") or {}).get("listeners") or ()
        for reason in _denials(listener, ["Programmed"])
    )
    if listeners:
        yield Finding(
            code="listener_not_programmed",
            severity=Severity.BLOCK,
            title="Listeners of Gateways are not served",
            objects=tuple(listeners),
            consequence="Whoever comes to them gets no answer.",
            remedy="Look at what the status of the Gateway says: mostly a certificate, or a port"
            " that two listeners claim.",
            source="gateway-api.sigs.k8s.io/guides/implementers, listener conditions",
        )
    routes = sorted(
        f"{item['kind']} {_name(item)}: {reason}"
        for item in evidence.routes
        for parent in (item.get("status") or {}).get("parents") or ()
        if parent.get("controllerName") == _CONTROLLER
        for reason in _denials(parent, _OF_ROUTES)
    )
    if routes:
        yield Finding(
            code="route_not_attached",
            severity=Severity.WARN,
            title="Routes are not attached, or lead nowhere",
            objects=tuple(routes),
            consequence="What they route is not answered, or by another route.",
            remedy="Look at what the status of the route says of its parent and of its Services.",
            source="gateway-api.sigs.k8s.io/guides/implementers, route conditions",
        )


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def _denials(status: Mapping[str, Any], kinds: Iterable[str]) -> Iterator[str]:
    """What is said to be false, and why."""
    for condition in status.get("conditions") or ():
        if condition["type"] in kinds and condition["status"] == "False":
            yield f"{condition.get('reason', '')}: {condition.get('message', '')}"
