# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How an upgrade ended, in one sentence, and the figures that are worth a look first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from ansible_collections.meshwright.istio.plugins.module_utils._gate import Verdict
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase
from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import Drain


class Outcome(StrEnum):
    """How it ended, or that it has not."""

    DONE = "done"
    TAKEN_BACK = "taken_back"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    GIVEN_UP = "given_up"
    NOT_BEGUN = "not_begun"


# How far a run went back by itself.
PHASE, EVERYTHING = "phase", "everything"

_BY_PHASE = {
    Phase.DONE: Outcome.DONE,
    Phase.ROLLED_BACK: Outcome.TAKEN_BACK,
    Phase.ABANDONED: Outcome.GIVEN_UP,
}


def outcome(facts: Facts) -> Outcome:
    """What the journal says; the error counts only where nothing came after it."""
    if facts.phase is None:
        return Outcome.NOT_BEGUN
    ended = next((end for phase, end in _BY_PHASE.items() if phase == facts.phase), None)
    if ended is not None:
        return ended
    if facts.rolled_back or (facts.failure and facts.failure.went_back == EVERYTHING):
        return Outcome.TAKEN_BACK
    return Outcome.FAILED if failure_is_last(facts) else Outcome.UNFINISHED


def failure_is_last(facts: Facts) -> bool:
    """Whether the error on record ended the last run, and not one before it."""
    if facts.failure is None:
        return False
    since = facts.failure.time
    if since is None:
        return True
    later = [
        event
        for before, event in pairwise(facts.history)
        if event.time and event.time > since and event.step != before.step
    ]
    return all(event.phase in (Phase.ROLLING_BACK, Phase.ROLLED_BACK) for event in later)


def headline(facts: Facts) -> str:
    """The whole of it in one sentence."""
    way = f"{facts.named(facts.source)} → {facts.named(facts.target)}"
    match outcome(facts):
        case Outcome.DONE:
            return f"Upgraded {way} in {_time_taken(facts)}{_requests(facts)}."
        case Outcome.TAKEN_BACK:
            reason = _reason(facts)
            what = f": {reason}" if reason else f" to {facts.named(facts.source)}"
            return f"Taken back{what}{_requests(facts)}."
        case Outcome.FAILED:
            way_back = " on its way back" if facts.phase == Phase.ROLLING_BACK else ""
            return f"Stopped{way_back}: {_reason(facts)}{_went_back(facts)}{_requests(facts)}."
        case Outcome.GIVEN_UP:
            return f"Given up: {way}, {words.reached(*_furthest(facts)).lower()} at the furthest."
        case Outcome.NOT_BEGUN:
            return f"Not begun: {_why_not_begun(facts)}."
        case Outcome.UNFINISHED:
            state = words.reached(*_furthest(facts)).lower()
            back = ", on its way back" if facts.phase == Phase.ROLLING_BACK else ""
            return f"Not finished: {way}, {state}{back}."


def _reason(facts: Facts) -> str:
    """What went wrong and where; empty where nobody has said."""
    failed = next((each for each in facts.gates if each.gate.failed), None)
    if failed is not None:
        check = failed.gate.check
        gate = f"gate \u201c{check}\u201d" if check else "the gate"
        blind = failed.gate.verdict == Verdict.UNMEASURED
        return f"{gate} {'could not be measured' if blind else 'failed'} {failed.place}"
    if facts.failure is None:
        return ""
    place = words.where(facts.failure.phase, facts.failure.wave)
    sentence = words.first_sentence(facts.failure.message)
    return f"{sentence} ({place})" if place else sentence


def _went_back(facts: Facts) -> str:
    back = facts.failure is not None and facts.failure.went_back == PHASE
    return "; what it had moved was taken back" if back else ""


def _furthest(facts: Facts) -> tuple[str, int | None]:
    return facts.reached or (facts.phase or "unknown", facts.wave)


def _why_not_begun(facts: Facts) -> str:
    blocking = [found for found in facts.findings or () if found.blocks]
    if blocking:
        some = words.count(len(blocking), "finding forbids", "findings forbid")
        return f"{some} it ({words.names([found.code for found in blocking], 3)})"
    looked = "only the preflight has run, and nothing forbids it"
    nothing = "no journal of an upgrade is in the cluster"
    return _reason(facts) or (nothing if facts.findings is None else looked)


def _time_taken(facts: Facts) -> str:
    if facts.opened is None or facts.closed is None:
        return "an unknown time"
    whole = (facts.closed - facts.opened).total_seconds()
    waited = sum((end - begin).total_seconds() for begin, end in rests(facts))
    if waited < 60:
        return words.duration(whole)
    return f"{words.duration(whole - waited)}, {words.duration(waited)} of rest not counted"


def rests(facts: Facts) -> list[tuple[datetime, datetime]]:
    """From the last word of one run to the first of another: nobody was at work, or all died."""
    return [
        (before.time, after.time)
        for before, after in pairwise(facts.history)
        if before.time
        and after.time
        and after.step == before.step
        and after.run_id != before.run_id
        and after.time - before.time > timedelta()
    ]


def _requests(facts: Facts) -> str:
    load = facts.load
    if load is None or load.sent is None:
        return ""
    about = "" if load.exact else "about "
    text = f"; {about}{words.count(load.sent, 'request')}"
    return f"{text}, {load.failed:,} failed" if load.failed is not None else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """All pods that were drained, in numbers; None where nobody has counted."""

    pods: int
    open_at_out: int | None
    open_at_end: int | None
    longest: float | None

    @classmethod
    def of(cls, drains: Iterable[Drain]) -> Drained:
        found = list(drains)
        times = [each.seconds for each in found if each.seconds is not None]
        return cls(
            pods=len(found),
            open_at_out=_total(each.open_at_out for each in found),
            open_at_end=_total(each.open_at_end for each in found),
            longest=max(times, default=None),
        )


def drains(facts: Facts) -> tuple[Drain, ...]:
    """All of them, in waves and gateways."""
    return tuple(each for item in (*facts.workloads, *facts.gateways) for each in item.drained)


def _total(counts: Iterable[int | None]) -> int | None:
    known = [each for each in counts if each is not None]
    return sum(known) if known else None
