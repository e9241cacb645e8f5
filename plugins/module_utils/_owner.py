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
_ANNOTATIONS = {
    "meta.helm.sh/release-name": Owner.HELM,
    "argocd.argoproj.io/tracking-id": Owner.ARGO_CD,
}
_LABELS = {
    "argocd.argoproj.io/instance": Owner.ARGO_CD,
    "kustomize.toolkit.fluxcd.io/name": Owner.FLUX,
    "helm.toolkit.fluxcd.io/name": Owner.FLUX,
}


def find_owner(item: Mapping[str, Any]) -> Owner | None:
    """The tool that an object says it belongs to; None for istioctl's, ours and nobody's."""
    labels = labels_of(item)
    if labels.get("managed-by") == "sail-operator":
        return Owner.SAIL
    for label, owner in _LABELS.items():
        if label in labels:
            return owner
    annotations = annotations_of(item)
    return next((owner for name, owner in _ANNOTATIONS.items() if name in annotations), None)


def refuse_foreign(target: ObjectName, item: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Refuse to write to an object of another tool, unless the user said to take over from it."""
    owner = find_owner(item)
    if owner is None or owner in allowed:
        return
    raise RefusedError(
        f"{target} belongs to {owner}, which would undo or fight the change."
        f" {_REMEDIES[owner]}, or set take_over: [{owner}].",
        object=target.summary(),
        owner=str(owner),
    )
