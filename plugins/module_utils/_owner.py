# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Who looks after an object, and would undo or fight what we write to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    ObjectName,
    annotations_of,
    labels_of,
)


class Owner(StrEnum):
    """A tool that keeps objects as it wants them, with what to do instead of overruling it."""

    HELM = "helm"
    SAIL = "sail"
    ARGO_CD = "argo_cd"
    FLUX = "flux"


_REMEDIES = {
    Owner.HELM: "Change its Helm release",
    Owner.SAIL: "Change the Istio resource of the Sail operator",
    Owner.ARGO_CD: "Change its source in Argo CD",
    Owner.FLUX: "Change its source in Flux",
}
# Istio's own charts label everything managed-by: Helm, also when istioctl applies them: the label
# says nothing.
_RELEASE = "meta.helm.sh/release-name"
_ANNOTATIONS = {
    _RELEASE: Owner.HELM,
    "argocd.argoproj.io/tracking-id": Owner.ARGO_CD,
}
_SAILS = ("managed-by", "sail-operator")
_LABELS = {
    "argocd.argoproj.io/instance": Owner.ARGO_CD,
    "kustomize.toolkit.fluxcd.io/name": Owner.FLUX,
    "helm.toolkit.fluxcd.io/name": Owner.FLUX,
}


def find_owner(item: Mapping[str, Any]) -> Owner | None:
    """The tool that an object says it belongs to; None for istioctl's, ours and nobody's."""
    labels = labels_of(item)
    if _SAILS in labels.items():
        return Owner.SAIL
    for label, owner in _LABELS.items():
        if label in labels:
            return owner
    annotations = annotations_of(item)
    return next((owner for name, owner in _ANNOTATIONS.items() if name in annotations), None)


def release_of(item: Mapping[str, Any]) -> str | None:
    """The Helm release that an object says it belongs to."""
    return annotations_of(item).get(_RELEASE)


def is_sign(label: str, value: str) -> bool:
    """Whether a label says that a tool looks after the object."""
    return label in _LABELS or (label, value) == _SAILS


def refuse_foreign(target: ObjectName, item: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Refuse to write to an object of another tool, unless the user said to take over from it."""
    refuse(target, find_owner(item), allowed)


def refuse(target: ObjectName, owner: Owner | None, allowed: Collection[str]) -> None:
    """The same, where the owner is known."""
    if owner is None or owner in allowed:
        return
    raise RefusedError(
        f"{target} belongs to {owner}, which would undo or fight the change."
        f" {_REMEDIES[owner]}, or set take_over: [{owner}].",
        object=target.summary(),
        owner=str(owner),
    )
