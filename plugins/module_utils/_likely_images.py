# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The images of a version that is not installed yet, as far as they can be guessed."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.meshwright.istio.plugins.module_utils import _images, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    ControlPlane,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version


def guess(api: Api, mesh: Mesh, version: Version) -> list[str]:
    """The images of the newest control plane there is, with the tag of the version."""
    plane = newest(mesh)
    if plane is None or plane.version is None:
        return []
    revision = Revision(name=plane.revision, namespace=plane.namespace)
    injector = api.get(_kinds.CONFIG_MAP, revision.injector_settings, plane.namespace)
    config = api.get(_kinds.CONFIG_MAP, revision.mesh_settings, plane.namespace)
    proxy = _images.read_proxy_image(injector, config) if injector else None
    return renew((plane.image, proxy), plane.version, version)


def newest(mesh: Mesh) -> ControlPlane | None:
    """The control plane of the newest version, of those that say theirs."""
    known = [(plane.version, plane) for plane in mesh.control_planes if plane.version is not None]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def renew(images: Iterable[str | None], old: Version, new: Version) -> list[str]:
    """The same images of another version, those that say theirs."""
    return [image.replace(f":{old}", f":{new}") for image in images if image and f":{old}" in image]
