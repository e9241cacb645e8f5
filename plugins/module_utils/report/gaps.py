# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the report does not know, in sentences: a silence must not look like a zero."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    Outcome,
    drains,
    outcome,
)


def gaps(facts: Facts) -> tuple[str, ...]:
    """One sentence for each; what could not be read comes last."""
    if facts.phase is None:
        return (*_preflight(facts), *facts.odd)
    return (
        *_end(facts),
        *_requests(facts),
        *_drains(facts),
        *_waves(facts),
        *_preflight(facts),
        *_history(facts),
        *facts.odd,
    )


def _end(facts: Facts) -> Iterator[str]:
    last = max(facts.moments(), default=None)
    if outcome(facts) is Outcome.UNFINISHED and last is not None:
        yield (
            f"How it ends. The record stops at {words.stamp(last)} without an end or an error: the"
            " upgrade waits, is still going on, or was killed."
        )
    if facts.opened is None:
        yield "When it began."


def _requests(facts: Facts) -> Iterator[str]:
    load = facts.load
    if facts.unmeasured:
        yield from facts.unmeasured
    elif load is None:
        yield (
            "How many requests were sent and how many failed. Nobody measured them: give the role"
            " report_prometheus, or the counts of a load client."
        )
    elif load.failed is None:
        yield f"How many requests failed: {load.source} has no numbers for it."


def _drains(facts: Facts) -> Iterator[str]:
    found = drains(facts)
    restarted = [each for each in facts.workloads if each.action in ("restarted", "awaited")]
    silent = [each.reference for each in restarted if not each.drained]
    if silent:
        yield (
            f"What was open in the pods of {words.count(len(silent), 'workload')} when they"
            f" stopped: they were restarted without draining ({words.names(silent)})."
        )
    unseen = [each.pod for each in found if each.open_at_end is None]
    if unseen:
        yield (
            f"Whether requests were open at the end in {words.count(len(unseen), 'pod')}:"
            f" nobody could count them ({words.names(unseen)})."
        )


def _waves(facts: Facts) -> Iterator[str]:
    """Waves that the journal calls moved, and of which it has nothing more."""
    reached = facts.reached or (facts.phase, facts.wave)
    last = reached[1] or 0
    if facts.reaches(facts.counted):
        last = last or len(facts.waves)
    moved = [wave for wave in facts.waves if wave.number <= last]
    silent = [str(wave.number) for wave in moved if not wave.workloads and wave.started is None]
    if silent:
        noun = moved[0].noun.lower()
        yield f"What happened in {noun} {', '.join(silent)}: the journal has only that it moved."
    if facts.switchover:
        held = [wave for wave in moved if wave.share is not None]
        uncounted = [wave.label.lower() for wave in held if wave.real_share is None]
        if uncounted:
            yield (
                f"Which share of the requests really came in {words.names(uncounted)}: no gateway"
                " counted one."
            )
    elif moved and not any(wave.proxies for wave in facts.waves):
        yield "How many proxies ran which version at which time: nobody counted them."


def _preflight(facts: Facts) -> Iterator[str]:
    if facts.findings is None:
        yield "What the preflight found: its findings are not on record."


def _history(facts: Facts) -> Iterator[str]:
    if facts.history_dropped:
        dropped = words.count(facts.history_dropped, "older entry", "older entries")
        yield f"The beginning of the log: {dropped} had no more room in the journal."
