# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A rendered manifest as the parts of one control plane; anything else in it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _yaml
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    ObjectName,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    COMPONENT_LABEL,
    REVISION_LABEL,
    TAG_LABEL,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

_OWNING_RESOURCE = "install.operator.istio.io/owning-resource"
_CHART_LABEL = "helm.sh/chart"
_READER = "istio-reader-service-account"
_ISTIO_GROUPS = (
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "extensions.istio.io",
    "install.istio.io",
)


class Component(StrEnum):
    """A part of Istio, by istioctl's name for it."""

    BASE = "Base"
    PILOT = "Pilot"
    CNI = "Cni"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One object as it is wanted. Base and CNI are shared by all revisions of a cluster."""

    target: ObjectName
    component: Component
    document: Object

    @property
    def shared(self) -> bool:
        return self.component is not Component.PILOT


def parse(text: str) -> list[Object]:
    """The documents of istioctl's YAML."""
    return _yaml.load_all(text)


def read(api: Api, documents: Iterable[Object], revision: Revision) -> tuple[Part, ...]:
    """The parts of that revision; refused when anything is not its own."""
    parts = []
    for document in documents:
        target = ObjectName.of(api, document)
        component = _classify(target, document, revision)
        parts.append(Part(target=target, component=component, document=document))
    return tuple(parts)


def _classify(target: ObjectName, document: Object, revision: Revision) -> Component:
    if TAG_LABEL in labels_of(document):
        raise BadInputError(
            f"operator, values: they render {target}, an object of a tag. A tag outlives the"
            " revision it points at: take it out and use the module istio_revision_tag."
        )
    if revision.owns(target):
        return Component.PILOT
    if _is_base(target):
        return Component.BASE
    if labels_of(document).get(_CHART_LABEL, target.name).startswith(("cni-", "istio-cni")):
        return Component.CNI
    if "gateway" in labels_of(document).get(COMPONENT_LABEL, "").lower():
        raise BadInputError(
            f"operator, values: they render {target}, which belongs to a gateway. A gateway in"
            " the installation of a control plane is moved or deleted with it. Take gateways out"
            " (profile: minimal does) and install them as a release of their own."
        )
    raise BadInputError(
        f"operator, values: they render {target}, which is no part of {revision}. Only the"
        " control plane is installed here: take the rest out (profile: minimal does)."
    )


def _is_base(target: ObjectName) -> bool:
    if target.kind == _kinds.CRD:
        return target.name.endswith(tuple(f".{group}" for group in _ISTIO_GROUPS))
    return target.kind == _kinds.SERVICE_ACCOUNT and target.name == _READER


def refuse_unasked_cni(parts: Iterable[Part], *, asked: bool) -> None:
    """Refuse a CNI that came with a profile or document: it belongs to the nodes."""
    found = next((part for part in parts if part.component is Component.CNI), None)
    if found is not None and not asked:
        raise BadInputError(
            f"operator: it renders {found.target}. The CNI belongs to all revisions and to the"
            " nodes: set cni, or components.cni.enabled: false in the document."
        )


def label(
    parts: Iterable[Part], revision: Revision, version: Version, owner: str | None
) -> tuple[Part, ...]:
    """The same with the labels of `istioctl install`, so that other tools know them for Istio's.

    `owner` is the name of the IstioOperator document, when it has one.
    """
    labels = {
        "operator.istio.io/managed": "Reconcile",
        "operator.istio.io/version": str(version),
        "install.operator.istio.io/owning-resource-namespace": revision.namespace,
        REVISION_LABEL: revision.name,
        **({_OWNING_RESOURCE: owner} if owner else {}),
    }
    return tuple(
        Part(
            target=part.target,
            component=part.component,
            document=_labelled(part.document, {**labels, COMPONENT_LABEL: str(part.component)}),
        )
        for part in parts
    )


def _labelled(document: Object, labels: Mapping[str, str]) -> Object:
    metadata = {**document["metadata"], "labels": {**labels_of(document), **labels}}
    return {**document, "metadata": metadata}


def find(parts: Iterable[Part], kind: Kind, name: str) -> Part | None:
    """The part of that kind and name."""
    for part in parts:
        if (part.target.kind, part.target.name) == (kind, name):
            return part
    return None


def require(parts: Iterable[Part], kind: Kind, name: str) -> Part:
    """The same; refused where a control plane could not do without it."""
    part = find(parts, kind, name)
    if part is None:
        raise BadInputError(
            f"operator, values: they render no {kind.kind} {name}, so the control plane could"
            " serve nobody. Take out what switches it off."
        )
    return part


def is_installed(item: Mapping[str, Any], revision: Revision) -> bool:
    """Whether an object says that an installation of that revision made it."""
    labels = labels_of(item)
    return (labels.get(REVISION_LABEL), labels.get(COMPONENT_LABEL), TAG_LABEL in labels) == (
        revision.name,
        Component.PILOT,
        False,
    )


def prove_own(part: Part, live: Mapping[str, Any] | None, revision: Revision) -> None:
    """Refuse to write to an object that another revision or a gateway has made its own."""
    if live is None or part.shared:
        return
    labels = labels_of(live)
    owner = labels.get(REVISION_LABEL, revision.name)
    component = labels.get(COMPONENT_LABEL, Component.PILOT)
    if owner != revision.name or component != Component.PILOT:
        raise RefusedError(
            f"{part.target} exists and belongs to another: its labels say revision {owner},"
            f" component {component}. Choose another revision name, or remove that object first.",
            object=part.target.summary(),
        )
