# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the findings are about: the upgrade that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _image_trial,
    _istioctl,
    _namespace,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._image_trial import Trial
from ansible_collections.meshwright.istio.plugins.module_utils._membership import members
from ansible_collections.meshwright.istio.plugins.module_utils._revision import check_name
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import (
    Version,
    read_option,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """Where the mesh shall go.

    `namespaces` are those that move, none for the whole mesh; the errors say why there is no
    istioctl of the version, and why the images cannot be pulled.
    """

    version: Version
    revision: str
    istio_namespace: str
    namespaces: tuple[str, ...] = ()
    istioctl_error: str | None = None
    images: tuple[str, ...] = ()
    images_error: str | None = None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Upgrade:
        """Read the module's options."""
        version = read_option("version", params["version"])
        check_name("revision", params["revision"])
        return cls(
            version=version,
            revision=params["revision"],
            istio_namespace=params["istio_namespace"],
            namespaces=tuple(params["namespaces"]),
        )

    def find_istioctl(self, run: _istioctl.Run, params: Mapping[str, Any]) -> Upgrade:
        """The same, knowing whether there is an istioctl of the version."""
        try:
            path, folder = params["istioctl_path"], params["istioctl_directory"]
            program = _istioctl.locate(self.version, path, folder)
            _istioctl.require_version(run, program, self.version)
        except BadInputError as error:
            return replace(self, istioctl_error=error.message)
        return self

    def try_images(
        self, api: Api, images: Iterable[str], secrets: Iterable[str], waiter: Waiter
    ) -> Upgrade:
        """The same, knowing whether the images can be pulled."""
        tried = replace(self, images=tuple(images))
        trial = Trial(images=tried.images, pull_policy="IfNotPresent", secrets=tuple(secrets))
        try:
            if tried.images:
                _image_trial.run(api, self.istio_namespace, trial, waiter)
        except MeshError as error:
            return replace(tried, images_error=error.message)
        return tried

    def check_namespaces(self, snapshot: Snapshot) -> None:
        """Refuse names of namespaces that do not exist."""
        _namespace.pick(snapshot.namespaces, self.namespaces)

    def concerns(self, namespace: str) -> bool:
        """Whether it moves that namespace."""
        return not self.namespaces or namespace in self.namespaces

    def left_revisions(self, snapshot: Snapshot) -> set[str]:
        """The revisions that the namespaces are on now."""
        return {
            revision
            for namespace, revision in members(
                snapshot.mesh, snapshot.namespaces, self.istio_namespace
            )
            if self.concerns(namespace.name) and revision != self.revision
        }
