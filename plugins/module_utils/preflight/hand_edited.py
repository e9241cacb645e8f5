# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What somebody has changed by hand at a control plane is in no file, and does not come along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    managed_fields,
    moving,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SHOWN = 4
_TOPICS = (Topic.CONTROLLERS, Topic.SETTINGS, Topic.AUTOSCALERS, Topic.BUDGETS)


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    found = tuple(
        f"{item['kind']} {metadata['namespace']}/{metadata['name']}: {_describe(edits)}"
        for item in _objects(evidence, upgrade)
        if (edits := managed_fields.edits(item))
        for metadata in [item["metadata"]]
    )
    if found:
        yield Finding(
            code="hand_edited",
            severity=Severity.WARN,
            title="Somebody has changed the control plane by hand",
            objects=found,
            consequence="The new control plane is installed from values and operator files, and"
            " these changes are in none of them: they are lost.",
            remedy="Put what is to stay into the values that you give.",
            source="istio.io setup/upgrade/in-place",
        )


def _objects(evidence: Evidence, upgrade: Upgrade) -> Iterator[Mapping[str, Any]]:
    for plane in moving.planes(evidence, upgrade):
        revision = Revision(name=plane.revision, namespace=plane.namespace)
        owned = {(each.kind.kind, each.name) for each in revision.objects()}
        for topic in _TOPICS:
            for item in evidence.of(topic):
                metadata = item["metadata"]
                is_own = (item["kind"], metadata["name"]) in owned
                if is_own and metadata.get("namespace") == plane.namespace:
                    yield item


def _describe(edits: list[str]) -> str:
    more = len(edits) - _SHOWN
    return ", ".join(edits[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
