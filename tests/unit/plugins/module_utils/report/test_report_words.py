# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._phase import COUNTED, Phase
from ansible_collections.meshwright.istio.plugins.module_utils.report import (
    before_after,
    way_back,
    words,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.gaps import gaps
from ansible_collections.meshwright.istio.tests.unit.support import upgrades
from ansible_collections.meshwright.istio.tests.unit.support.upgrades import Story

OLD, NEW = "1-28 (1.28.3)", "1-29 (1.29.1)"


def facts(journal: Any, **data: Any) -> Facts:
    return Facts.read("", journal, data)


@pytest.mark.parametrize(
    ("journal", "places"),
    [
        pytest.param(upgrades.gone_well(), (NEW, NEW, NEW, NEW), id="done"),
        pytest.param(upgrades.taken_back(), (OLD, OLD, OLD, OLD), id="taken back"),
        pytest.param(upgrades.cut_off(), (NEW, OLD, OLD, OLD), id="in the second wave"),
        pytest.param(Story().install().journal(), (OLD, OLD, OLD, OLD), id="installed"),
        pytest.param(
            Story().journal(phase="rolling_back"),
            ("on its way back, not finished",) * 4,
            id="on its way back",
        ),
        pytest.param(
            Story().journal(phase="abandoned", reached={"phase": "gateways_moved"}),
            (NEW, NEW, NEW, OLD),
            id="given up after the gateways",
        ),
        pytest.param(
            Story().journal(phase="of_a_newer_release", reached={}),
            (OLD, OLD, OLD, OLD),
            id="newer",
        ),
    ],
)
def test_where_things_are_now(journal: Any, places: tuple[str, ...]) -> None:
    moves = [
        (Phase.WAVE_MOVED, 1),
        (Phase.WAVE_MOVED, 2),
        (Phase.GATEWAYS_MOVED, 0),
        (Phase.TAGS_MOVED, 0),
    ]
    assert tuple(before_after.moved(facts(journal), *move) for move in moves) == places


def test_what_was_elsewhere_before_goes_back_to_there() -> None:
    journal = upgrades.taken_back()
    journal["facts"]["tags"]["canary"] = "1-27"
    journal["facts"]["gateways"][0]["revision"] = None
    journal["facts"]["namespaces"]["late"] = {"revision": "1-27", "source": None}
    text = "".join(map(str, before_after.section(facts(journal))))
    assert text.count('data-label="Before">1-27</td><td role="cell" data-label="Now">1-27<') == 1
    assert "not known" in text


@pytest.mark.parametrize(
    ("journal", "commands"),
    [
        pytest.param(upgrades.gone_well(), ["upgrade_canary", "retire_old_revision"], id="done"),
        pytest.param(upgrades.taken_back(), [], id="taken back"),
        pytest.param(upgrades.cut_off(), ["roll_back"], id="killed"),
        pytest.param(Story().journal(phase="rolling_back"), ["roll_back"], id="going back"),
        pytest.param(Story().journal(phase="abandoned"), [], id="given up"),
        pytest.param(None, [], id="nothing"),
    ],
)
def test_commands_that_fit_the_end(journal: Any, commands: list[str]) -> None:
    text = "".join(map(str, way_back.section(facts(journal))))
    assert text.count("ansible-playbook meshwright.istio.") == len(commands)
    assert all(f"meshwright.istio.{command}" in text for command in commands)


def test_a_name_is_nothing_that_a_shell_acts_on() -> None:
    journal = {**upgrades.gone_well(), "source": "1-28; rm -rf ~"}
    text = "".join(map(str, way_back.section(facts(journal))))
    assert "-e 'canary_revision=1-28; rm -rf ~'" in text


def without(journal: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        del journal["facts"][name]
    return journal


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        pytest.param(facts({"phase": "opened"}), "When it began.", id="no beginning"),
        pytest.param(
            facts(upgrades.gone_well(), load={"total": {"sent": 3}, "source": "wrk"}),
            "How many requests failed: wrk has no numbers for it.",
            id="failures",
        ),
        pytest.param(
            facts(without(upgrades.gone_well(), "wave_3")),
            "What happened in wave 3: the journal has only that it moved.",
            id="a silent wave",
        ),
        pytest.param(
            facts(upgrades.gone_well() | {"history_dropped": 7}),
            "The beginning of the log: 7 older entries had no more room in the journal.",
            id="history",
        ),
        pytest.param(
            facts(Story().install().journal(), wave_1={"workloads": [{"action": "restarted"}]}),
            "What was open in the pods of 1 workload when they stopped: they were restarted",
            id="not drained",
        ),
        pytest.param(
            facts(
                Story().journal(),
                wave_1={"workloads": [{"action": "restarted", "drained": [{"pod": "web-0"}]}]},
            ),
            "Whether requests were open at the end in 1 pod: nobody could count them (web-0).",
            id="open requests",
        ),
        pytest.param(
            facts(
                Story().journal(phase="gateways_moved", reached={"phase": "gateways_moved"}),
                wave_1={"started": "2026-06-09T14:00:00Z"},
            ),
            "How many proxies ran which version at which time: nobody counted them.",
            id="proxies",
        ),
    ],
)
def test_a_silence_is_told(found: Facts, sentence: str) -> None:
    assert any(each.startswith(sentence) for each in gaps(found)), gaps(found)


def test_every_phase_has_its_words() -> None:
    assert set(words.REACHED) == set(Phase)
    ends = {Phase.PREFLIGHT, Phase.OPENED, *COUNTED}
    assert set(words.WORK) == set(Phase) - ends


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0 s"), (0.04, "0.0 s"), (3.21, "3.2 s"), (9.96, "10 s"), (59.6, "1 min")),
        *((252, "4 min 12 s"), (3600, "1 h"), (54240, "15 h 4 min"), (97200, "1 d 3 h")),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.000262, "0.000262"), (200.0, "200"), (1234.5, "1,234"), (0.5, "0.5")],
)
def test_numbers(value: float, text: str) -> None:
    assert words.number(value) == text
