# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is in the ambient mesh no upgrade of sidecars moves."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_MODE = "istio.io/dataplane-mode"


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    agents = [
        f"DaemonSet {item['metadata']['namespace']}/{item['metadata']['name']}"
        for item in evidence.of(Topic.CONTROLLERS)
        if item["kind"] == "DaemonSet"
        and "ztunnel" in (*labels_of(item).values(), item["metadata"]["name"])
    ]
    enrolled = [
        f"Namespace {name} ({_MODE}=ambient)"
        for name, labels in sorted(evidence.labels.items())
        if labels.get(_MODE) == "ambient" and upgrade.concerns(name)
    ]
    if agents or enrolled:
        yield Finding(
            code="ambient",
            severity=Severity.WARN,
            title="Part of the mesh is ambient, which this collection does not upgrade",
            objects=(*agents, *enrolled),
            consequence="ztunnel and waypoints stay as they are. A ztunnel works with a control"
            " plane of its own minor release and of the next; one restart of it ends the long"
            " connections of its node.",
            remedy="Upgrade ztunnel node by node after the control plane, and the waypoints last.",
            source="istio.io ambient/upgrade/helm",
        )
