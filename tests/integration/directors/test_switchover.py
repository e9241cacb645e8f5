# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role switchover from end to end, without a cluster: how it goes on and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import switchover_stage
from ansible_collections.meshwright.istio.tests.unit.support.switchover_stage import Stage

AT_40 = {"share": 40, "duration": 7}
GATE_FAILS: dict[str, Any] = {
    "module": "mesh_gate",
    "when": AT_40,
    "answer": {"failed": True, "msg": "The gate failed after 4 of 7 s: shop answered 503."},
}


LATE: dict[str, Any] = {
    "module": "gateway_traffic",
    "when": {"wait": True},
    "answer": {"failed": True, "quiet": False, "msg": "16 sessions are open at oslo still."},
}
LEASE = ("coordination.k8s.io/v1", "Lease", "istio-system", "meshwright-upgrade")
ILL = {
    "findings": [
        {
            "code": "istiod_down",
            "severity": "block",
            "title": "istiod answers nothing",
            "objects": ["istiod"],
            "consequence": "None.",
            "remedy": "Mend it.",
        }
    ],
    "table": ["istiod answers nothing"],
}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with switchover_stage.stage(tmp_path) as made:
        yield made


def test_the_traffic_moves_and_a_second_run_changes_nothing(stage: Stage) -> None:
    tried = stage.run("--check")
    assert tried.code == 0, tried.output
    assert "Step 1: 40 %" in tried.output
    assert (stage.director["history"], stage.source.writes, stage.target.writes) == ([], [], [])
    done = stage.run()
    assert done.code == 0, done.output
    assert stage.director["history"] == [40, 100]
    for api in (stage.source, stage.target):
        journal = stage.journal(api)
        assert (journal["path"], journal["phase"], journal["closed"] is None) == (
            "switchover",
            "done",
            False,
        )
        assert journal["facts"]["wave_1"]["real_share"] == 50
    order = [each["phase"] for each in stage.journal(stage.source)["history"]]
    assert list(dict.fromkeys(order)) == [
        "opened",
        "target_ready",
        "compared",
        "tried",
        "director_prepared",
        "weight_shifted",
        "drained",
        "director_restored",
        "verified",
        "done",
    ]
    gates = [each for each in stage.asked("mesh_gate") if each.get("duration") == 7]
    assert [each["share"] for each in gates] == [40, 100]
    assert all(each["kubeconfig"].endswith("bergen.kubeconfig") for each in gates)
    assert all(each["beside"]["kubeconfig"].endswith("oslo.kubeconfig") for each in gates)
    before = len(stage.source.writes), len(stage.target.writes)
    again = stage.run()
    assert again.code == 0, again.output
    assert "Nothing is left to do: bergen has all requests." in again.output
    assert "changed=0" in again.output
    assert (len(stage.source.writes), len(stage.target.writes)) == before


def test_a_gate_that_fails_gives_everything_back_at_once(stage: Stage) -> None:
    stage.rule(GATE_FAILS)
    failed = stage.run()
    assert failed.code != 0
    assert stage.director["history"] == [40, 0]
    assert "The phase weight_shifted, step 1, failed at 'soak | Hold the gate on both sides'" in (
        failed.message
    )
    assert "shop answered 503" in failed.message
    assert "All requests go to oslo again. What stands in bergen stays there." in failed.message
    assert [stage.journal(api)["phase"] for api in (stage.source, stage.target)] == [
        "rolled_back",
        "rolled_back",
    ]
    stage.rule()
    assert stage.run().code == 0
    assert stage.director["share"] == 100


def test_another_writer_is_named_and_no_weight_is_written(stage: Stage) -> None:
    stage.rule({"module": "mesh_gate", "when": AT_40, "answer": {"share_becomes": 70}})
    failed = stage.run()
    assert failed.code != 0
    assert stage.director["history"] == [40]
    assert stage.director["share"] == 70
    assert "the file gives bergen 70 %, but this switchover has set 40 %: written by terraform" in (
        failed.message
    )
    assert "No weight was written" in failed.message
    stage.rule()
    again = stage.run()
    assert again.code != 0
    assert "this switchover has set 40 % last: terraform has written it" in again.message
    assert stage.director["share"] == 70
    back = stage.run(playbook="roll_back")
    assert back.code == 0, back.output
    assert stage.director["share"] == 0
    assert stage.journal(stage.source)["phase"] == "rolled_back"


