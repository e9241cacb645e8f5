# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What follows a control plane that is replaced where it stands: gateways, then waves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _canary_table
from ansible_collections.meshwright.istio.plugins.module_utils._canary import (
    GatewayMove,
    Kept,
    Source,
    WaveMove,
    WorkloadMove,
    wave_summary,
)
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import describe
from ansible_collections.meshwright.istio.plugins.module_utils.report import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The control plane as it is before the upgrade; `settings` None where they are not known.

    `hops` are the versions that are still to be reached, the last one included.
    """

    version: Version
    hops: tuple[Version, ...]
    replicas: int
    has_cni: bool
    settings: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of it; `source` is the version of before."""

    revision: str
    source: Source
    version: str
    live: Live
    gateways: tuple[GatewayMove, ...]
    gateways_due: bool = False
    waves: tuple[WaveMove, ...]
    kept: tuple[Kept, ...]

    @property
    def needed(self) -> bool:
        """Whether anything is left to follow."""
        waiting = bool(self.gateways) or self.gateways_due
        return waiting or not all(wave.done for wave in self.waves)

    def summary(self) -> dict[str, Any]:
        """As modules return it."""
        return {
            "revision": self.revision,
            "version": self.version,
            "hops": [str(version) for version in self.live.hops],
            "sources": [asdict(self.source)],
            "waves": [wave_summary(wave) for wave in self.waves],
            "gateways": [each.summary() for each in self.gateways],
            "gateways_due": self.gateways_due,
            "tags": [],
            "followers": [],
            "restore": [],
            "kept": [asdict(kept) for kept in self.kept],
        }

    def record(self) -> dict[str, Any]:
        """What the journal keeps for the way on and the way back."""
        return {
            "revision": self.revision,
            "version": self.version,
            "sources": [asdict(self.source)],
            "replicas": self.live.replicas,
            "cni": self.live.has_cni,
            "settings": self.live.settings,
            "waves": [
                {"name": wave.name, "namespaces": [each.name for each in wave.namespaces]}
                for wave in self.waves
            ],
            "namespaces": {
                each.name: {**asdict(each.before), "source": each.source}
                for wave in self.waves
                for each in wave.namespaces
            },
            "gateways": [each.summary() for each in self.gateways],
            "tags": {},
        }

    def changes(self) -> list[Change]:
        """Everything that restarts, for the diff."""
        moves: list[GatewayMove | WorkloadMove] = list(self.gateways)
        moves += (each for wave in self.waves for each in wave.workloads)
        before = describe(self.source.revision, self.source.version)
        after = describe(self.revision, self.version)
        return [
            Change(
                name=str(move),
                before={"proxy": before if move.revision else describe(None, None)},
                after={"proxy": after},
            )
            for move in moves
        ]

    def table(self, *, installed: bool) -> list[str]:
        """One line for each thing that is left to do, in the order in which it is done."""
        before = describe(self.source.revision, self.source.version)
        lines = [f"{before} -> {self.version}, in place"]
        if installed and not self.needed:
            lines.append("Everything is there already; nothing is left to be restarted.")
        else:
            if not installed:
                lines.append(f"control   replace the control plane by {self.version}")
            lines += [
                f"gateway   {each}: {words.count(each.pods, 'pod')}" for each in self.gateways
            ]
            lines += _canary_table.gateway_gate(self.gateways, due=self.gateways_due)
            lines += _canary_table.wave_lines(self.waves)
        if len(self.live.hops) > 1:
            chain = ", then ".join(map(str, self.live.hops))
            lines.append(f"hops      {chain}; each is complete before the next")
        return [*lines, *(f"stays     {kept.name}: {kept.reason}" for kept in self.kept)]
