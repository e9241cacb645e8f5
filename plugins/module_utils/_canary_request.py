# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a canary shall do, as its user said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import check_name
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import (
    Version,
    read_option,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waves import WaveRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user wants; no names mean the whole mesh."""

    revision: str
    version: str
    namespaces: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    waves: tuple[WaveRequest, ...] = ()
    move_gateways: bool = True
    move_tags: bool = True
    istio_namespace: str = "istio-system"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        """Read the module's options."""
        check_name("revision", params["revision"])
        read_option("version", params["version"])
        return cls(
            revision=params["revision"],
            version=params["version"],
            namespaces=tuple(params["namespaces"]),
            excluded=tuple(params["excluded_namespaces"]),
            waves=tuple(
                WaveRequest.from_option(number, entry)
                for number, entry in enumerate(params["waves"], start=1)
            ),
            move_gateways=params["move_gateways"],
            move_tags=params["move_tags"],
            istio_namespace=params["istio_namespace"],
        )

    def check(self, snapshot: Snapshot) -> None:
        """Refuse namespaces that do not exist, and a mesh without an Istio to leave."""
        known = {namespace.name for namespace in snapshot.namespaces}
        for option, names in (
            ("namespaces", self.namespaces),
            ("excluded_namespaces", self.excluded),
        ):
            if missing := [name for name in names if name not in known]:
                raise BadInputError(
                    f"{option}: got {', '.join(missing)}, which does not exist; correct the list."
                )
        if not snapshot.mesh.control_planes:
            raise BadInputError(
                "There is no Istio in this cluster, so there is nothing to upgrade; install one"
                " with istio_revision."
            )

    def is_installed(self, snapshot: Snapshot) -> bool:
        """Whether the revision is there with the version that was asked for."""
        plane = snapshot.mesh.find(self.revision, self.istio_namespace)
        return plane is not None and plane.version == Version.parse(self.version)

    def concerns(self, namespace: str) -> bool:
        """Whether the upgrade may touch that namespace."""
        wanted = not self.namespaces or namespace in self.namespaces
        return wanted and namespace not in self.excluded
