# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The control plane of a side that counts, and the settings of its mesh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _yaml
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    ControlPlane,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision

Settings: TypeAlias = Mapping[str, Any]
# What has to differ, or has a finding of its own.
LEFT_OUT = ("defaultConfig.discoveryAddress", "trustDomain", "trustDomainAliases")


def choose(mesh: Mesh, side: str, name: str | None) -> ControlPlane | None:
    """The one that a user names, else the only one, else that which injects by default."""
    planes = mesh.control_planes
    known = ", ".join(each.revision for each in planes)
    default = mesh.default_injector()
    if name is None and len(planes) <= 1:
        return next(iter(planes), None)
    if name is None and default is None:
        raise BadInputError(
            f"{side}_revision: none of the control planes {known} of the {side} injects by default."
            " Name the one that serves, or will."
        )
    wanted = default.revision if name is None and default else mesh.resolve(name or "") or name
    found = next((each for each in planes if each.revision == wanted), None)
    if found is None:
        raise BadInputError(
            f"{side}_revision: the {side} has no control plane {wanted}; right is one of"
            f" {known or 'none, for there is no Istio'}."
        )
    return found


def read_settings(api: Api, plane: ControlPlane | None) -> Settings:
    """The configuration of its mesh; none where it has none."""
    if plane is None:
        return {}
    revision = Revision(name=plane.revision, namespace=plane.namespace)
    name = revision.mesh_settings
    item = api.get(_kinds.CONFIG_MAP, name, plane.namespace)
    try:
        found = _yaml.load_all(((item or {}).get("data") or {}).get("mesh") or "{}")
    except ValueError as error:
        raise RefusedError(
            f"ConfigMap {plane.namespace}/{name}: its mesh configuration is no valid YAML"
            f" ({error}). Mend it: istiod does not read it either."
        ) from error
    config = found[0] if found else {}
    return config if isinstance(config, Mapping) else {}


def flat(settings: Settings, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each setting by its path, lists as a whole."""
    for key, value in settings.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, Mapping) and value:
            yield from flat(value, inner)
        else:
            yield inner, value
