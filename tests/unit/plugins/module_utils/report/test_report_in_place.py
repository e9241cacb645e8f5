# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.page import page
from ansible_collections.meshwright.istio.plugins.module_utils.report.timeline import lanes
from ansible_collections.meshwright.istio.tests.unit.support.pages import Reader

Object = dict[str, Any]
STEPS = ("opened", "control_plane_safe", "control_plane_replaced", "control_plane_proven")
REST = ("gateways_moved", "wave_moved", "control_plane_restored", "verified", "done")


def journal(steps: Sequence[str]) -> Object:
    """An upgrade in place that came so far, a minute a phase."""
    history = [
        {
            "time": f"2026-06-09T14:{minute:02}:00Z",
            "phase": phase,
            "wave": 1 if phase == "wave_moved" else None,
            "run_id": "job-7",
            "note": "",
        }
        for minute, phase in enumerate(steps)
    ]
    last = history[-1]
    reached = next(each for each in reversed(history) if each["phase"] != "done")
    return {
        "path": "in_place",
        "source": "1.28.3",
        "target": "1.29.1",
        "phase": last["phase"],
        "wave": last["wave"],
        "reached": {"phase": reached["phase"], "wave": reached["wave"]},
        "opened": history[0]["time"],
        "closed": last["time"] if last["phase"] == "done" else None,
        "facts": {
            "version": "1.29.1",
            "sources": [{"revision": "default", "version": "1.28.3"}],
            "waves": [{"name": "all", "namespaces": ["web"]}],
            "namespaces": {"web": {"revision": None, "injection": "enabled", "source": "default"}},
            "gateways": [{"reference": "edge/Deployment/in", "revision": "default"}],
        },
        "history": history,
        "history_dropped": 0,
        "earlier": [],
    }


def made(steps: Sequence[str]) -> str:
    return Reader(page(Facts.read("oslo", journal(steps), {}), "report.json")).text


@pytest.mark.parametrize(
    ("steps", "now"),
    [
        pytest.param(STEPS[:2], "Control plane1.28.31.28.3", id="safe"),
        pytest.param(STEPS[:3], "Control plane1.28.31.29.1", id="replaced"),
        pytest.param(
            STEPS, "Gateway edge/Deployment/indefault (1.28.3)default (1.28.3)", id="gateways wait"
        ),
        pytest.param(
            (*STEPS, *REST[:1]),
            "Gateway edge/Deployment/indefault (1.28.3)1.29.1",
            id="gateways there",
        ),
        pytest.param(
            (*STEPS, *REST[:1]), "so on default (1.28.3)default (1.28.3)", id="wave waits"
        ),
        pytest.param((*STEPS, *REST[:2]), "so on default (1.28.3)1.29.1", id="wave there"),
    ],
)
def test_what_runs_now_follows_the_phases_of_the_path(steps: Sequence[str], now: str) -> None:
    assert now in made(steps)


def test_the_timeline_has_a_lane_for_each_phase_in_its_order() -> None:
    titles = [lane.title for lane in lanes(Facts.read("", journal((*STEPS, *REST)), {}))]
    assert titles == [
        "Make the control plane safe",
        "Replace the control plane",
        "Prove it",
        "Move the gateways",
        "Wave 1",
        "Make it as large as before",
        "Verify the mesh",
    ]


def test_nothing_leads_back_once_it_is_done() -> None:
    text = made((*STEPS, *REST))
    assert "There is no way back from here that keeps the requests" in text
    assert "upgrade_canary" not in text
    assert "upgrade_canary" not in made(STEPS)
