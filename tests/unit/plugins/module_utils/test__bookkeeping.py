# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._bookkeeping import (
    Event,
    add_note,
    advance,
    begin,
    close,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step

UPGRADE = Upgrade(path=Path.CANARY, source="1-28", target="1-29")
OTHER = Upgrade(path=Path.CANARY, source="1-28", target="stable")
WAVE_1 = Step(phase=Phase.WAVE_MOVED, wave=1)


def event(run_id: str = "one", time: str = "t0", note: str = "", **facts: Any) -> Event:
    return Event(run_id=run_id, time=time, note=note, facts=facts)


def opened(**facts: Any) -> Journal:
    return begin(None, UPGRADE, event(**facts), again=False)


def said(journal: Journal) -> list[tuple[str, str, str]]:
    return [(str(entry.step), entry.run_id, entry.note) for entry in journal.history]


def test_begin() -> None:
    journal = opened(before={"a": 1})
    assert (journal.step.phase, journal.opened, journal.closed) == (Phase.OPENED, "t0", None)
    assert journal.facts == {"before": {"a": 1}}
    assert said(journal) == [("opened", "one", "The upgrade was opened.")]


def test_begin_goes_on_and_keeps_what_was_before() -> None:
    journal = advance(opened(before=1), WAVE_1, event())
    again = begin(journal, UPGRADE, event(before=2), again=False)
    assert again is journal
    other_run = begin(journal, UPGRADE, event(run_id="two", before=2), again=False)
    assert (other_run.step, other_run.facts) == (WAVE_1, {"before": 1})
    assert said(other_run)[-1] == ("wave_moved 1", "two", "Another run goes on.")


OLD = {"revision": "1-28", "injection": None, "source": "1-28"}
NEW = {"revision": "1-29", "injection": None, "source": "1-29"}
EDGE = {"reference": "edge/Deployment/in", "revision": "1-28", "pods": 2}
LATE = {"reference": "late/Deployment/in", "revision": "1-28", "pods": 1}


@pytest.mark.parametrize(
    ("known", "found", "facts"),
    [
        pytest.param(
            {"namespaces": {"a": OLD}},
            {"namespaces": {"a": NEW, "b": OLD}},
            {"namespaces": {"a": OLD, "b": OLD}},
            id="a namespace that is new, beside one that has moved",
        ),
        pytest.param(
            {"namespaces": {"a": OLD}},
            {"namespaces": {"b": NEW}},
            {"namespaces": {"a": OLD}},
            id="a namespace that never was elsewhere",
        ),
        pytest.param(
            {"gateways": [EDGE]},
            {"gateways": [{**EDGE, "revision": "1-29"}, LATE]},
            {"gateways": [EDGE, LATE]},
            id="gateways by their names",
        ),
        pytest.param(
            {"tags": {}},
            {"tags": {"prod": "1-28"}},
            {"tags": {"prod": "1-28"}},
            id="tags that were to stay",
        ),
        pytest.param(
            {"tags": {"prod": "1-28"}},
            {"tags": {"prod": "1-27"}},
            {"tags": {"prod": "1-28"}},
            id="a tag that somebody has moved",
        ),
        pytest.param(
            {}, {"followers": [LATE]}, {"followers": [LATE]}, id="what the record did not have"
        ),
        pytest.param({"followers": [LATE]}, {"followers": []}, {"followers": [LATE]}, id="less"),
        pytest.param(
            {"waves": [1], "proxies_before": {"1.28": 3}},
            {"waves": [2], "proxies_before": {"1.29": 3}},
            {"waves": [1], "proxies_before": {"1.28": 3}},
            id="nothing else",
        ),
        pytest.param(
            {"namespaces": ["a"]},
            {"namespaces": ["a", "b"]},
            {"namespaces": ["a", "b"]},
            id="facts of somebody else",
        ),
    ],
)
@pytest.mark.parametrize("run_id", ["one", "two"], ids=["the same run", "another run"])
def test_begin_adds_what_this_run_is_the_first_to_move(
    known: dict[str, Any], found: dict[str, Any], facts: dict[str, Any], run_id: str
) -> None:
    journal = begin(opened(**known), UPGRADE, event(run_id=run_id, **found), again=False)
    assert journal.facts == facts


