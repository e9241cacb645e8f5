# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A Helm release that hangs in the middle refuses every further change, or is being changed now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    latest: dict[str, Mapping[str, Any]] = {}
    for item in sorted(evidence.of(Topic.HELM), key=_number):
        latest[labels_of(item).get("name", "")] = item
    found = tuple(
        f"release {upgrade.istio_namespace}/{name} ({labels_of(item)['status']},"
        f" revision {_number(item)})"
        for name, item in sorted(latest.items())
        if labels_of(item).get("status", "").startswith("pending-")
    )
    if found:
        yield Finding(
            code="helm_pending",
            severity=Severity.BLOCK,
            title="A Helm release beside the control plane is unfinished",
            objects=found,
            consequence="Somebody is changing it at this moment, or a run of Helm was cut off:"
            " what is installed is half of one version and half of another.",
            remedy="Wait for it, or finish it with helm rollback.",
            override="helm_pending",
            source="istio/istio#45204, helm.sh/docs",
        )


def _number(item: Mapping[str, Any]) -> int:
    text = labels_of(item).get("version", "0")
    return int(text) if text.isdigit() else 0
