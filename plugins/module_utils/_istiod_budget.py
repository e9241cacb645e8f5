# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The disruption budget of an istiod, as the user asks for it and whatever the charts know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _manifest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._manifest import Component, Part
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    ObjectName,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision


def check(budget: Mapping[str, int | None] | None, replicas: int | None) -> None:
    """Refuse a budget that would forbid every drain of a node."""
    if budget is None:
        return
    least, most = budget["min_available"], budget["max_unavailable"]
    if (least is None) == (most is None):
        raise BadInputError(
            f"disruption_budget: got min_available {least} and max_unavailable {most};"
            " right is one of them."
        )
    if most is not None and most < 1:
        raise BadInputError(
            f"disruption_budget: got max_unavailable {most}; right is 1 or more, because no node"
            " with an istiod could be drained."
        )
    if least is not None and (replicas is None or not 0 < least < replicas):
        raise BadInputError(
            f"disruption_budget: got min_available {least} with replicas {replicas}; right is 1 or"
            " more, and less than replicas, because else no node with an istiod could be drained."
        )


def add(
    parts: tuple[Part, ...], revision: Revision, budget: Mapping[str, int | None] | None
) -> tuple[Part, ...]:
    """The parts with that budget in place of the charts' own."""
    if budget is None:
        return parts
    deployment = _manifest.require(parts, _kinds.DEPLOYMENT, revision.istiod)
    target = ObjectName(kind=_kinds.PDB, name=revision.istiod, namespace=revision.namespace)
    limits = {
        "minAvailable": budget["min_available"],
        "maxUnavailable": budget["max_unavailable"],
    }
    document: dict[str, Any] = {
        "apiVersion": _kinds.PDB.api_version,
        "kind": _kinds.PDB.kind,
        "metadata": {
            "name": target.name,
            "namespace": target.namespace,
            "labels": labels_of(deployment.document),
        },
        "spec": {
            **{key: value for key, value in limits.items() if value is not None},
            "selector": deployment.document["spec"]["selector"],
        },
    }
    own = Part(target=target, component=Component.PILOT, document=document)
    return (*(part for part in parts if part.target != target), own)