def test_begin_refuses_beside_another_upgrade() -> None:
    with pytest.raises(RefusedError) as raised:
        begin(advance(opened(), WAVE_1, event()), OTHER, event(), again=False)
    assert raised.value.message.startswith(
        "Another upgrade is unfinished: canary from 1-28 to 1-29, opened t0, at phase wave_moved 1."
    )


@pytest.mark.parametrize(
    ("end", "upgrade", "again", "anew"),
    [
        pytest.param(Phase.DONE, UPGRADE, False, False, id="done"),
        pytest.param(Phase.DONE, UPGRADE, True, True, id="done, asked for again"),
        pytest.param(Phase.ROLLED_BACK, UPGRADE, False, True, id="rolled back"),
        pytest.param(Phase.ABANDONED, UPGRADE, False, True, id="abandoned"),
        pytest.param(Phase.DONE, OTHER, False, True, id="another one"),
    ],
)
def test_begin_after_a_closed_one(end: Phase, upgrade: Upgrade, again: bool, anew: bool) -> None:
    closed = close(opened(), end, event(time="t1"))
    journal = begin(closed, upgrade, event(time="t2"), again=again)
    assert (journal is closed) is not anew
    if anew:
        assert (journal.opened, journal.facts, len(journal.history)) == ("t2", {}, 1)
        assert journal.earlier == (
            {
                "path": "canary",
                "source": "1-28",
                "target": "1-29",
                "phase": str(end),
                "opened": "t0",
                "closed": "t1",
            },
        )


def test_only_so_many_earlier_upgrades_are_kept() -> None:
    journal = opened()
    for number in range(15):
        journal = close(journal, Phase.ROLLED_BACK, event(time=str(number)))
        journal = begin(journal, UPGRADE, event(), again=False)
    assert [one["closed"] for one in journal.earlier] == [str(number) for number in range(5, 15)]


def test_advance_adds_facts_and_says_when() -> None:
    journal = advance(opened(a=1, b=1), WAVE_1, event(time="t1", note="Moved.", b=2))
    assert (journal.step, journal.reached, journal.facts) == (WAVE_1, WAVE_1, {"a": 1, "b": 2})
    assert (journal.history[-1].time, journal.history[-1].note) == ("t1", "Moved.")


@pytest.mark.parametrize(
    "step", [WAVE_1, Step(phase=Phase.REVISION_PROVEN)], ids=["the same", "an earlier one"]
)
def test_advance_to_what_was_reached_changes_nothing(step: Step) -> None:
    journal = advance(opened(), WAVE_1, event(a=1))
    assert advance(journal, step, event(time="t2", a=1)) == journal
    noted = advance(journal, step, event(time="t2", note="Tried again."))
    assert (noted.step, noted.history[-1].note) == (WAVE_1, "Tried again.")


def test_way_back_remembers_how_far_it_had_come() -> None:
    back = advance(
        advance(opened(), WAVE_1, event()), Step(phase=Phase.ROLLING_BACK), event(note="5xx")
    )
    assert (back.step.phase, back.reached) == (Phase.ROLLING_BACK, WAVE_1)
    with pytest.raises(RefusedError, match=r"cannot be closed as done"):
        close(back, Phase.DONE, event())
    closed = close(back, Phase.ROLLED_BACK, event(time="t9"))
    assert (closed.step.phase, closed.reached, closed.closed) == (Phase.ROLLED_BACK, WAVE_1, "t9")


def test_closed_is_closed() -> None:
    closed = close(opened(), Phase.DONE, event(time="t1"))
    assert close(closed, Phase.DONE, event(time="t2")) is closed
    with pytest.raises(RefusedError, match=r"was closed as done at t1"):
        close(closed, Phase.ABANDONED, event())
    with pytest.raises(RefusedError, match=r"Open one first"):
        advance(closed, WAVE_1, event())


def test_a_note_is_not_said_twice() -> None:
    noted = add_note(opened(), event(note="Waits."))
    assert add_note(noted, event(note="Waits.")) is noted
    assert add_note(noted, event()) is noted
    assert len(add_note(noted, event(run_id="two", note="Waits.")).history) == 3
