# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    Outcome,
    headline,
    outcome,
    rests,
)
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.upgrades import Story, iso

WAY = "1-28 (1.28.3) → 1-29 (1.29.1)"


def facts(journal: Any, **data: Any) -> Facts:
    return Facts.read("", journal, data)


def failure(message: str = "It broke. Mend it.", **more: Any) -> dict[str, Any]:
    return {"message": message, **more}


@pytest.mark.parametrize(
    ("found", "ended", "sentence"),
    [
        pytest.param(
            facts(upgrades.gone_well()),
            Outcome.DONE,
            f"Upgraded {WAY} in 6 min 27 s; 70,481 requests, 0 failed.",
            id="gone well",
        ),
        pytest.param(
            facts(upgrades.gone_well(), load={"total": {"sent": 9}}),
            Outcome.DONE,
            f"Upgraded {WAY} in 6 min 27 s; 9 requests.",
            id="failures not counted",
        ),
        pytest.param(
            facts(upgrades.approved_overnight()),
            Outcome.DONE,
            f"Upgraded {WAY} in 6 min 27 s, 15 h 4 min of rest not counted.",
            id="with a night between",
        ),
        pytest.param(
            facts(upgrades.taken_back()),
            Outcome.TAKEN_BACK,
            "Taken back: gate \u201cerrors\u201d failed in wave 2; 36,545 requests, 68 failed.",
            id="a gate",
        ),
        pytest.param(
            facts(Story().journal(phase="rolled_back")),
            Outcome.TAKEN_BACK,
            "Taken back to 1-28 (1.28.3).",
            id="taken back by a person",
        ),
        pytest.param(
            facts(Story().journal(), rolled_back=True, failure=failure(phase="proof")),
            Outcome.TAKEN_BACK,
            "Taken back: It broke (while the control plane was proven).",
            id="taken back and not closed yet",
        ),
        pytest.param(
            facts(Story().journal(), failure=failure("No room", phase="revision")),
            Outcome.FAILED,
            "Stopped: No room (while the control plane was installed).",
            id="failed",
        ),
        pytest.param(
            facts(Story().journal(), failure=failure(phase="later_phase")),
            Outcome.FAILED,
            "Stopped: It broke (in later phase).",
            id="failed in a phase of a newer release",
        ),
        pytest.param(
            facts(Story().journal(phase="rolling_back"), failure=failure()),
            Outcome.FAILED,
            "Stopped on its way back: It broke.",
            id="failed on the way back",
        ),
        pytest.param(
            facts(upgrades.cut_off()),
            Outcome.UNFINISHED,
            f"Not finished: {WAY}, wave 1 moved.",
            id="killed",
        ),
        pytest.param(
            facts(Story().journal(phase="abandoned")),
            Outcome.GIVEN_UP,
            f"Given up: {WAY}, journal opened at the furthest.",
            id="given up",
        ),
        pytest.param(
            facts({}, **upgrades.not_begun()),
            Outcome.NOT_BEGUN,
            "Not begun: 1 finding forbids it (control_plane_room).",
            id="forbidden by the preflight",
        ),
        pytest.param(
            facts({"path": "canary"}, findings=[], target="1-29"),
            Outcome.NOT_BEGUN,
            "Not begun: only the preflight has run, and nothing forbids it.",
            id="only looked at",
        ),
        pytest.param(
            facts(None),
            Outcome.NOT_BEGUN,
            "Not begun: no journal of an upgrade is in the cluster.",
            id="nothing at all",
        ),
    ],
)
def test_outcome_and_headline(found: Facts, ended: Outcome, sentence: str) -> None:
    assert (outcome(found), headline(found)) == (ended, sentence)


def test_a_gate_that_could_not_measure_is_called_so() -> None:
    journal = upgrades.taken_back()
    journal["facts"]["wave_2"]["gate"]["verdict"] = "unmeasured"
    assert "gate \u201cerrors\u201d could not be measured in wave 2" in headline(facts(journal))


def test_an_error_that_a_later_run_has_got_over_does_not_count() -> None:
    story = Story().install()
    story.facts["failure"] = failure(phase="waves", wave=1, time=iso(story.now))
    assert outcome(facts(story.journal())) is Outcome.FAILED
    story.pass_time(60)
    story.say("revision_proven", "Another run goes on.", run="job-42")
    assert outcome(facts(story.journal())) is Outcome.FAILED
    assert outcome(facts(story.wave(1).journal())) is Outcome.UNFINISHED


def test_only_the_time_between_two_runs_is_rest() -> None:
    assert rests(facts(upgrades.gone_well())) == []
    ((begin, end),) = rests(facts(upgrades.approved_overnight()))
    assert (end - begin).total_seconds() == 15 * 3600 + 240


def test_a_long_error_is_cut_for_the_headline() -> None:
    found = facts(Story().journal(), failure=failure("x" * 500))
    assert len(headline(found)) < 180
    assert headline(found).endswith("….")
