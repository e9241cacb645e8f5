# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What moved in a wave or at a gateway: workloads, their drained pods, and the gate behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.meshwright.istio.plugins.module_utils._gate import Verdict
from ansible_collections.meshwright.istio.plugins.module_utils.report.item import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A pod on its way out; each moment is None where it was not seen.

    `released`: its successor begins to start. `out`: it leaves its Services. `acknowledged`: as
    many `proxies` know. `ended`: it is told to stop, for nothing is open or the limit has passed.
    `seconds` are those from `out` to `ended`, `limits` what cut off the requests that were open.
    """

    pod: str
    revision: str | None
    released: datetime | None
    out: datetime | None
    acknowledged: datetime | None
    ended: datetime | None
    proxies: int | None
    open_at_out: int | None
    open_at_end: int | None
    limits: str | None
    seconds: float | None

    @classmethod
    def from_item(cls, item: Item) -> Drain:
        out, ended = item.time("out"), item.time("ended")
        seconds = item.number("seconds")
        if seconds is None:
            seconds = item.number("waited_seconds")
        if seconds is None and out and ended:
            seconds = max(0.0, (ended - out).total_seconds())
        return cls(
            pod=item.text("pod") or "a pod without a name",
            revision=item.text("revision"),
            released=item.time("released"),
            out=out,
            acknowledged=item.time("acknowledged"),
            ended=ended,
            proxies=item.count("proxies"),
            open_at_out=item.count("open_at_out"),
            open_at_end=item.count("open_at_end"),
            limits=item.text("limits"),
            seconds=seconds,
        )

    def moments(self) -> Iterator[datetime]:
        for moment in (self.released, self.out, self.acknowledged, self.ended):
            if moment is not None:
                yield moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What was restarted, or a gateway that was moved; `reference` is namespace/Kind/name."""

    reference: str
    revision: str | None
    action: str | None
    reason: str | None
    seconds: float | None
    drained: tuple[Drain, ...]

    @classmethod
    def from_item(cls, item: Item) -> Workload:
        parts = [item.text(key) for key in ("namespace", "kind", "name")]
        return cls(
            reference=item.text("reference") or "/".join(part for part in parts if part),
            revision=item.text("revision"),
            action=item.text("action"),
            reason=item.text("reason"),
            seconds=item.number("seconds"),
            drained=tuple(map(Drain.from_item, item.items("drained"))),
        )

    @classmethod
    def from_gateway(cls, item: Item) -> Workload:
        """An entry of what gateway_revision returns; `before` are the revisions of its pods."""
        moved = bool(item.flag("changed")) or bool(item.items("drained"))
        return replace(
            cls.from_item(item),
            revision=next(iter(item.texts("before")), None),
            action="moved" if moved else None,
        )

    @property
    def begun(self) -> bool:
        return self.action is not None or bool(self.drained)

    @property
    def failed(self) -> bool:
        return self.action == "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look of a gate; `ok` is None where nothing could be measured."""

    time: datetime | None
    check: str
    value: float | None
    ok: bool | None
    text: str | None

    @classmethod
    def from_item(cls, item: Item) -> Sample:
        return cls(
            time=item.time("time"),
            check=item.text("check") or "gate",
            value=item.number("value"),
            ok=item.flag("ok"),
            text=item.text("text"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was to hold: its limits, and how many samples there were, kept ones or not."""

    name: str
    min: float | None
    max: float | None
    samples: int | None
    bad: int | None

    @classmethod
    def from_item(cls, item: Item) -> Check:
        return cls(
            name=item.text("name") or "gate",
            min=item.number("min"),
            max=item.number("max"),
            samples=item.count("samples"),
            bad=item.count("bad"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What had to hold before the next wave; `check` is the one that decided against it."""

    verdict: str | None
    reason: str | None
    check: str | None
    checks: tuple[Check, ...]
    samples: tuple[Sample, ...]

    @classmethod
    def from_item(cls, item: Item) -> Gate | None:
        if not item.value:
            return None
        return cls(
            verdict=item.text("verdict"),
            reason=item.text("reason"),
            check=item.text("check"),
            checks=tuple(map(Check.from_item, item.items("checks"))),
            samples=tuple(map(Sample.from_item, item.items("samples"))),
        )

    @property
    def failed(self) -> bool:
        """A gate that could not measure has not passed."""
        return self.verdict not in (None, Verdict.PASSED)

    def moments(self) -> Iterator[datetime]:
        return _known(*(sample.time for sample in self.samples))

    def by_check(self) -> dict[str, tuple[Sample, ...]]:
        """The samples of each check, in the order in which the checks first appear."""
        found: dict[str, list[Sample]] = {}
        for sample in self.samples:
            found.setdefault(sample.check, []).append(sample)
        return {check: tuple(samples) for check, samples in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Namespaces that move together; the times are None while it has not begun or ended.

    In a switchover it is a step: `share` was set, and `real_share` of the `requests` came.
    """

    number: int
    noun: str
    name: str | None
    namespaces: tuple[str, ...]
    started: datetime | None = None
    ended: datetime | None = None
    workloads: tuple[Workload, ...] = ()
    gate: Gate | None = None
    proxies: Mapping[str, int] | None = None
    share: float | None = None
    real_share: float | None = None
    requests: int | None = None

    @classmethod
    def from_items(cls, number: int, noun: str, planned: Item, done: Item) -> Wave:
        """What was planned, and what became of it."""
        return cls(
            number=number,
            noun=noun,
            name=done.text("name") or planned.text("name"),
            namespaces=done.texts("namespaces") or planned.texts("namespaces"),
            started=done.time("started"),
            ended=done.time("ended"),
            workloads=tuple(map(Workload.from_item, done.items("workloads"))),
            gate=Gate.from_item(done.item("gate")),
            proxies=done.counts("proxies"),
            share=done.number("share"),
            real_share=done.number("real_share"),
            requests=done.count("requests"),
        )

    @property
    def title(self) -> str:
        return self.label + (f", {self.name}" if self.name else "")

    @property
    def label(self) -> str:
        return f"{self.noun} {self.number}"

    def moments(self) -> Iterator[datetime]:
        yield from _known(self.started, self.ended)
        if self.gate is not None:
            yield from self.gate.moments()
        yield from moments_of(self.workloads)


def moments_of(workloads: Iterable[Workload]) -> Iterator[datetime]:
    """Every moment that is known of them."""
    for workload in workloads:
        for drain in workload.drained:
            yield from drain.moments()


def _known(*moments: datetime | None) -> Iterator[datetime]:
    return (moment for moment in moments if moment is not None)
