# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a switchover is asked to do, and what there is: both clusters and the director's share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _record,
    _revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path
from ansible_collections.meshwright.istio.plugins.module_utils._target import Pair
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import check_version

# Weights are whole numbers, and a share made of them may differ from what was asked by so much.
_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for; `version` is empty where the target's Istio is to be taken as it is."""

    upgrade: Upgrade
    director: str
    steps: tuple[int, ...]
    version: str
    revision: str

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Wish:
        """Read the options; BadInputError for what cannot be right in any cluster."""
        version = params["version"]
        if version:
            check_version("version", version)
        _revision.check_name("revision", params["revision"])
        return cls(
            upgrade=_upgrade(params["source_name"], params["target_name"]),
            director=params["director"],
            steps=_check_steps(params["steps"]),
            version=version,
            revision=params["revision"],
        )

    @property
    def source(self) -> str:
        return self.upgrade.source

    @property
    def target(self) -> str:
        return self.upgrade.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the director says: the share in force, whether it holds everywhere, and why not."""

    share: float
    holds: bool
    reason: str
    writer: str
    object: str

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Seen:
        """Read the options, which are the director's answer."""
        names = ("share", "holds", "reason", "writer", "object")
        return cls(**{name: params[name] for name in names})

    def is_one_of(self, shares: Sequence[int]) -> bool:
        return any(abs(self.share - each) <= _TOLERANCE for each in shares)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A control plane of Istio; `version` is None where nothing tells it."""

    revision: str
    version: str | None

    def __str__(self) -> str:
        return f"{self.version or 'an unknown version'} as {self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One cluster: what is installed, and the journal that lies there."""

    name: str
    planes: tuple[Plane, ...]
    journal: Journal | None

    @property
    def unfinished(self) -> Journal | None:
        found = self.journal
        return found if found is not None and found.closed is None else None


def read_sides(pair: Pair, wish: Wish, istio_namespace: str) -> tuple[Side, Side]:
    """Source and target as they are."""

    def read(side: tuple[str, Api]) -> Side:
        name, api = side
        planes = _control_plane.read(api).control_planes
        return Side(
            name=name,
            planes=tuple(
                Plane(revision=each.revision, version=str(each.version) if each.version else None)
                for each in planes
            ),
            journal=_record.read(api, istio_namespace).journal,
        )

    source, target = pair.source.each(
        read, ((wish.source, pair.source), (wish.target, pair.target))
    )
    return source, target


def _check_steps(steps: Sequence[int]) -> tuple[int, ...]:
    """The shares, if they can be ones."""
    rising = all(before < after for before, after in pairwise(steps))
    if not steps or not rising or steps[0] < 1 or steps[-1] != 100:
        raise BadInputError(
            f"steps: got {list(steps)}; right are whole numbers from 1 to 100 that rise and end"
            " with 100."
        )
    return tuple(steps)


def _upgrade(source: str, target: str) -> Upgrade:
    """What a journal calls it."""
    if source == target:
        raise BadInputError(
            f"target_name: got '{target}', which is the source too; right is another cluster."
        )
    return Upgrade(path=Path.SWITCHOVER, source=source, target=target)
