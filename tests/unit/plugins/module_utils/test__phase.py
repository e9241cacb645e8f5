# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from itertools import pairwise

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _phase, _phase_meaning
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_its_row_in_sentences(phase: Phase) -> None:
    row = _phase_meaning.TABLE[phase]
    for sentence in (row.true_after, row.recognised_by, row.undo):
        assert sentence[0].isupper()
        assert sentence.endswith(".")


@pytest.mark.parametrize("path", list(Path))
def test_every_phase_of_a_path_leads_to_the_next(path: Path) -> None:
    order = _phase.ORDER[path]
    assert order[0] is Phase.OPENED
    assert not set(order) & set(_phase.CLOSING)
    for before, after in pairwise(order):
        assert _phase.is_ahead(path, step(before), step(after))
        assert not _phase.is_ahead(path, step(after), step(before))


def step(phase: Phase, wave: int = 1) -> Step:
    return Step(phase=phase, wave=wave if phase in _phase.COUNTED else 0)


WAVE_2 = step(Phase.WAVE_MOVED, 2)


@pytest.mark.parametrize(
    ("current", "wanted", "expected"),
    [
        pytest.param(WAVE_2, WAVE_2, False, id="the same again"),
        pytest.param(WAVE_2, step(Phase.WAVE_MOVED, 3), True, id="next wave"),
        pytest.param(WAVE_2, step(Phase.WAVE_MOVED, 1), False, id="earlier wave"),
        pytest.param(WAVE_2, step(Phase.REVISION_PROVEN), False, id="before the waves"),
        pytest.param(
            step(Phase.REVISION_PROVEN), step(Phase.TAGS_MOVED), True, id="phases left out"
        ),
        pytest.param(WAVE_2, step(Phase.ROLLING_BACK), True, id="turn back"),
        pytest.param(step(Phase.ROLLING_BACK), step(Phase.ROLLING_BACK), False, id="back already"),
    ],
)
def test_is_ahead(current: Step, wanted: Step, expected: bool) -> None:
    assert _phase.is_ahead(Path.CANARY, current, wanted) is expected


def test_in_place_the_gateways_come_before_the_waves() -> None:
    assert _phase.is_ahead(Path.IN_PLACE, step(Phase.GATEWAYS_MOVED), WAVE_2)
    assert not _phase.is_ahead(Path.CANARY, step(Phase.GATEWAYS_MOVED), WAVE_2)


def test_nothing_is_reached_on_the_way_back() -> None:
    with pytest.raises(RefusedError, match=r"on its way back, so it cannot reach wave_moved 2"):
        _phase.is_ahead(Path.CANARY, step(Phase.ROLLING_BACK), WAVE_2)


def test_an_end_is_not_reached_by_advancing() -> None:
    with pytest.raises(BadInputError, match=r"phase: got 'done', which is none of the path canary"):
        _phase.is_ahead(Path.CANARY, WAVE_2, step(Phase.DONE))


def test_each_share_of_a_switchover_is_ahead_of_the_one_before() -> None:
    first, second = step(Phase.WEIGHT_SHIFTED, 1), step(Phase.WEIGHT_SHIFTED, 2)
    assert _phase.is_ahead(Path.SWITCHOVER, first, second)
    assert not _phase.is_ahead(Path.SWITCHOVER, second, first)


@pytest.mark.parametrize(
    ("phase", "wave"),
    [
        (Phase.WAVE_MOVED, 0),
        (Phase.WAVE_MOVED, -1),
        (Phase.WEIGHT_SHIFTED, 0),
        (Phase.VERIFIED, 1),
    ],
)
def test_step_refuses_a_wave_where_there_is_none(phase: Phase, wave: int) -> None:
    with pytest.raises(BadInputError, match=r"^wave: got .*; right is a number from 1"):
        Step(phase=phase, wave=wave)


def test_step_as_text() -> None:
    assert (str(WAVE_2), str(step(Phase.VERIFIED))) == ("wave_moved 2", "verified")
