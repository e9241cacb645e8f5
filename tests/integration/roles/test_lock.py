# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that ends in order, also by a failure, leaves no lock for another machine to wait for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_stage import Stage

GATE_FAILS: dict[str, Any] = {
    "module": "mesh_gate",
    "when": {"duration": 30},
    "answer": {"failed": True, "msg": "The gate failed: shop answered 503."},
}
WAY_BACK_FAILS: dict[str, Any] = {
    "module": "workload_restart",
    "when": {"max_failures": 1000000},
    "answer": {"failed": True, "msg": "cart does not start."},
}
ROLES = pytest.mark.parametrize("role", ["canary", "in_place"])


@ROLES
def test_a_failure_that_leaves_all_as_it_is_gives_the_lock_back(stage: Stage, role: str) -> None:
    stage.rule(GATE_FAILS)
    done = stage.run(role, **{f"{role}_on_failure": "stop"})
    assert done.code == 2, done.output
    assert "Nothing was taken back." in done.message
    assert (stage.holder, stage.journal["closed"]) == (None, None)
    assert stage.journal["history"][-1]["note"] == "The gate failed: shop answered 503."


@ROLES
def test_a_way_back_that_fails_gives_the_lock_back(stage: Stage, role: str) -> None:
    stage.rule(WAY_BACK_FAILS, GATE_FAILS)
    done = stage.run(role)
    assert done.code == 2, done.output
    both = "shop answered 503. The way back failed as well, at 'take_back | Restart what had moved'"
    assert both in done.message
    assert (stage.holder, stage.journal["closed"]) == (None, None)
    assert "The way back failed as well" in stage.journal["history"][-1]["note"]


@ROLES
def test_a_lock_that_somebody_else_has_taken_is_not_called_free(stage: Stage, role: str) -> None:
    ends = {"canary": ("1-30", "1-31"), "in_place": ("1.30.4", "1.31.0")}
    source, target = ends[role]
    rob = {
        "action": "open",
        "path": role,
        "source": source,
        "target": target,
        "run_id": "another run",
        "take_over_from": "this run",
    }
    stage.write("rob.yml", [{"name": "Take the lock", "meshwright.istio.upgrade_journal": rob}])
    stage.rule(GATE_FAILS)
    given = {"on_failure": "stop", "run_id": "this run", "after_phase": ["rob.yml"]}
    done = stage.run(role, **{f"{role}_{name}": value for name, value in given.items()})
    assert done.code == 2, done.output
    assert "The lock was not given back: This run, this run, does not hold" in done.message
    assert "Nothing was taken back." in done.message
    assert stage.holder == "another run"
