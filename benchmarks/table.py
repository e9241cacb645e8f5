# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rows as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.row import Row

_HEAD = ("what", "ours", "rival", "theirs", "ratio", "goal", "met")
_GAP = "  "


def render(title: str, rows: Iterable[Row]) -> str:
    """The title, the head and a line for each row."""
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    table = [_line(cells, widths) for cells in lines]
    return "\n".join([title, *(f"  {line}" for line in table)])


def _cells(row: Row) -> Sequence[str]:
    return (
        row.what,
        row.ours.text(row.unit),
        row.rival or "-",
        row.theirs.text(row.unit) if row.theirs else "-",
        row.ratio.text() if row.ratio else "-",
        row.goal or "-",
        {True: "yes", False: "NO", None: "-"}[row.met],
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return _GAP.join(padded).rstrip()
