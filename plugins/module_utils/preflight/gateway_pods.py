# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A gateway must have the same Services after it moved, and must be able to move at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    owners = {pod.owner for pod in moving.pods(evidence, upgrade) if not pod.managed}
    found = tuple(
        f"{workload.reference}: {obstacle}"
        for workload in evidence.workloads
        if workload.reference in owners and _gateway.is_template(workload.template)
        if (obstacle := _obstacle(workload, evidence, upgrade))
    )
    if found:
        yield Finding(
            code="gateway_pods",
            severity=Severity.BLOCK,
            title="Gateways would lose their pods, or cannot move without a gap",
            objects=found,
            consequence="A Service in front of the gateway would lead to none of its new pods, or"
            " the move would be refused half-way.",
            remedy="Take the label istio.io/rev out of the selectors, put a Service in front, and"
            " resume what is paused; or leave the gateways out and allow this.",
            override="gateway_pods",
            source="istio/istio#26019, #41762, #46052",
        )


def _obstacle(workload: Workload, evidence: Evidence, upgrade: Upgrade) -> str:
    """Why it cannot move; empty where it can."""
    services = [
        item
        for item in evidence.of(Topic.SERVICES)
        if item["metadata"]["namespace"] == workload.reference.namespace
    ]
    labels = workload.template_labels
    names = _gateway.services_for(services, labels)
    # In place the revision of its pods stays as it is.
    bound = [] if upgrade.in_place else [each for each in services if _names_revision(each, labels)]
    obstacles = (
        (workload.paused, "it is paused"),
        (workload.host_ports, "a port of the node is its own"),
        (not names and "services" not in evidence.unread, "no Service selects its pods"),
        (
            not upgrade.in_place and REVISION_LABEL in workload.selector,
            f"its own selector names {REVISION_LABEL}, which cannot change",
        ),
        (
            bound,
            "Service "
            + ", ".join(each["metadata"]["name"] for each in bound)
            + f" selects its pods by {REVISION_LABEL}",
        ),
    )
    return next((text for holds, text in obstacles if holds), "")


def _names_revision(service: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    selector: Mapping[str, str] = service["spec"].get("selector") or {}
    return REVISION_LABEL in selector and all(
        labels.get(key) == value for key, value in selector.items()
    )
