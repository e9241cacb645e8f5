# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is known of each revision: its istiod, its tags, and who uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _inventory,
    _istiod,
    _users,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    ControlPlane,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._users import Users


def read(api: Api, revision: str | None, *, users: bool) -> dict[str, Any]:
    """The report on one revision, or on all."""
    mesh = _control_plane.read(api)
    planes = [plane for plane in mesh.control_planes if revision in (None, plane.revision)]
    found = _find_users(api, mesh, planes) if users else [None] * len(planes)
    return {
        "revisions": [_summary(mesh, *each) for each in zip(planes, found, strict=True)],
        "tags": {tag.name: tag.revision for tag in mesh.tags},
    }


def _find_users(api: Api, mesh: Mesh, planes: Sequence[ControlPlane]) -> Sequence[Users]:
    inventory = _inventory.read(api)
    spaces = sorted({plane.namespace for plane in planes})
    istiods = [each for space in spaces for each in _istiod.find_istiods(api, space)]
    answers = _istiod.ask_all(api, istiods)
    return [
        _users.find(
            inventory,
            mesh,
            Revision(name=plane.revision, namespace=plane.namespace),
            [each for each in answers if each.istiod.namespace == plane.namespace],
        )
        for plane in planes
    ]


def _summary(mesh: Mesh, plane: ControlPlane, users: Users | None) -> dict[str, Any]:
    return {
        "revision": plane.revision,
        "namespace": plane.namespace,
        "deployment": plane.name,
        "image": plane.image,
        "version": str(plane.version) if plane.version else None,
        "replicas": plane.wanted_replicas,
        "tags": [tag.name for tag in mesh.tags if tag.revision == plane.revision],
        "is_default": mesh.resolve(DEFAULT_TAG) == plane.revision,
        "validates": mesh.validation == plane.revision,
        "in_use": users.any if users else None,
        "users": _users.summary(users) if users else None,
    }
