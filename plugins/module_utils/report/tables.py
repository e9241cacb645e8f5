# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Tables that a narrow page folds into cards, and a screen reader still reads as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import Child, Html, el

# Longer ones are folded away behind their title.
_LONG = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column; numbers stand to the right."""

    title: str
    number: bool = False


def columns(*titles: str) -> tuple[Column, ...]:
    """A title that begins with # is a column of numbers."""
    return tuple(
        Column(title=title.removeprefix("#"), number=title.startswith("#")) for title in titles
    )


def table(
    caption: str, heads: Sequence[Column], rows: Iterable[Sequence[Child]], kind: str = ""
) -> Html:
    """The roles stay when the style sheet makes cards of the rows."""
    return el(
        "table",
        el("caption", caption),
        el("thead", el("tr", [_head(column) for column in heads], role="row"), role="rowgroup"),
        el("tbody", [_row(heads, row) for row in rows], role="rowgroup"),
        role="table",
        class_=kind or None,
    )


def foldable(title: str, count: int, content: Child, *, note: str = "") -> Html:
    """Open where it is short."""
    more = el("span", f" {note}", class_="soft") if note else None
    summary = el("summary", f"{title} ({count:,})", more)
    return el("details", summary, content, open=count <= _LONG)


def code(text: str) -> Html:
    return el("code", text)


def commands(*lines: str) -> Html:
    """What a person types."""
    return el("pre", el("code", "\n".join(lines)))


def short(text: str) -> Html | None:
    """A text that stays on its line."""
    return el("span", text, class_="short") if text else None


def seconds(value: float | None) -> str:
    return "" if value is None else words.duration(value)


def maybe(value: int | None) -> str:
    """A count; empty where there is none."""
    return "" if value is None else f"{value:,}"


def _head(column: Column) -> Html:
    return el(
        "th", column.title, scope="col", role="columnheader", class_="n" if column.number else None
    )


def _row(heads: Sequence[Column], cells: Sequence[Child]) -> Html:
    return el(
        "tr",
        [
            el(
                "td",
                cell,
                role="cell",
                data_label=column.title,
                class_="n" if column.number else None,
            )
            for column, cell in zip(heads, cells, strict=True)
        ],
        role="row",
    )