def test_a_late_drain_takes_nothing_back_and_the_next_run_goes_on(stage: Stage) -> None:
    stage.rule(LATE)
    failed = stage.run(switchover_drain_timeout=40)
    assert failed.code != 0
    waits = [each["wait_timeout"] for each in stage.asked("gateway_traffic") if each.get("wait")]
    assert waits == [30, 10]
    assert stage.director["history"] == [40, 100]
    assert "16 sessions are open at oslo still" in failed.message
    assert "bergen keeps all new requests, and nothing was taken back." in failed.message
    assert stage.journal(stage.source)["closed"] is None
    for api in (stage.source, stage.target):
        assert api.objects[LEASE]["spec"].get("holderIdentity") is None
    forced = stage.run(switchover_shut_sessions=True, switchover_drain_timeout=20)
    assert forced.code != 0
    assert "shut" in stage.director["calls"]
    stage.rule()
    done = stage.run()
    assert done.code == 0, done.output
    assert stage.director["history"] == [40, 100]
    assert stage.journal(stage.source)["phase"] == "done"


def test_the_drain_begins_when_old_answers_are_forgotten(stage: Stage) -> None:
    stage.set_director(lifetime=30)
    done = stage.run()
    assert done.code == 0, done.output
    journal = stage.journal(stage.source)
    times = {each["phase"]: each["time"] for each in journal["history"]}
    shifted = datetime.fromisoformat(journal["facts"]["shifted"])
    assert datetime.fromisoformat(times["drained"]) - shifted >= timedelta(seconds=30)


def test_what_the_director_keeps_for_nobody_is_not_waited_for(stage: Stage) -> None:
    stage.set_director(idle=2)
    left = {"failed": True, "quiet": False, "msg": "It lasts."}
    stage.rule(
        {"module": "gateway_traffic", "when": {"max_sessions": 0}, "answer": LATE["answer"]},
        # Somebody is there at first, and then what was somebody's is kept for nobody as well.
        {"module": "gateway_traffic", "when": {"waited": 0}, "answer": left},
        {"module": "gateway_traffic", "when": {"waited": 30}, "answer": {"sessions": 3}},
        {"module": "gateway_traffic", "when": {"waited": 60}, "answer": {"sessions": 2}},
    )
    done = stage.run()
    assert done.code == 0, done.output
    waits = [each for each in stage.asked("gateway_traffic") if each.get("wait")]
    assert [(each["waited"], each["wait_timeout"]) for each in waits] == [
        (0, 30),
        (30, 30),
        (60, 30),
    ]
    assert stage.journal(stage.source)["facts"]["drained"]["sessions"] == 2


def test_it_stops_for_an_approval_and_a_target_that_breaks_meanwhile_gets_nothing_more(
    stage: Stage,
) -> None:
    stopped = stage.run(switchover_stop_after="weight_shifted")
    assert stopped.code == 0, stopped.output
    assert stage.director["share"] == 40
    assert stage.source.objects[LEASE]["spec"].get("holderIdentity") is None
    stage.rule({"module": "mesh_verify", "when": {}, "answer": ILL})
    failed = stage.run()
    assert failed.code != 0
    assert "istiod answers nothing" in failed.message
    assert stage.director["history"] == [40, 0]
    assert "All requests go to oslo again." in failed.message


def test_whoever_locks_the_target_keeps_the_source_free(stage: Stage) -> None:
    """The second lock is refused, and the first is given back."""
    canary = {"path": "canary", "source": "1-28", "target": "1-29"}
    stage.open_journal(stage.target, **canary)
    refused = stage.run()
    assert refused.code != 0
    assert "Another upgrade is unfinished in bergen: canary from 1-28 to 1-29" in refused.message
    assert "Nothing was moved." in refused.message
    assert stage.director["history"] == []
    assert LEASE not in stage.source.objects


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            {"lacks": "healthy"},
            "has not set healthy in switchover_answer for the operation 'read'",
            id="an answer that lacks something",
        ),
        pytest.param(
            {"target_well": False},
            "the file takes bergen for ill, so it gets no more than 0 %",
            id="a director that takes the target for ill",
        ),
        pytest.param(
            {"share": 3},
            "the file gives bergen 3 %, but no switchover is under way",
            id="a share before it begins",
        ),
    ],
)
def test_nothing_moves(stage: Stage, given: dict[str, Any], message: str) -> None:
    stage.set_director(**given)
    refused = stage.run()
    assert refused.code != 0
    assert message in refused.message
    assert stage.director["history"] == []


def test_what_the_command_line_makes_texts_of_is_what_it_says(stage: Stage) -> None:
    stage.rule(LATE)
    texts = ("switchover_copy_config=false", "switchover_shut_sessions=false")
    options = [part for text in texts for part in ("-e", text)]
    done = stage.run(*options, switchover_steps=["40", "100"], switchover_drain_timeout=11)
    assert stage.asked("istio_config_copy") == []
    assert stage.director["history"] == [40, 100]
    # That nobody may shut them was understood.
    assert "16 sessions are open at oslo still." in done.message
    assert done.code == 2
