# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What happened when: a lane for each piece of work, with the times that are known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ansible_collections.meshwright.istio.plugins.module_utils._phase import COUNTED, Phase
from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    failure_is_last,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.records import Event
from ansible_collections.meshwright.istio.plugins.module_utils.report.scale import Scale, Span
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import Sample, Wave

# They end an upgrade or begin the way back; the work before them has lanes of its own.
_NO_WORK = (*COUNTED, Phase.ROLLING_BACK, Phase.DONE, Phase.ABANDONED, Phase.OPENED)
# How far beyond the upgrade itself the requests are drawn.
_LOAD_SHARE = 0.2


class State(StrEnum):
    """How the work of a lane ended."""

    DONE = "done"
    FAILED = "failed"
    CUT = "cut"
    NOT_BEGUN = "not_begun"


class Kind(StrEnum):
    """What a bar stands for."""

    WORK = "work"
    MOVE = "move"
    GATE = "gate"
    BACK = "back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A time at work."""

    kind: Kind
    begin: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A piece of work; no bars where nothing is known of its time."""

    title: str
    detail: str
    state: State
    bars: tuple[Bar, ...] = ()
    samples: tuple[Sample, ...] = ()

    @property
    def span(self) -> Span | None:
        if not self.bars:
            return None
        return min(piece.begin for piece in self.bars), max(piece.end for piece in self.bars)


def lanes(facts: Facts) -> tuple[Lane, ...]:
    """In the order of the work."""
    steps = list(_steps(facts.history))
    before_waves = facts.order[1 : facts.order.index(facts.counted)]
    early = [each for each in steps if each[0].phase in before_waves]
    late = [each for each in steps if each[0].phase not in (*before_waves, *_NO_WORK)]
    return (
        *(_phase_lane(facts, *each) for each in early),
        *(_wave_lane(wave, facts, steps) for wave in facts.waves),
        *(_phase_lane(facts, *each) for each in late),
        *_unfinished(facts),
    )


def scale(facts: Facts, drawn: tuple[Lane, ...]) -> Scale | None:
    """The scale of all charts; requests before and after count for a part of it at most."""
    busy: list[Span] = [(piece.begin, piece.end) for lane in drawn for piece in lane.bars]
    busy += [(moment, moment) for moment in facts.moments()]
    whole = Scale.of(busy)
    if whole is None or facts.load is None or not facts.load.points:
        return whole
    most = (whole.end - whole.begin) * _LOAD_SHARE
    first, last = facts.load.points[0].time, facts.load.points[-1].end
    if first < whole.begin:
        busy.append((max(first, whole.begin - most), whole.begin))
    if last > whole.end:
        busy.append((whole.end, min(last, whole.end + most)))
    return Scale.of(busy)


def _steps(history: tuple[Event, ...]) -> Iterator[tuple[Event, datetime, datetime]]:
    """Each step that was reached, and from when on it was worked on."""
    before: Event | None = None
    for event in history:
        if before and before.time and event.time and event.step != before.step:
            yield event, before.time, event.time
        before = event


def _step_lane(event: Event, begin: datetime, end: datetime) -> Lane:
    kind = Kind.BACK if event.phase == Phase.ROLLED_BACK else Kind.WORK
    return Lane(
        title=words.work(event.phase, event.wave),
        detail="",
        state=State.DONE,
        bars=(Bar(kind=kind, begin=begin, end=end),),
    )


def _phase_lane(facts: Facts, event: Event, begin: datetime, end: datetime) -> Lane:
    """The gateways have a gate of their own."""
    if event.phase != Phase.GATEWAYS_MOVED or facts.gateways_gate is None:
        return _step_lane(event, begin, end)
    samples = facts.gateways_gate.samples
    return Lane(
        title=words.work(event.phase, None),
        detail="",
        state=State.DONE,
        bars=tuple(_gated_bars(Kind.WORK, begin, end, samples)),
        samples=samples,
    )


def _wave_lane(wave: Wave, facts: Facts, steps: list[tuple[Event, datetime, datetime]]) -> Lane:
    moved = next((each for each in steps if each[0].step == (facts.counted, wave.number)), None)
    begin = wave.started or (moved[1] if moved else min(wave.moments(), default=None))
    state = _wave_state(wave, facts, moved=moved is not None, begun=begin is not None)
    if begin is None and state is State.FAILED:
        begin = _word_before_the_error(facts)
    samples = wave.gate.samples if wave.gate else ()
    bars: tuple[Bar, ...] = ()
    if begin is not None:
        known = [moment for moment in (wave.ended, moved[2] if moved else None) if moment]
        end = known[0] if known else _last_word(facts, begin, wave)
        bars = tuple(_gated_bars(Kind.MOVE, begin, max(begin, end), samples))
    return Lane(
        title=wave.label,
        detail=_wave_detail(wave),
        state=state,
        bars=bars,
        samples=samples,
    )


def _wave_detail(wave: Wave) -> str:
    first, more = wave.namespaces[:2], len(wave.namespaces) - 2
    spaces = ", ".join(first) + (f" +{more}" if more > 0 else "")
    return ": ".join(part for part in (wave.name, spaces) if part)


def _wave_state(wave: Wave, facts: Facts, *, moved: bool, begun: bool) -> State:
    failure = facts.failure if failure_is_last(facts) else None
    if (failure and failure.wave == wave.number) or (wave.gate and wave.gate.failed):
        return State.FAILED
    if moved or wave.ended:
        return State.DONE
    return State.CUT if begun else State.NOT_BEGUN


def _gated_bars(
    kind: Kind, begin: datetime, end: datetime, samples: tuple[Sample, ...]
) -> Iterator[Bar]:
    times = [sample.time for sample in samples if sample.time]
    gate = max(begin, min(times)) if times else end
    if begin < gate or not times:
        yield Bar(kind=kind, begin=begin, end=gate)
    if times:
        yield Bar(kind=Kind.GATE, begin=gate, end=max(end, *times))


def _word_before_the_error(facts: Facts) -> datetime | None:
    """From when on a wave may have been at work of which only the error is known."""
    failed = facts.failure.time if facts.failure else None
    if failed is None:
        return None
    times = [event.time for event in facts.history if event.time and event.time < failed]
    return max(times, default=None)


def _last_word(facts: Facts, begin: datetime, wave: Wave) -> datetime:
    """The end of what was cut off: the error, the way back, or the last that is known of it."""
    back = next((event.time for event in facts.history if event.phase == Phase.ROLLING_BACK), None)
    failed = facts.failure.time if facts.failure else None
    later = [moment for moment in (failed, back) if moment and moment > begin]
    return min(later) if later else max(wave.moments(), default=begin)


def _unfinished(facts: Facts) -> Iterator[Lane]:
    """The work that an error or the end of the record has cut off, where it was no wave."""
    last = facts.history[-1] if facts.history else None
    if last is None or last.time is None:
        return
    failure = facts.failure if failure_is_last(facts) else None
    end = failure.time if failure and failure.time and failure.time > last.time else last.time
    if facts.phase == Phase.ROLLING_BACK:
        times = [each.time for each in facts.history if each.phase == Phase.ROLLING_BACK]
        began = next((time for time in times if time), last.time)
        piece = Bar(kind=Kind.BACK, begin=began, end=max(end, began))
        state = State.FAILED if failure else State.CUT
        yield Lane(title="Way back", detail="", state=state, bars=(piece,))
    elif failure and not failure.wave and failure.phase:
        phase = words.ROLE_PHASES.get(failure.phase, failure.phase)
        if phase in COUNTED:
            return
        piece = Bar(kind=Kind.WORK, begin=last.time, end=end)
        yield Lane(title=words.work(phase, None), detail="", state=State.FAILED, bars=(piece,))
