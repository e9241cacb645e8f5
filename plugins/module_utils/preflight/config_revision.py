# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Configuration whose label names a revision is seen by that revision alone."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    # In place the revision keeps its name, and a tag moves along.
    if upgrade.in_place:
        return
    left = upgrade.left_revisions(evidence)
    found = tuple(
        f"{item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
        f" ({REVISION_LABEL}={name})"
        for item in evidence.of(Topic.REVISIONED)
        if upgrade.concerns(item["metadata"]["namespace"])
        if (name := labels_of(item)[REVISION_LABEL]) in left and evidence.mesh.tag(name) is None
    )
    if found:
        yield Finding(
            code="config_revision",
            severity=Severity.WARN,
            title="Configuration is labelled for a revision that is left",
            objects=found,
            consequence="The new control plane does not see it: routes and policies are gone for"
            " every proxy that has moved.",
            remedy="Take the label away, or let it name a tag.",
            source="istio/istio#51569, #55787",
        )
