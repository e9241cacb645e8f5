# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How a journal goes on: opened, advanced, left for a while, closed. Plain data in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _phase
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase, Step

_MOST_EARLIER = 10
# The facts that say where everything was before, as the plan's record has them.
_BEFORE = frozenset({"namespaces", "gateways", "tags", "followers"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a run has to say, and when; `note` may be empty."""

    run_id: str
    time: str
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def begin(previous: Journal | None, upgrade: Upgrade, event: Event, *, again: bool) -> Journal:
    """The journal of the upgrade: a new one, the unfinished one, or the finished one as it is.

    Refused while another upgrade is unfinished.
    """
    if previous is None:
        return _new(upgrade, (), event)
    if previous.closed is None:
        return _go_on(previous, upgrade, event)
    if previous.upgrade == upgrade and previous.step.phase is Phase.DONE and not again:
        return previous
    earlier = {
        key: value
        for key, value in previous.summary().items()
        if key in ("path", "source", "target", "phase", "opened", "closed")
    }
    return _new(upgrade, (*previous.earlier, earlier)[-_MOST_EARLIER:], event)


def _new(upgrade: Upgrade, earlier: tuple[Mapping[str, Any], ...], event: Event) -> Journal:
    opened = Step(phase=Phase.OPENED)
    empty = Journal(
        upgrade=upgrade,
        step=opened,
        reached=opened,
        opened=event.time,
        facts=event.facts,
        earlier=earlier,
    )
    return _enter(empty, opened, replace(event, note=event.note or "The upgrade was opened."))


def _go_on(journal: Journal, upgrade: Upgrade, event: Event) -> Journal:
    if journal.upgrade != upgrade:
        raise RefusedError(
            f"Another upgrade is unfinished: {journal.upgrade}, opened {journal.opened}, at phase"
            f" {journal.step}. Finish it by running it again, undo it with roll_back.yml, or give"
            " it up with action=close and phase=abandoned.",
            journal=journal.summary(),
        )
    facts = _with_new(journal, event.facts)
    if facts != journal.facts:
        journal = replace(journal, facts=facts)
    if journal.history and journal.history[-1].run_id == event.run_id:
        return journal
    return _enter(journal, journal.step, replace(event, note="Another run goes on."))


def _with_new(journal: Journal, found: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, and where that was before which this run is the first to move.

    What is on record stays: since then it may have moved.
    """
    united = dict(journal.facts)
    for key in _BEFORE & found.keys():
        united[key] = _unite(united.get(key), _movable(found[key], journal.upgrade.target))
    return united


def _movable(found: Any, target: str) -> Any:
    """Without namespaces that are on the target: what they were before, nobody knows."""
    if not isinstance(found, Mapping):
        return found
    return {
        name: each
        for name, each in found.items()
        if not (isinstance(each, Mapping) and each.get("source") == target)
    }


def _unite(known: Any, found: Any) -> Any:
    if isinstance(known, Mapping) and isinstance(found, Mapping):
        return {**found, **known}
    if isinstance(known, list) and isinstance(found, list):
        names = [_name(each) for each in known]
        return [*known, *(each for each in found if _name(each) not in names)]
    return found if known is None else known


def _name(item: Any) -> Any:
    return item["reference"] if isinstance(item, Mapping) and "reference" in item else item


def advance(journal: Journal, step: Step, event: Event) -> Journal:
    """The journal when the step is reached; the same one when that and the facts are on record."""
    _refuse_closed(journal)
    ahead = _phase.is_ahead(journal.upgrade.path, journal.step, step)
    if event.facts:
        journal = replace(journal, facts={**journal.facts, **event.facts})
    if ahead:
        reached = journal.step if step.phase is Phase.ROLLING_BACK else step
        return _enter(replace(journal, reached=reached), step, event)
    return add_note(journal, event)


def close(journal: Journal, phase: Phase, event: Event) -> Journal:
    """The journal of an upgrade that is over, in one of the phases that end one."""
    if journal.closed is not None and journal.step.phase is phase:
        return journal
    _refuse_closed(journal)
    if phase is Phase.DONE and journal.step.phase is Phase.ROLLING_BACK:
        raise RefusedError(
            f"The upgrade {journal.upgrade} is on its way back, so it cannot be closed as done."
            " Finish the way back with roll_back.yml and close it as rolled_back."
        )
    return replace(_enter(journal, Step(phase=phase), event), closed=event.time)


def add_note(journal: Journal, event: Event) -> Journal:
    """The journal with what the run has to say, unless it says nothing or the same again."""
    last = journal.history[-1] if journal.history else None
    if not event.note or (last and (last.note, last.run_id) == (event.note, event.run_id)):
        return journal
    return _enter(journal, journal.step, event)


def _enter(journal: Journal, step: Step, event: Event) -> Journal:
    return journal.with_entry(event.time, step, event.run_id, event.note)


def _refuse_closed(journal: Journal) -> None:
    if journal.closed is not None:
        raise RefusedError(
            f"The upgrade {journal.upgrade} was closed as {journal.step} at {journal.closed}."
            " Open one first with action=open.",
            journal=journal.summary(),
        )
