# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report import (
    figures,
    timeline_view,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.timeline import (
    Kind,
    Lane,
    State,
    lanes,
    scale,
)
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.upgrades import (
    BEGIN,
    NEW,
    OLD,
    Story,
    iso,
)


def drawn(journal: dict[str, Any], **data: Any) -> tuple[Lane, ...]:
    return lanes(Facts.read("", journal, data))


def states(found: tuple[Lane, ...]) -> dict[str, State]:
    return {lane.title: lane.state for lane in found}


def seconds(lane: Lane) -> list[tuple[Kind, float]]:
    return [(each.kind, (each.end - each.begin).total_seconds()) for each in lane.bars]


def test_lanes_stand_in_the_order_of_the_work() -> None:
    found = drawn(upgrades.gone_well())
    assert states(found) == dict.fromkeys(
        [
            *("Install the control plane", "Prove it", "Wave 1", "Wave 2", "Wave 3", "Wave 4"),
            *("Move the gateways", "Move the tags", "Verify the mesh"),
        ],
        State.DONE,
    )
    assert seconds(found[0]) == [(Kind.WORK, 34)]
    assert seconds(found[2]) == [(Kind.MOVE, 35), (Kind.GATE, 30)]
    assert [lane.detail for lane in found[2:5]] == [
        *("first: staging", "10 %: catalog", "50 %: checkout, search +1"),
    ]


def test_a_gate_that_fails_ends_its_wave_and_the_way_back_begins() -> None:
    found = drawn(upgrades.taken_back())
    assert states(found) == {
        "Install the control plane": State.DONE,
        "Prove it": State.DONE,
        "Wave 1": State.DONE,
        "Wave 2": State.FAILED,
        "Wave 3": State.NOT_BEGUN,
        "Wave 4": State.NOT_BEGUN,
        "Way back": State.DONE,
    }
    assert seconds(found[-1]) == [(Kind.BACK, 41)]


def test_a_wave_without_an_end_is_cut_off_where_its_last_word_is() -> None:
    assert seconds(drawn(upgrades.cut_off())[3]) == [(Kind.MOVE, 0)]
    story = Story().install()
    started = story.now
    story.facts["wave_1"] = {"started": iso(started)}
    failure = {"message": "No room.", "wave": 1, "time": iso(story.pass_time(50))}
    (lane,) = [each for each in drawn(story.journal(), failure=failure) if each.title == "Wave 1"]
    assert (lane.state, seconds(lane)) == (State.FAILED, [(Kind.MOVE, 50)])


def test_a_wave_of_which_only_the_history_tells() -> None:
    story = Story().install()
    story.pass_time(70)
    story.say("wave_moved", wave=1)
    (lane,) = [each for each in drawn(story.journal()) if each.title == "Wave 1"]
    assert (lane.state, seconds(lane)) == (State.DONE, [(Kind.MOVE, 70)])


def test_work_that_an_error_has_ended_has_a_lane_of_its_own() -> None:
    story = Story()
    failure = {"message": "No image.", "phase": "revision", "time": iso(story.pass_time(20))}
    last = drawn(story.journal(), failure=failure)[-1]
    assert (last.title, last.state) == ("Install the control plane", State.FAILED)
    assert seconds(last) == [(Kind.WORK, 20)]


def test_an_error_in_no_wave_in_particular_has_none() -> None:
    failure = {"message": "No node.", "phase": "waves"}
    assert all(lane.state is State.NOT_BEGUN for lane in drawn(Story().journal(), failure=failure))


def test_a_way_back_that_goes_on() -> None:
    story = Story().install()
    story.say("rolling_back")
    story.pass_time(9)
    story.say("rolling_back", "Another run goes on.", run="job-42")
    last = drawn(story.journal())[-1]
    assert (last.title, last.state, seconds(last)) == ("Way back", State.CUT, [(Kind.BACK, 9)])


def test_an_empty_journal_has_no_lanes_and_no_scale() -> None:
    nothing = Facts.read("", None, {})
    assert lanes(nothing) == ()
    assert scale(nothing, ()) is None


def test_requests_before_and_after_widen_the_scale_by_a_part_of_it() -> None:
    story = Story().install()
    series = [
        {"time": iso(BEGIN + timedelta(seconds=at)), "sent": 5, "failed": 0}
        for at in (-3000, -2, 20, 40, 41)
    ]
    facts = Facts.read("", story.journal(), {"load": {"series": series}})
    found = scale(facts, lanes(facts))
    assert found is not None
    assert (BEGIN - found.begin).total_seconds() == pytest.approx(0.2 * 38)
    assert (found.end - BEGIN).total_seconds() == 41


def test_requests_do_not_unfold_a_night() -> None:
    journal = upgrades.approved_overnight()
    series = [
        {"time": iso(BEGIN + timedelta(hours=hour)), "sent": 5, "failed": 0} for hour in range(15)
    ]
    facts = Facts.read("", journal, {"load": {"series": series}})
    found = scale(facts, lanes(facts))
    assert found is not None
    assert len(found.folds) == 1


def test_what_is_back_was_counted_last() -> None:
    found = Facts.read("", upgrades.taken_back(), {})
    counted = timeline_view.measures(found, drawn(upgrades.taken_back()))
    assert [set(counts) for _time, counts in counted] == [{OLD}, {OLD, NEW}, {OLD, NEW}, {OLD}]
    assert counted[-1][0] == found.closed
    every = figures.figures(found, drawn(upgrades.taken_back()))
    (proxies,) = [each for each in every if each.title == f"Proxies on {NEW}"]
    assert proxies.value.startswith("0 of ")
