# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The objects that all revisions of a cluster share: they only ever get newer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.meshwright.istio.plugins.module_utils import _version
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    Mesh,
    read_version,
)
from ansible_collections.meshwright.istio.plugins.module_utils._manifest import Component, Part
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName
from ansible_collections.meshwright.istio.plugins.module_utils._owner import find_owner
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version


def find_kept(
    parts: Iterable[Part],
    lives: Mapping[ObjectName, Object | None],
    mesh: Mesh,
    version: Version,
) -> set[ObjectName]:
    """The shared objects that stay as they are; one that is missing is always made."""
    shared = [part for part in parts if part.shared]
    newest = {
        component: _version.newest(
            read_version(live)
            for part in shared
            if part.component is component and (live := lives[part.target]) is not None
        )
        for component in Component
    }
    # The CRDs must fit every istiod of the cluster; the CNI has a version of its own.
    newest[Component.BASE] = _version.newest((newest[Component.BASE], mesh.newest_version()))
    return {
        part.target
        for part in shared
        if (live := lives[part.target]) is not None
        and _stays(live, newest[part.component], version)
    }


def _stays(live: Object, newest: Version | None, version: Version) -> bool:
    if newest is not None and version < newest:
        return True
    # Helm or another tool has brought it up already: only labels would change.
    own = read_version(live)
    return find_owner(live) is not None and own is not None and own >= version
