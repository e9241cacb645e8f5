# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a canary moves: namespaces in waves, their workloads, gateways and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Injection
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceMove:
    """A namespace: its labels before the upgrade, now, while it goes on, and in the end.

    Where a tag leads to the new revision in the end, the namespace gets its tag back. `arrived` is
    whether its labels lead to the new revision already.
    """

    name: str
    source: str
    before: Injection
    now: Injection
    during: Injection
    after: Injection
    arrived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadMove:
    """A workload whose pods have to be replaced; `revision` is None where they have no sidecar."""

    reference: Reference
    revision: str | None
    pods: int

    def __str__(self) -> str:
        return self.reference.path


def workload_moves(found: Mapping[Reference, Sequence[Pod]]) -> tuple[WorkloadMove, ...]:
    """The moves of workloads, from those of their pods that have to be replaced."""
    return tuple(
        WorkloadMove(reference=reference, revision=pods[0].revision, pods=len(pods))
        for reference, pods in sorted(found.items())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveMove:
    """The namespaces that move together, and what has to restart there.

    `gateways` follow the label of their namespace, and are held where they are until they move.
    A run that ends before the gate has `held` leaves that to the next one.
    """

    number: int
    name: str
    namespaces: tuple[NamespaceMove, ...]
    workloads: tuple[WorkloadMove, ...]
    gateways: tuple[Reference, ...] = ()
    held: bool = True

    @property
    def to_label(self) -> tuple[str, ...]:
        """The namespaces that still have a label to get."""
        return tuple(each.name for each in self.namespaces if not each.arrived)

    @property
    def done(self) -> bool:
        return not self.to_label and not self.workloads and self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayMove:
    """A gateway's Deployment."""

    reference: Reference
    revision: str | None
    pods: int

    def __str__(self) -> str:
        return self.reference.path

    def summary(self) -> dict[str, Any]:
        return {"reference": str(self), "revision": self.revision, "pods": self.pods}


@dataclass(frozen=True, slots=True, kw_only=True)
class TagMove:
    """A tag."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that stays where it is, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A revision that is left."""

    revision: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of it; `followers` are workloads that follow a tag by the labels of their pods."""

    revision: str
    version: str
    sources: tuple[Source, ...]
    waves: tuple[WaveMove, ...]
    gateways: tuple[GatewayMove, ...]
    gateways_due: bool = False
    tags: tuple[TagMove, ...]
    followers: tuple[WorkloadMove, ...]
    kept: tuple[Kept, ...]

    @property
    def needed(self) -> bool:
        """Whether anything is left to be moved."""
        waiting = (*self.gateways, *self.tags, *self.followers, *self.to_restore)
        return bool(waiting) or self.gateways_due or not all(wave.done for wave in self.waves)

    @property
    def to_restore(self) -> tuple[str, ...]:
        """The namespaces that still have to get their tag back."""
        return tuple(
            each.name
            for wave in self.waves
            for each in wave.namespaces
            if each.after != each.during
        )

    def summary(self) -> dict[str, Any]:
        """As modules return it."""
        return {
            "revision": self.revision,
            "version": self.version,
            "hops": [],
            "sources": [asdict(source) for source in self.sources],
            "waves": [wave_summary(wave) for wave in self.waves],
            "gateways": [each.summary() for each in self.gateways],
            "gateways_due": self.gateways_due,
            "tags": [asdict(tag) for tag in self.tags],
            "followers": [str(each) for each in self.followers],
            "restore": self._restore(),
            "kept": [asdict(kept) for kept in self.kept],
        }

    def _restore(self) -> list[dict[str, Any]]:
        """The tags that namespaces get back, each with its namespaces."""
        groups: dict[str, list[str]] = {}
        for wave in self.waves:
            for each in wave.namespaces:
                if each.name in self.to_restore and each.after.revision is not None:
                    groups.setdefault(each.after.revision, []).append(each.name)
        return [{"revision": tag, "namespaces": names} for tag, names in sorted(groups.items())]

    def record(self) -> dict[str, Any]:
        """What the journal keeps for the way on and the way back."""
        moves = [each for wave in self.waves for each in wave.namespaces]
        return {
            "version": self.version,
            "sources": [asdict(source) for source in self.sources],
            "waves": [
                {"name": wave.name, "namespaces": [each.name for each in wave.namespaces]}
                for wave in self.waves
            ],
            "namespaces": {
                each.name: {**asdict(each.before), "source": each.source} for each in moves
            },
            "gateways": [each.summary() for each in self.gateways],
            "tags": {tag.name: tag.before for tag in self.tags},
            "followers": [
                {"reference": str(each), "revision": each.revision} for each in self.followers
            ],
        }

    def changes(self) -> list[Change]:
        """Everything that would be different in the end, for the diff."""
        return [
            *(_label_change(each) for wave in self.waves for each in wave.namespaces),
            *self._restarts(),
            *(
                Change(
                    name=f"Gateway {each.reference}",
                    before={"revision": each.revision},
                    after={"revision": self.revision},
                )
                for each in self.gateways
            ),
            *(
                Change(
                    name=f"Tag {tag.name}",
                    before={"revision": tag.before},
                    after={"revision": tag.after},
                )
                for tag in self.tags
            ),
        ]

    def _restarts(self) -> list[Change]:
        moves = [*(each for wave in self.waves for each in wave.workloads), *self.followers]
        return [
            Change(
                name=str(each.reference),
                before={"revision": each.revision},
                after={"revision": self.revision},
            )
            for each in moves
        ]


def wave_summary(wave: WaveMove) -> dict[str, Any]:
    return {
        "number": wave.number,
        "name": wave.name,
        "namespaces": [each.name for each in wave.namespaces],
        "to_label": list(wave.to_label),
        "workloads": [str(each) for each in wave.workloads],
        "gateways": [each.path for each in wave.gateways],
        "done": wave.done,
    }


def _label_change(move: NamespaceMove) -> Change:
    before, after = ({"labels": each.labels()} for each in (move.now, move.after))
    return Change(name=f"Namespace {move.name}", before=before, after=after)
