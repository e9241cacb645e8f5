# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What another tool keeps as it wants it would be put back, or fought over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _kinds,
    _live_fields,
    _owner,
    _tag_owner,
)
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    DEFAULT_VALIDATOR,
)
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    INJECTION_LABEL,
    REVISION_LABEL,
)
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._owner import Owner
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    TAG_LABEL,
    UNREVISIONED,
    Revision,
)
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

_SOURCE = "istio/istio#59630, argoproj/argo-cd#21859"
# The managers of tools that write again and again what their source says.
_TOOLS = {
    "argocd-controller": Owner.ARGO_CD,
    "kustomize-controller": Owner.FLUX,
    "helm-controller": Owner.FLUX,
}
_TAG_KINDS = {
    Topic.MUTATING: _kinds.MUTATING_WEBHOOK,
    Topic.VALIDATING: _kinds.VALIDATING_WEBHOOK,
    Topic.SERVICES: _kinds.SERVICE,
}


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    if upgrade.in_place:
        yield from _replaced(evidence, upgrade)
    else:
        yield from _moved(evidence, upgrade)
        yield from _tagged(evidence, upgrade)


def _replaced(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    found = tuple(
        f"Deployment {plane.namespace}/{plane.name} ({plane.owner})"
        for plane in moving.planes(evidence, upgrade)
        if plane.owner is not None
    )
    if found:
        yield Finding(
            code="foreign_owner",
            severity=Severity.BLOCK,
            title="The control plane belongs to another tool",
            objects=found,
            consequence="The tool would bring the old version back, or refuse to go on with"
            " objects that somebody else has written.",
            remedy="Upgrade it with that tool, or hand it over with take_over of istio_revision.",
            override="foreign_owner",
            source=_SOURCE,
        )


def _tagged(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    """What istio_revision_tag refuses to write to, at a time when much has moved already."""
    left = upgrade.left_revisions(evidence)
    tags = {tag.name for tag in evidence.mesh.tags if tag.revision in left}
    unrevisioned = Revision(name=UNREVISIONED, namespace=upgrade.istio_namespace)
    found = tuple(
        f"{kind.kind} {item['metadata']['name']} ({owner})"
        for topic, kind in _TAG_KINDS.items()
        for item in evidence.of(topic)
        if _changes_with(item, tags, unrevisioned) and (owner := _tag_owner.find(item))
    )
    if found:
        yield Finding(
            code="foreign_owner",
            severity=Severity.BLOCK,
            title="What moves with the tags belongs to another tool",
            objects=found,
            consequence="The tool puts them back to the old revision, and the next pod that starts"
            " gets the old sidecar.",
            remedy="Move the tags with that tool, or hand them over with take_over of"
            " istio_revision_tag.",
            override="foreign_owner",
            source=_SOURCE,
        )


def _changes_with(item: Mapping[str, Any], tags: Collection[str], unrevisioned: Revision) -> bool:
    """Whether an object is written to when these tags move."""
    if labels_of(item).get(TAG_LABEL) in tags:
        return True
    name = item["metadata"]["name"]
    if DEFAULT_TAG not in tags:
        return False
    # Both may be there without being part of the tag.
    return name == DEFAULT_VALIDATOR or (
        name == unrevisioned.injector and not _live_fields.is_deactivated(item)
    )


def _moved(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    moved = {each.name for each in moving.namespaces(evidence, upgrade)}
    found = [
        f"Namespace {item['metadata']['name']} ({owner})"
        for item in evidence.of(Topic.NAMESPACES)
        if item["metadata"]["name"] in moved and (owner := _keeper(item))
    ]
    if found:
        yield Finding(
            code="foreign_owner",
            severity=Severity.WARN,
            title="Labels that are to move belong to another tool",
            objects=tuple(found),
            consequence="The tool puts them back to the old revision, and the next pod that starts"
            " gets the old sidecar.",
            remedy="Change them in the tool's source as part of the upgrade, or let it ignore these"
            " labels meanwhile.",
            source=_SOURCE,
        )


def _keeper(item: Mapping[str, Any]) -> Owner | None:
    """The tool that writes the labels for injection, or that the namespace says it belongs to."""
    for label in (REVISION_LABEL, INJECTION_LABEL):
        for manager in managed_fields.writers(item, "metadata", "labels", label):
            if manager in _TOOLS:
                return _TOOLS[manager]
    # One that Helm has made it does not look after again.
    owner = _owner.find_owner(item)
    return None if owner is Owner.HELM else owner
