# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""One run of mesh_gate: look at every check at once, again and again, and judge."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gate_sources
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    NotReadyError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gate import (
    Sample,
    Source,
    Verdict,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gate_beside import Beside
from ansible_collections.meshwright.istio.plugins.module_utils._gate_record import Record
from ansible_collections.meshwright.istio.plugins.module_utils._gate_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils.report import words

# A word to the person who waits, though nothing has changed.
_WORD_EVERY = 5.0
# More sources than these wait for each other.
_AT_ONCE = 32
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time that passes, and the time of day."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is asked, of whom, and who is told meanwhile; `beside` is a second cluster."""

    api: Api
    request: Request
    clock: Clock
    say: Callable[[str], None]
    beside: Beside | None = None

    def measure(self) -> dict[str, Any]:
        """The baseline: one sample of each query, all of which have to be numbers."""
        sources = _gate_sources.for_baseline(self.api, self.request)
        record = self._record(sources)
        record.add(self._look(sources, f"measuring {_count(record)}"))
        bad = [*record.latest(Verdict.UNMEASURED), *record.latest(Verdict.FAILED)]
        if bad:
            raise RefusedError(
                f"There is no baseline of {_list(bad)}. Mend the query, or what it is asked of.",
                **record.report(bad[0], 0.0),
            )
        return {**record.report(None, 0.0), "baseline": record.values()}

    def rehearse(self) -> tuple[dict[str, Any], list[str]]:
        """One sample of every check, and warnings; only what cannot be measured is refused."""
        sources, warnings = _gate_sources.for_rehearsal(self.api, self.request)
        sources = [*sources, *self._beside()]
        record = self._record(sources)
        record.add(self._look(sources, f"trying {_count(record)}"))
        if unmeasured := record.latest(Verdict.UNMEASURED):
            raise _unmeasured(unmeasured, record, 0.0)
        failing = record.latest(Verdict.FAILED)
        if failing:
            warnings.append(f"The gate would fail now: {_list(failing)}.")
        decisive = failing[0] if failing else None
        return record.report(decisive, 0.0), [*warnings, *record.doubts()]

    def hold(self) -> tuple[dict[str, Any], list[str]]:
        """Look until it has held for long enough; NotReadyError once it cannot pass any more."""
        sources = [*_gate_sources.for_holding(self.api, self.request), *self._beside()]
        record, timing = self._record(sources), self.request.timing
        started, planned = self.clock.monotonic(), 0.0
        text = f"looking at {_count(record)} for {timing.duration} s"
        while True:
            record.add(self._look(sources, text))
            held = self.clock.monotonic() - started
            if over := record.over_limit():
                raise _failure(over, record, held, timing.duration)
            if planned >= timing.duration and record.settled:
                return record.report(None, held), record.doubts()
            planned = timing.after(planned, held)
            text = self._wait(started, planned, record)

    def _beside(self) -> list[Source]:
        return self.beside.sources() if self.beside else []

    def _record(self, sources: Sequence[Source]) -> Record:
        checks = [check for source in sources for check in source.checks]
        timing = self.request.timing
        return Record(checks, rounds=timing.rounds, failure_limit=timing.failure_limit)

    def _look(self, sources: Sequence[Source], text: str) -> list[Sample]:
        """Look everywhere at the same time; how long that may take, each source limits itself."""
        if not sources:
            return []
        now = self.clock.now()
        with ThreadPoolExecutor(max_workers=min(len(sources), _AT_ONCE)) as executor:
            looks = [executor.submit(source.look, now) for source in sources]
            self.say(text)
            while wait(looks, timeout=_WORD_EVERY).not_done:
                self.say(f"{text}; {sum(not look.done() for look in looks)} not answered yet")
        return [sample for look in looks for sample in look.result()]

    def _wait(self, started: float, planned: float, record: Record) -> str:
        """Wait until it is time for the next look; what was said last."""
        clock, duration = self.clock, self.request.timing.duration
        while True:
            held = clock.monotonic() - started
            text = f"held for {min(held, duration):.0f} of {duration} s: {record}"
            self.say(text)
            left = planned - held
            if left <= 0:
                return text
            clock.sleep(min(left, _WORD_EVERY))


def _count(record: Record) -> str:
    return words.count(len(record.checks), "check")


def _failure(over: Sequence[Sample], record: Record, held: float, duration: int) -> NotReadyError:
    if over[0].verdict is Verdict.UNMEASURED:
        return _unmeasured(over, record, held)
    return NotReadyError(
        f"The gate failed after {held:.0f} of {duration} s: {_list(over)}. Mend the cause, and run"
        " it again.",
        **record.report(over[0], held),
    )


def _unmeasured(found: Sequence[Sample], record: Record, held: float) -> NotReadyError:
    return NotReadyError(
        f"The gate cannot measure {_list(found)}. What was not measured has not passed: mend the"
        " check, or what it asks, and run it again.",
        **record.report(found[0], held),
    )


def _list(samples: Sequence[Sample]) -> str:
    more = f"; and {len(samples) - _NAMED} more" if len(samples) > _NAMED else ""
    return "; ".join(map(str, samples[:_NAMED])) + more
