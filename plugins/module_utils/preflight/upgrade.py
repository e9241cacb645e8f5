# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the findings are about: the upgrade that is wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _helm_values,
    _image_trial,
    _istioctl,
    _namespace,
    _operator,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._image_trial import Trial
from ansible_collections.meshwright.istio.plugins.module_utils._membership import members
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling
from ansible_collections.meshwright.istio.plugins.module_utils._releases import SHIPPED, Rules
from ansible_collections.meshwright.istio.plugins.module_utils._revision import check_name
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import (
    Version,
    oldest,
    read_option,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter


class Path(StrEnum):
    """How it is to get there."""

    CANARY = "canary"
    IN_PLACE = "in_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """Where the mesh shall go.

    `revision` is the new one of a canary, and the one that is replaced in place. `namespaces` are
    those that move, none for the whole mesh; the errors say why there is no istioctl of the
    version, and why the images cannot be pulled; they are not placed where no node takes the pod
    that pulls them. `settings` are the Helm values that were given for
    the new control plane, None where nobody said what it is to be; with `renewed` they take the
    place of those that it has.
    """

    version: Version
    revision: str
    istio_namespace: str
    path: Path = Path.CANARY
    drain: DrainMode = DrainMode.ENDPOINTS
    rules: Rules = SHIPPED
    namespaces: Collection[str] = ()
    excluded: Collection[str] = ()
    istioctl_error: str | None = None
    old_istioctl_error: str | None = None
    images: tuple[str, ...] = ()
    images_error: str | None = None
    images_placed: bool = True
    settings: Mapping[str, Any] | None = None
    renewed: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Upgrade:
        """Read the module's options."""
        version = read_option("version", params["version"])
        check_name("revision", params["revision"])
        return cls(
            version=version,
            revision=params["revision"],
            istio_namespace=params["istio_namespace"],
            path=Path(params["path"]),
            drain=DrainMode(params["drain"]),
            rules=Rules.from_option(params["rules"]),
            namespaces=dict.fromkeys(params["namespaces"]),
            excluded=dict.fromkeys(params["excluded_namespaces"]),
            settings=_read_settings(params),
            renewed=bool(params["operator"] or params["operator_files"]),
        )

    def find_istioctl(self, run: _istioctl.Run, params: Mapping[str, Any]) -> Upgrade:
        """The same, knowing whether there is an istioctl of the version."""
        error = _missing(run, self.version, params["istioctl_path"], params["istioctl_directory"])
        return replace(self, istioctl_error=error)

    def find_way_back(
        self, run: _istioctl.Run, params: Mapping[str, Any], snapshot: Snapshot
    ) -> Upgrade:
        """The same, knowing whether there is one of the version that is replaced in place."""
        old = self.left_version(snapshot)
        if not self.in_place or old is None or old == self.version:
            return self
        error = _missing(run, old, params["old_istioctl_path"], params["istioctl_directory"])
        return replace(self, old_istioctl_error=error)

    def try_images(
        self, api: Api, images: Iterable[str], pulling: Pulling, waiter: Waiter
    ) -> Upgrade:
        """The same, knowing whether the images can be pulled."""
        tried = replace(self, images=tuple(images))
        trial = Trial(images=tried.images, pull_policy="IfNotPresent", pulling=pulling)
        try:
            if tried.images:
                _image_trial.run(api, self.istio_namespace, trial, waiter)
        except MeshError as error:
            placed = error.details.get("placed", True)
            return replace(tried, images_error=error.message, images_placed=placed)
        return tried

    def check_namespaces(self, snapshot: Snapshot) -> None:
        """Refuse names of namespaces that do not exist."""
        _namespace.pick(snapshot.namespaces, (*self.namespaces, *self.excluded))

    def concerns(self, namespace: str) -> bool:
        """Whether it moves that namespace."""
        return namespace not in self.excluded and (
            not self.namespaces or namespace in self.namespaces
        )

    @property
    def in_place(self) -> bool:
        """Whether the control plane is replaced where it stands."""
        return self.path is Path.IN_PLACE

    def is_underway(self, snapshot: Snapshot) -> bool:
        """Whether a run before this one has begun it and has not finished it."""
        journal = snapshot.journal
        return (
            journal is not None
            and journal.closed is None
            and str(journal.upgrade.path) == str(self.path)
            and journal.upgrade.target in (self.revision, str(self.version))
        )

    def left_revisions(self, snapshot: Snapshot) -> set[str]:
        """The revisions whose istiod the proxies are to leave."""
        if self.in_place:
            return {self.revision}
        namespaces = members(snapshot.mesh, snapshot.namespaces, self.istio_namespace)
        found = {revision for each, revision in namespaces if self.concerns(each.name)}
        found |= {
            pod.revision
            for pod in snapshot.pods
            if pod.revision is not None and pod.live and self.concerns(pod.namespace)
        }
        return found - {self.revision}

    def left_version(self, snapshot: Snapshot) -> Version | None:
        """The oldest version that they leave; None where it cannot be told."""
        left = self.left_revisions(snapshot)
        return oldest(
            plane.version for plane in snapshot.mesh.control_planes if plane.revision in left
        )


def _read_settings(params: Mapping[str, Any]) -> dict[str, Any] | None:
    # An empty mapping says that there is nothing but the defaults; no mapping says nothing.
    single = (params["operator"], params["values"])
    if single == (None, None) and not (params["operator_files"] or params["values_files"]):
        return None
    given = (document for _option, document in _operator.find_given(params))
    return _helm_values.of_operators(given)


def _missing(
    run: _istioctl.Run, version: Version, path: str | None, folder: str | None
) -> str | None:
    """Why there is no istioctl of that version; None where there is one."""
    try:
        _istioctl.require_version(run, _istioctl.locate(version, path, folder), version)
    except BadInputError as error:
        return error.message
    return None
