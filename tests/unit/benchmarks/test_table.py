# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table for the terminal."""

from __future__ import annotations

from benchmarks.row import Row, compare
from benchmarks.samples import Samples
from benchmarks.table import render


def test_columns_stand_below_each_other() -> None:
    rows = [
        compare("moved", Samples.of([1.5]), "another", Samples.of([6.0]), at_most=0.2),
        Row(what="an empty play", ours=Samples.of([0.4])),
    ]
    assert render("move: so many", rows).splitlines() == [
        "move: so many",
        "  what           ours     rival    theirs  ratio  goal                 met",
        "  moved          1.50 s   another  6 s     0.250  ratio at most 0.200  NO",
        "  an empty play  0.400 s  -        -       -      -                    -",
    ]
