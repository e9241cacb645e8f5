# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A switchover that is killed at any task, and run again, arrives; no cluster is needed for that.

MESHWRIGHT_TEST_KILLS says how many times; MESHWRIGHT_TEST_SEED repeats the same moments.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from ansible_collections.meshwright.istio.tests.unit.support import switchover_stage
from ansible_collections.meshwright.istio.tests.unit.support.played_collection import Done
from ansible_collections.meshwright.istio.tests.unit.support.switchover_stage import Stage

KILLS = int(os.environ.get("MESHWRIGHT_TEST_KILLS", "4"))
SEED = int(os.environ.get("MESHWRIGHT_TEST_SEED", "7"))
# What a run that ends by itself begins at least.
FEWEST_TASKS = 120


def test_it_arrives_however_often_it_is_killed(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    with switchover_stage.stage(tmp_path) as stage:
        for _kill in range(KILLS):
            at = chance.randrange(10, 2 * FEWEST_TASKS)
            done = run(stage, kill_at=at)
            if done.code == 0:
                # It had less left to do than that.
                break
            assert done.code < 0, f"killed at task {at}:\n{done.output}"
        done = run(stage)
        assert done.code == 0, done.output
        assert stage.director["share"] == 100
        phases = [stage.journal(api)["phase"] for api in (stage.source, stage.target)]
        assert phases == ["done", "done"]
        again = run(stage)
        assert "changed=0" in again.output, again.output


def run(stage: Stage, *, kill_at: int = 0) -> Done:
    """A run that gives the target no weight before it has tried it, and takes none back."""
    weights, trials = len(stage.director["history"]), len(stage.asked("mesh_gate"))
    done = stage.run(kill_at=kill_at)
    history = stage.director["history"]
    assert history == sorted(set(history)), "a share was taken back, or set twice"
    if len(history) > weights:
        gates = stage.asked("mesh_gate")[trials:]
        assert any(each["duration"] == 2 for each in gates), "nothing was tried"
    return done
