# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.gaps import gaps
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import headline
from ansible_collections.meshwright.istio.plugins.module_utils.report.page import page
from ansible_collections.meshwright.istio.plugins.module_utils.report.timeline import lanes
from ansible_collections.meshwright.istio.tests.unit.support.pages import Reader

Object = dict[str, Any]
BEFORE = ("opened", "target_ready", "compared", "tried", "director_prepared")
AFTER = ("drained", "director_restored", "verified", "done")
STEPS = ("weight_shifted 1", "weight_shifted 2")
ALL = (*BEFORE, *STEPS, *AFTER)


def journal(steps: Sequence[str], **facts: Any) -> Object:
    """A switchover that came so far, a minute a phase."""
    history = []
    for minute, step in enumerate(steps):
        phase, _space, wave = step.partition(" ")
        history.append(
            {
                "time": f"2026-04-02T09:{minute:02}:00Z",
                "phase": phase,
                "wave": int(wave) if wave else None,
                "run_id": "job-9",
                "note": "",
            }
        )
    last = history[-1]
    reached = next(
        each for each in reversed(history) if each["phase"] not in ("done", "rolled_back")
    )
    return {
        "path": "switchover",
        "source": "rome",
        "target": "milan",
        "phase": last["phase"],
        "wave": last["wave"],
        "reached": {"phase": reached["phase"], "wave": reached["wave"]},
        "opened": history[0]["time"],
        "closed": last["time"] if last["phase"] in ("done", "rolled_back") else None,
        "facts": {
            "sources": [
                {"revision": "rome", "version": "1.28.3"},
                {"revision": "milan", "version": "1.29.1"},
            ],
            "waves": [{"name": "20 %", "namespaces": []}, {"name": "100 %", "namespaces": []}],
            "findings": [],
            **facts,
        },
        "history": history,
        "history_dropped": 0,
        "earlier": [],
    }


def held(number: int, share: int, real: float | None) -> Object:
    minute = len(BEFORE) + number - 1
    return {
        "name": f"{share} %",
        "namespaces": [],
        "started": f"2026-04-02T09:{minute - 1:02}:05Z",
        "ended": f"2026-04-02T09:{minute:02}:00Z",
        "share": share,
        "real_share": real,
        "requests": 5000 if real is not None else 0,
        "gate": {"verdict": "passed", "checks": [], "samples": []},
    }


BOTH = {"wave_1": held(1, 20, 19.6), "wave_2": held(2, 100, 100)}


def facts(steps: Sequence[str] = ALL, **more: Any) -> Facts:
    return Facts.read("rome-milan", journal(steps, **more), {})


def text(read: Facts) -> str:
    return Reader(page(read, "report.json")).text


def test_the_share_that_came_stands_beside_the_one_that_was_set() -> None:
    told = text(facts(**BOTH))
    assert "Step 120 %19.6 %5,00055 s" in told
    assert "Step 2100 %100 %5,00055 s" in told
    assert "Open requests of drained pods" not in told


def test_the_timeline_has_a_lane_for_each_phase_and_step_in_its_order() -> None:
    assert [lane.title for lane in lanes(facts(**BOTH))] == [
        "Make the target ready",
        "Compare the clusters",
        "Try the target",
        "Prepare the director",
        "Step 1",
        "Step 2",
        "Drain the source",
        "Restore the director",
        "Verify the mesh",
    ]


@pytest.mark.parametrize(
    ("steps", "more", "now"),
    [
        pytest.param(BEFORE, {}, "all to rome (1.28.3)0 % to milan (1.29.1)", id="not yet"),
        pytest.param((*BEFORE, STEPS[0]), BOTH, "20 % to milan (1.29.1) when", id="a step"),
        pytest.param(ALL, BOTH, "all to rome (1.28.3)all to milan (1.29.1)", id="done"),
        pytest.param(
            (*BEFORE, STEPS[0], "rolling_back", "rolled_back"),
            BOTH,
            "all to rome (1.28.3)all to rome (1.28.3)",
            id="back",
        ),
    ],
)
def test_where_the_requests_are_now(steps: Sequence[str], more: Object, now: str) -> None:
    assert now in text(facts(steps, **more))


def test_the_way_back_exchanges_the_two_once_it_is_done() -> None:
    assert "upgrade_switchover -e switchover_source=milan -e switchover_target=rome" in text(
        facts(**BOTH)
    )
    assert "roll_back -e switchover_source=rome -e switchover_target=milan" in text(
        facts((*BEFORE, STEPS[0]), **BOTH)
    )


def test_a_step_that_failed_is_named() -> None:
    failure = {
        "message": "The gate failed. Mend it.",
        "phase": "weight_shifted",
        "wave": 2,
        "time": "2026-04-02T09:06:30Z",
        "went_back": "everything",
    }
    read = facts((*BEFORE, STEPS[0], "rolling_back", "rolled_back"), **BOTH, failure=failure)
    assert headline(read) == "Taken back: The gate failed (in step 2)."


def test_a_share_that_nobody_counted_is_a_gap() -> None:
    assert not any("really came" in each for each in gaps(facts(**BOTH)))
    unknown = gaps(facts(wave_1=held(1, 20, None), wave_2=held(2, 100, 100)))
    assert "Which share of the requests really came in step 1: no gateway counted one." in unknown
