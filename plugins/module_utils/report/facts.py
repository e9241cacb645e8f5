# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""All that is known of an upgrade, from its journal and from what the run adds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._phase import (
    COUNTED,
    ORDER,
    Path,
    Phase,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.item import Item
from ansible_collections.meshwright.istio.plugins.module_utils.report.load import Load
from ansible_collections.meshwright.istio.plugins.module_utils.report.records import (
    Event,
    Failure,
    Found,
    Labels,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import (
    Gate,
    Wave,
    Workload,
    moments_of,
)

_WAVE = re.compile(r"wave_(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """A gate and what it stands behind; `place` goes into a sentence."""

    title: str
    place: str
    gate: Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One upgrade. None stands for what nobody has written down.

    `phase` is None where there is no journal. `odd` has the sentences about what was not legible,
    `unmeasured` those about requests that were to be measured and were not.
    """

    title: str
    path: str | None
    source: str | None
    target: str | None
    versions: Mapping[str, str]
    phase: str | None
    wave: int | None
    reached: tuple[str, int | None] | None
    opened: datetime | None
    closed: datetime | None
    history: tuple[Event, ...]
    history_dropped: int
    waves: tuple[Wave, ...]
    namespaces: tuple[Labels, ...]
    gateways: tuple[Workload, ...]
    gateways_gate: Gate | None
    baseline: Mapping[str, float]
    tags: Mapping[str, str]
    proxies_before: Mapping[str, int] | None
    proxies_after: Mapping[str, int] | None
    proxies_back: Mapping[str, int] | None
    findings: tuple[Found, ...] | None
    failure: Failure | None
    rolled_back: bool
    load: Load | None
    odd: tuple[str, ...]
    unmeasured: tuple[str, ...] = ()

    @classmethod
    def read(cls, title: str, journal: Any, data: Any) -> Facts:
        """The facts of the journal, and over them those of `data`, which are newer."""
        odd: list[str] = []
        head = Item.of(journal, "journal", odd)
        kept, given = head.item("facts"), Item.of(data, "report_data", odd)
        item = Item(value={**kept.value, **given.value}, path="facts", odd=odd)
        reached = head.item("reached")
        target = head.text("target") or item.text("target")
        history = tuple(map(Event.from_item, head.items("history")))
        findings = tuple(map(Found.from_item, item.items("findings")))
        return cls(
            title=title,
            path=head.text("path"),
            source=head.text("source") or item.text("source"),
            target=target,
            versions=_versions(item, target),
            phase=head.text("phase"),
            wave=head.count("wave"),
            reached=(phase, reached.count("wave")) if (phase := reached.text("phase")) else None,
            opened=head.time("opened"),
            closed=head.time("closed"),
            history=tuple(event for event in history if event.time),
            history_dropped=head.count("history_dropped") or 0,
            waves=_waves(item, "Step" if head.text("path") == Path.SWITCHOVER else "Wave"),
            namespaces=tuple(
                Labels.from_item(name, each) for name, each in item.named_items("namespaces")
            ),
            gateways=_gateways(item),
            gateways_gate=Gate.from_item(item.item("gateways_moved").item("gate")),
            baseline=item.numbers("baseline"),
            tags={
                name: revision
                for name in sorted(item.item("tags").value)
                if (revision := item.item("tags").text(name))
            },
            proxies_before=item.counts("proxies_before"),
            proxies_after=item.counts("proxies_after"),
            proxies_back=item.counts("proxies_back"),
            findings=None if item.value.get("findings") is None else findings,
            failure=Failure.from_item(item.item("failure")),
            rolled_back=bool(item.flag("rolled_back")),
            load=Load.from_item(item.item("load")),
            odd=tuple(dict.fromkeys(odd)),
        )

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """Those of all waves."""
        return tuple(each for wave in self.waves for each in wave.workloads)

    @property
    def gates(self) -> tuple[Gated, ...]:
        """Those that were watched, in their order."""
        found = [(wave.title, f"in {wave.label.lower()}", wave.gate) for wave in self.waves]
        found.append(("Gateways", "at the gateways", self.gateways_gate))
        return tuple(
            Gated(title=title, place=place, gate=gate)
            for title, place, gate in found
            if gate is not None
        )

    @property
    def in_place(self) -> bool:
        """Whether the control plane was replaced where it stands."""
        return self.path == Path.IN_PLACE

    @property
    def switchover(self) -> bool:
        """Whether the traffic moved to another cluster."""
        return self.path == Path.SWITCHOVER

    @property
    def order(self) -> tuple[Phase, ...]:
        """The phases in their order; those of a canary where the path is not known."""
        known = next((path for path in Path if path == self.path), Path.CANARY)
        return (*ORDER[known], Phase.DONE)

    @property
    def counted(self) -> Phase:
        """The phase that is reached in parts: by waves, or by steps of weight."""
        return next(phase for phase in self.order if phase in COUNTED)

    def reaches(self, phase: Phase, wave: int = 0) -> bool:
        """Whether the upgrade had come to that phase, or to that wave of it."""
        name, number = self.reached or (self.phase, self.wave)
        found = next((index for index, each in enumerate(self.order) if each == name), -1)
        wanted = self.order.index(phase)
        return found > wanted or (found == wanted and (number or 0) >= wave)

    def named(self, revision: str | None) -> str:
        """A revision with its version, as far as both are known."""
        if revision is None:
            return "an unknown revision"
        version = self.versions.get(revision)
        return f"{revision} ({version})" if version else revision

    def moments(self) -> Iterator[datetime]:
        """Every moment on record."""
        candidates = [self.opened, self.closed, *(event.time for event in self.history)]
        if self.failure is not None:
            candidates.append(self.failure.time)
        yield from (moment for moment in candidates if moment is not None)
        for wave in self.waves:
            yield from wave.moments()
        yield from moments_of(self.gateways)
        if self.gateways_gate is not None:
            yield from self.gateways_gate.moments()


def _versions(item: Item, target: str | None) -> dict[str, str]:
    """The version of each revision."""
    found = {
        revision: version
        for source in item.items("sources")
        if (revision := source.text("revision")) and (version := source.text("version"))
    }
    version = item.text("version")
    # In place the target is the version itself.
    if not (target and version) or target == version:
        return found
    return {**found, target: version}


def _gateways(item: Item) -> tuple[Workload, ...]:
    """Where they were before, and what became of those that moved."""
    before = {each.reference: each for each in map(Workload.from_item, item.items("gateways"))}
    for moved in item.item("gateways_moved").items("gateways"):
        found = Workload.from_gateway(moved)
        earlier = before.get(found.reference)
        revision = earlier.revision if earlier and earlier.revision else found.revision
        before[found.reference] = replace(found, revision=revision)
    return tuple(before.values())


def _waves(item: Item, noun: str) -> tuple[Wave, ...]:
    planned = dict(enumerate(item.items("waves"), start=1))
    done = {
        int(match[1]): item.item(key)
        for key in item.value
        if (match := _WAVE.fullmatch(str(key))) is not None
    }
    nothing = Item(value={}, path="wave", odd=item.odd)
    return tuple(
        Wave.from_items(number, noun, planned.get(number, nothing), done.get(number, nothing))
        for number in sorted({*planned, *done})
    )
