# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role switchover from end to end, without a cluster: how it goes on and back."""

from __future__ import annotations

from collections.abc import Iterator
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
