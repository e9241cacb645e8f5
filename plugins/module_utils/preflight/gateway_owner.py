# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""istioctl deletes a gateway with the revision whose label it has, even while it serves."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    COMPONENT_LABEL,
    REVISION_LABEL,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    if upgrade.in_place:
        return
    left = upgrade.left_revisions(evidence)
    found = tuple(
        f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
        f" ({REVISION_LABEL}={labels_of(item)[REVISION_LABEL]})"
        for topic in (Topic.CONTROLLERS, Topic.SERVICES)
        for item in evidence.of(topic)
        if "Gateways" in labels_of(item).get(COMPONENT_LABEL, "")
        and labels_of(item).get(REVISION_LABEL) in left
    )
    if found:
        yield Finding(
            code="gateway_owner",
            severity=Severity.WARN,
            title="Gateways are labelled as part of a revision that is to be removed",
            objects=found,
            consequence="istioctl uninstall --revision would delete them, Service and all, and with"
            " them all traffic from outside. retire_old_revision.yml refuses as long as they are.",
            remedy="Make the gateways a release of their own, or take the label"
            f" {COMPONENT_LABEL} off them, before the old revision is removed.",
            source="istio/istio#33822, operator/pkg/uninstall/prune.go",
        )
