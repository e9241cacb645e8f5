# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rows: what is compared with what, and whether a goal was met."""

from __future__ import annotations

import json

from benchmarks.row import Row, compare, limit, never_above
from benchmarks.samples import Samples


def test_a_ratio_meets_its_goal_by_its_median() -> None:
    ours, theirs = Samples.of([1.0, 1.0, 9.0]), Samples.of([4.0, 4.0, 4.0])
    row = compare("moved", ours, "another", theirs, at_most=1 / 3)
    assert row.met is True
    assert row.goal == "ratio at most 0.333"
    assert compare("moved", ours, "another", theirs, at_most=0.2).met is False


def test_a_comparison_without_a_goal_is_only_told() -> None:
    row = compare("moved", Samples.of([1.0]), "another", Samples.of([2.0]))
    assert (row.goal, row.met) == ("", None)


def test_a_limit_is_kept_by_the_median() -> None:
    samples = Samples.of([0.2, 0.25, 0.9])
    assert limit("over", samples, at_most=0.3, unit="s").met is True
    assert limit("over", samples, at_most=0.2, unit="s").met is False


def test_one_bad_round_is_too_many_where_it_must_never_be() -> None:
    assert never_above("at once", Samples.of([10, 11]), at_most=10, unit="rollouts").met is False
    assert never_above("at once", Samples.of([10, 9]), at_most=10, unit="rollouts").met is True


def test_a_row_can_be_kept_as_json() -> None:
    row = Row(what="an empty play", ours=Samples.of([1.0, 3.0]))
    assert json.loads(json.dumps(row.document())) == {
        "what": "an empty play",
        "unit": "s",
        "ours": {"median": 2.0, "min": 1.0, "max": 3.0, "values": [1.0, 3.0]},
        "rival": None,
        "theirs": None,
        "ratio": None,
        "goal": None,
        "met": None,
    }
