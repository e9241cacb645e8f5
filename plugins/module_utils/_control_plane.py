# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The istiods of a cluster, and the names by which pods reach them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _injector, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._owner import Owner, find_owner
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    TAG_LABEL,
    UNREVISIONED,
)
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version, newest

DEFAULT_TAG = "default"
DEFAULT_VALIDATOR = "istiod-default-validator"
_CONTAINER = "discovery"
_OPERATOR_VERSION = "operator.istio.io/version"
_CHART_VERSION = "app.kubernetes.io/version"
# What a pod must look like to be injected for istio-injection=enabled.
_ENABLED = {"istio-injection": "enabled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """One istiod Deployment. `version` is None where neither image nor label tell it."""

    revision: str
    namespace: str
    name: str
    image: str
    version: Version | None
    wanted_replicas: int
    owner: Owner | None

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> ControlPlane:
        """Read an istiod Deployment."""
        containers = item["spec"]["template"]["spec"]["containers"]
        image = next((each["image"] for each in containers if each["name"] == _CONTAINER), "")
        return cls(
            revision=labels_of(item).get(REVISION_LABEL, UNREVISIONED),
            namespace=item["metadata"]["namespace"],
            name=item["metadata"]["name"],
            image=image,
            version=Version.parse(tag_of(image)) or read_version(item),
            wanted_replicas=item["spec"].get("replicas", 1),
            owner=find_owner(item),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A name that points at a revision."""

    name: str
    revision: str
    configuration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """What is installed: control planes, who injects, tags, and who validates by default.

    `validation` is the revision that checks objects without a revision; None when nobody does.
    """

    control_planes: tuple[ControlPlane, ...]
    injectors: tuple[Injector, ...]
    tags: tuple[Tag, ...]
    validation: str | None

    def find(self, revision: str, namespace: str) -> ControlPlane | None:
        """The istiod of that revision in that namespace."""
        for plane in self.control_planes:
            if (plane.revision, plane.namespace) == (revision, namespace):
                return plane
        return None

    def others(self, revision: str) -> tuple[ControlPlane, ...]:
        """Those of other revisions."""
        return tuple(plane for plane in self.control_planes if plane.revision != revision)

    def newest_version(self) -> Version | None:
        """The newest of the known versions."""
        return newest(plane.version for plane in self.control_planes)

    def tag(self, name: str) -> Tag | None:
        """The tag of that name."""
        return next((tag for tag in self.tags if tag.name == name), None)

    def default_injector(self) -> Injector | None:
        """Who injects for istio-injection=enabled."""
        found = _injector.find(self.injectors, _ENABLED, {})
        return found[0] if found else None

    def resolve(self, name: str) -> str | None:
        """The revision behind the name of a revision or tag; None when nobody answers to it."""
        tag = self.tag(name)
        if tag is not None:
            return tag.revision
        if name == DEFAULT_TAG:
            default = self.default_injector()
            return default.revision if default else None
        known = {plane.revision for plane in self.control_planes}
        known |= {injector.revision for injector in self.injectors}
        return name if name in known else None


def read(api: Api) -> Mesh:
    """Read what is installed in the cluster."""
    deployments, mutating, validating = api.each(
        lambda ask: api.list(ask[0], label_selector=ask[1]),
        (
            (_kinds.DEPLOYMENT, "app=istiod"),
            (_kinds.MUTATING_WEBHOOK, ""),
            (_kinds.VALIDATING_WEBHOOK, ""),
        ),
    )
    return Mesh(
        control_planes=_sorted_planes(map(ControlPlane.from_object, deployments)),
        injectors=tuple(each for item in mutating for each in Injector.from_object(item)),
        tags=_read_tags(mutating),
        validation=_find_validation(validating),
    )


def _sorted_planes(planes: Iterable[ControlPlane]) -> tuple[ControlPlane, ...]:
    return tuple(sorted(planes, key=lambda plane: (plane.namespace, plane.revision)))


def _read_tags(configurations: Iterable[Object]) -> tuple[Tag, ...]:
    tags = [
        Tag(
            name=labels_of(item)[TAG_LABEL],
            revision=labels_of(item).get(REVISION_LABEL, ""),
            configuration=item["metadata"]["name"],
        )
        for item in configurations
        if TAG_LABEL in labels_of(item) and any(Injector.from_object(item))
    ]
    return tuple(sorted(tags, key=lambda tag: tag.name))


def _find_validation(validators: Iterable[Object]) -> str | None:
    for item in validators:
        if item["metadata"]["name"] == DEFAULT_VALIDATOR:
            return labels_of(item).get(REVISION_LABEL, UNREVISIONED)
    return None


def read_version(item: Mapping[str, Any]) -> Version | None:
    """The version of Istio that an object says it is from."""
    labels = labels_of(item)
    # The chart's own label counts only where istioctl says nothing: unreleased charts are 1.0.0.
    for label in (_OPERATOR_VERSION, _CHART_VERSION):
        if label in labels:
            return Version.parse(labels[label])
    return None


def tag_of(image: str) -> str:
    """The tag of an image; empty where it has none or is named by digest."""
    name, _at, digest = image.partition("@")
    last = name.rsplit("/", 1)[-1]
    return "" if digest else last.partition(":")[2]
