# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The images of a control plane: what it would run and hand out, and whether that fits together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _helm_values,
    _kinds,
    _manifest,
    _yaml,
)
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import tag_of
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._manifest import Part
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

_TYPES = ("distroless", "debug")
_USUAL_TYPE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The image of istiod and the one it puts into pods, None where that cannot be told."""

    istiod: str
    proxy: str | None
    pull_policy: str | None

    @classmethod
    def of(cls, parts: Sequence[Part], revision: Revision) -> Images:
        """Read them from a manifest."""
        deployment = _manifest.require(parts, _kinds.DEPLOYMENT, revision.istiod)
        injector = _manifest.find(parts, _kinds.CONFIG_MAP, revision.injector_settings)
        mesh = _manifest.find(parts, _kinds.CONFIG_MAP, revision.mesh_settings)
        container = _discovery(deployment.document)
        return cls(
            istiod=container["image"],
            proxy=_proxy_image(injector, mesh) if injector else None,
            pull_policy=container.get("imagePullPolicy"),
        )

    def check(self, version: Version) -> None:
        """Refuse images of another version: a wrong tag reaches every new pod of the mesh."""
        for what, image in (("istiod", self.istiod), ("the sidecars", self.proxy)):
            found = Version.parse(tag_of(image or ""))
            # A digest or a name of one's own says nothing about the version.
            if found is not None and found != version and not _continues(image or "", version):
                raise BadInputError(
                    f"version: got '{version}', but operator and values give {what} the image"
                    f" {image}. Take the tag out of them, or set allow_other_images."
                )


def _proxy_image(injector: Part, mesh: Part | None) -> str | None:
    return read_proxy_image(injector.document, mesh.document if mesh else None)


def _continues(image: str, version: Version) -> bool:
    return tag_of(image).startswith((f"{version}-", f"v{version}-"))


def read_istiod_image(deployment: Mapping[str, Any]) -> str:
    """The image of an istiod Deployment."""
    return str(_discovery(deployment)["image"])


def _discovery(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return next((each for each in containers if each["name"] == "discovery"), containers[0])


def read_proxy_image(
    config_map: Mapping[str, Any], mesh: Mapping[str, Any] | None = None
) -> str | None:
    """The sidecar's image in an injector's ConfigMap; None where it cannot be told.

    The ConfigMap of the mesh may name a type of image, as distroless, which goes before the other.
    """
    settings = read_settings(config_map).get("global", {})
    image = settings.get("proxy", {}).get("image", "")
    if "/" in image:
        return str(image)
    if not (image and settings.get("hub") and settings.get("tag")):
        return None
    image = f"{settings['hub']}/{image}:{settings['tag']}"
    return _of_type(image, _read_type(mesh or {}) or settings.get("variant"))


def _of_type(image: str, wanted: str | None) -> str:
    if not wanted:
        return image
    return without_type(image) + ("" if wanted == _USUAL_TYPE else f"-{wanted}")


def without_type(image: str) -> str:
    """The image as it is called without one of the types that Istio publishes."""
    for each in _TYPES:
        image = image.removesuffix(f"-{each}")
    return image


def _read_type(mesh: Mapping[str, Any]) -> str | None:
    try:
        found = _yaml.load_all((mesh.get("data") or {}).get("mesh") or "{}")
    except ValueError:
        return None
    named = _helm_values.at(found[0] if found else {}, "defaultConfig", "image", "imageType")
    return str(named) if named else None


def read_proxy_resources(config_map: Mapping[str, Any]) -> dict[str, Any]:
    """What each sidecar asks for, unless a pod says something else."""
    found = read_settings(config_map).get("global", {}).get("proxy", {}).get("resources")
    return dict(found or {})


def read_network(config_map: Mapping[str, Any]) -> str:
    """The network of a multi-cluster mesh that the control plane is on; empty for none."""
    return str(read_settings(config_map).get("global", {}).get("network") or "")


def injects_unlabelled(config_map: Mapping[str, Any]) -> bool:
    """Whether pods shall be injected where nothing asks for it or against it."""
    settings = read_settings(config_map).get("sidecarInjectorWebhook", {})
    return bool(settings.get("enableNamespacesByDefault"))


def read_settings(config_map: Mapping[str, Any]) -> dict[str, Any]:
    """The Helm values that an injector's ConfigMap hands to its templates."""
    try:
        settings = json.loads((config_map.get("data") or {}).get("values") or "{}")
    except ValueError:
        return {}
    return settings if isinstance(settings, dict) else {}
