# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Some istiods drop a Gateway of the Gateway API as soon as its label or tag moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import DEFAULT_TAG
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    # In place no Gateway gets another owner.
    if upgrade.in_place:
        return
    dropping = {
        plane.revision: plane.version
        for plane in moving.planes(evidence, upgrade)
        if plane.version is not None and not upgrade.rules.keeps_gateways(plane.version)
    }
    found = [
        (f"Gateway {item['metadata']['namespace']}/{item['metadata']['name']}", owner)
        for item in evidence.of(Topic.API_GATEWAYS)
        if item["spec"].get("gatewayClassName", "").startswith("istio")
        and upgrade.concerns(item["metadata"]["namespace"])
        and (owner := _owner_that_is_left(item, evidence)) in dropping
    ]
    if found:
        versions = sorted({str(dropping[owner]) for _name, owner in found if owner})
        yield Finding(
            code="gateway_config",
            severity=Severity.BLOCK,
            title="Gateways would lose their configuration while they move",
            objects=tuple(sorted(name for name, _owner in found)),
            consequence=f"An istiod of {', '.join(versions)} drops a Gateway at the moment in which"
            " its label or tag leads elsewhere, before the new one has taken it over: half a"
            " minute of broken traffic was seen.",
            remedy="Bring the old control plane to the newest patch of its minor release first.",
            override="gateway_config",
            source=upgrade.rules.gateway_source,
        )


def _owner_that_is_left(item: Mapping[str, Any], evidence: Evidence) -> str | None:
    """The revision that looks after it now; None where it names one itself, and so stays there."""
    own = labels_of(item).get(REVISION_LABEL)
    if own is not None and evidence.mesh.tag(own) is None:
        return None
    namespace = evidence.labels.get(item["metadata"]["namespace"], {})
    return evidence.mesh.resolve(own or namespace.get(REVISION_LABEL, DEFAULT_TAG))
