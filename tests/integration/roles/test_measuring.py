# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot be measured is refused before a write, and what cannot be reported is no failure."""

from __future__ import annotations

import json

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_stage import Stage

ROLES = pytest.mark.parametrize("role", ["canary", "in_place"])


@ROLES
def test_a_factor_that_comes_too_late_is_refused(stage: Stage, role: str) -> None:
    measured = {"action": "measure"}
    answer = {"baseline": {"errors": 0.01, "late": 2.0}}
    stage.rule({"module": "mesh_gate", "when": measured, "answer": {"baseline": {"errors": 0.01}}})
    errors = {"name": "errors", "query": "errors", "factor": 2}
    stop = {"canary": "proof", "in_place": "control_plane_safe"}[role]
    given = {f"{role}_gate_prometheus": {"url": "http://127.0.0.1:1"}}
    begun = stage.run(
        role, **given, **{f"{role}_gate_queries": [errors], f"{role}_stop_after": stop}
    )
    assert begun.code == 0, begun.output
    # That there is a value now is no help.
    stage.rule({"module": "mesh_gate", "when": measured, "answer": answer})
    queries = [errors, {"name": "late", "query": "late", "factor": 2}]
    writes = len(stage.api.writes)
    done = stage.run(role, **given, **{f"{role}_gate_queries": queries})
    assert done.code == 2, done.output
    assert f"{role}_gate_queries: late has a factor, but this upgrade was begun" in done.message
    assert (len(stage.api.writes), stage.asked("workload_restart")) == (writes, [])
    queries[1] = {"name": "late", "query": "late", "max": 2}
    done = stage.run(role, **given, **{f"{role}_gate_queries": queries})
    assert (done.code, stage.journal["phase"]) == (0, "done"), done.output


@ROLES
def test_a_report_that_cannot_be_written_leaves_the_result(stage: Stage, role: str) -> None:
    stage.write("file", "")
    prometheus = json.dumps({"url": "http://127.0.0.1:1", "requests_query": "up"})
    given = {"report_directory": "file/below", "report_prometheus": prometheus}
    done = stage.run(role, **{f"{role}_{name}": value for name, value in given.items()})
    assert done.code == 0, done.output
    assert "No report was written:" in done.message
    assert stage.journal["phase"] == "done"
    kept = {"canary": "close_journal", "in_place": "keep_result"}[role]
    assert f"{kept} | Hand the result to the next job" in done.message


def test_the_report_takes_its_prometheus_as_a_text(stage: Stage) -> None:
    prometheus = json.dumps({"url": "http://127.0.0.1:1", "requests_query": "up"})
    given = {"report_directory": "reports", "report_prometheus": prometheus}
    done = stage.run("canary", **{f"canary_{name}": value for name, value in given.items()})
    assert done.code == 0, done.output
    assert "No report was written" not in done.message
    assert list((stage.folder / "reports").glob("*.html"))
