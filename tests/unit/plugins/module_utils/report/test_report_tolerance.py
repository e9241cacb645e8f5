# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a journal holds, a report is made of it: a report that fails hides the upgrade's end."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase
from ansible_collections.meshwright.istio.plugins.module_utils.report.report import Report
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.pages import Reader

JOURNALS = ("gone_well", "taken_back", "cut_off", "approved_overnight")
JUNK: tuple[Any, ...] = (
    *(None, "", " ", "x", "2026-06-09T13:59:00Z", "0001-01-01T00:00:00Z", "2199-12-31"),
    *(0, -1, 1.5, 10**18, 1e308, float("nan"), float("inf"), True, False),
    *([], [None], ["x"], [{}], {}, {"x": None}, {"time": 3}),
    *(str(phase) for phase in Phase),
)


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in list(keys):
        yield node, key
        yield from places(node[key])


def made(journal: Any, data: Any, folder: Path) -> tuple[str, str]:
    params = {"title": "t", "journal": journal, "data": data, "prometheus": None}
    report = Report.make(params, lambda: pytest.fail("the cluster is not asked"))
    html, told = report.files(str(folder), "name")
    return html.after.decode(), told.after.decode()


def shorten(facts: dict[str, Any]) -> None:
    """What there is much of is not needed in full."""
    facts.get("load", {}).get("series", [])[9:] = []
    for number in range(1, 5):
        wave = facts.get(f"wave_{number}", {})
        wave.get("workloads", [])[1:] = []
        wave.get("gate", {}).get("samples", [])[4:] = []


@pytest.mark.parametrize("name", JOURNALS)
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_journal_makes_a_page(name: str, seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same journal each time
    journal = copy.deepcopy(getattr(upgrades, name)())
    shorten(journal["facts"])
    for _damage in range(chance.choice([1, 3, 30])):
        node, key = chance.choice(list(places(journal)))
        if chance.random() < 0.2:
            del node[key]
        else:
            node[key] = copy.deepcopy(chance.choice(JUNK))
    html, told = made(journal, {}, tmp_path)
    assert "What this report does not know" in Reader(html).text
    assert json.loads(told)["headline"]


@pytest.mark.parametrize("phase", [*Phase, "of_a_newer_release"])
def test_a_phase_without_a_history_makes_a_page(phase: str, tmp_path: Path) -> None:
    time = "2026-06-09T13:59:00Z"
    entries = [{"time": time, "phase": name} for name in ("opened", str(phase))]
    for history in ([], entries[:1], entries):
        html, _told = made({"phase": str(phase), "history": history}, {"rolled_back": 1}, tmp_path)
        assert Reader(html).tags["h1"] == 1
