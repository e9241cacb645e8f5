# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How pods left: how long the others took to know, and what was still open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from ansible_collections.meshwright.istio.plugins.module_utils.report import drawing, words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import Child, Html, el
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import Drained
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import (
    code,
    columns,
    foldable,
    maybe,
    short,
    table,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import (
    seconds as in_words,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import Drain

_HEIGHT = 16
_SHOWN = 10
_PARTS = (
    ("leaving", "serves on while its successor starts"),
    ("learning", "is out of its Services, proxies learn it"),
    ("ending", "answers what is open"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A drained pod, and whose it was."""

    owner: str
    drain: Drain

    @property
    def cut(self) -> int:
        return self.drain.open_at_end or 0

    @property
    def seconds(self) -> float:
        return self.drain.seconds or 0.0


def departures(facts: Facts) -> list[Departure]:
    """Those that cut something off first, then the longest."""
    found = [
        Departure(owner=item.reference, drain=drain)
        for item in (*facts.workloads, *facts.gateways)
        for drain in item.drained
    ]
    return sorted(found, key=lambda each: (-each.cut, -each.seconds, each.drain.pod))


def section(facts: Facts) -> list[Html]:
    """A sentence, the longest departures drawn, and all of them as a table."""
    found = departures(facts)
    if not found:
        return [el("p", "No pod was drained.", class_="soft")]
    return [el("p", summary(found)), *_drawing(found), _table(found)]


def summary(found: Sequence[Departure]) -> str:
    drained = Drained.of(each.drain for each in found)
    times = [each.drain.seconds for each in found if each.drain.seconds is not None]
    text = f"{words.count(drained.pods, 'pod was', 'pods were')} drained."
    if drained.open_at_out is not None and drained.open_at_end is not None:
        text += (
            f" {words.count(drained.open_at_out, 'request was', 'requests were')} open when they"
            f" had left their Services, {drained.open_at_end:,} when they were stopped."
        )
    if times:
        text += (
            f" From there to the stop half of them took {words.duration(median(times))} or less,"
            f" the longest {words.duration(max(times))}."
        )
    return text


def _drawing(found: Sequence[Departure]) -> Iterator[Html]:
    shown = [each for each in found if list(_segments(each.drain))][:_SHOWN]
    if not shown:
        return
    whole = max(end for each in shown for _kind, _text, _begin, end in _segments(each.drain)) or 1.0
    left = len(found) - len(shown)
    more = f"The {len(shown)} that cut most off or took longest." if left else ""
    swatches = [
        el(
            "span",
            el(
                "svg",
                el("rect", x=0, y=2, width=14, height=10, class_=f"part {kind}"),
                width=14,
                height=14,
                aria_hidden="true",
            ),
            f" {text}",
        )
        for kind, text in _PARTS
    ]
    yield el("p", [el("span", more)] if more else None, swatches, class_="legend")
    lines = [_line(each, whole) for each in shown]
    yield el("ol", _axis(whole), lines, class_="lanes dense")


def _segments(drain: Drain) -> Iterator[tuple[str, str, float, float]]:
    """The parts of a departure in seconds from its beginning, as far as the times are known."""
    start = drain.released or drain.out
    marks: list[tuple[datetime | None, str, str]] = [
        (moment, *part)
        for moment, part in zip((drain.out, drain.acknowledged, drain.ended), _PARTS, strict=True)
    ]
    before = 0.0
    for moment, kind, text in marks:
        if start is None or moment is None:
            continue
        end = max(before, (moment - start).total_seconds())
        if end > before:
            yield kind, text, before, end
        before = end


def _axis(whole: float) -> Html:
    marks = [drawing.label(part * 100, 12, words.duration(whole * part)) for part in (0, 0.5, 1)]
    return drawing.row(
        el("span", "from the moment it was let go", class_="soft"),
        el("span", "out to stop; open", class_="soft"),
        drawing.canvas(16, *marks),
        kind="axis",
    )


def _line(each: Departure, whole: float) -> Html:
    parts = [
        drawing.rect(
            begin / whole * 100,
            (end - begin) / whole * 100,
            3,
            _HEIGHT - 6,
            drawing.hint(f"{text}: {words.duration(end - begin)}"),
            kind=f"part {kind}",
        )
        for kind, text, begin, end in _segments(each.drain)
    ]
    return drawing.row(
        el("span", each.drain.pod, class_="pod"),
        [in_words(each.drain.seconds), "; ", _open(each.drain)],
        drawing.canvas(_HEIGHT, *parts),
    )


def _open(drain: Drain) -> Html:
    first, last = maybe(drain.open_at_out) or "?", maybe(drain.open_at_end) or "?"
    kind = "bad" if drain.open_at_end else None
    return el("b", f"{first} → {last}", class_=kind)


def _table(found: Sequence[Departure]) -> Html:
    heads = columns(
        "Pod",
        "Was on",
        "Taken out",
        "#Proxies that know",
        "#Known after",
        "#Open then",
        "#Open at the end",
        "#Gone after",
    )
    rows: list[Sequence[Child]] = [
        (
            _who(each),
            short(each.drain.revision or ""),
            short(words.clock(each.drain.out) if each.drain.out else ""),
            maybe(each.drain.proxies),
            in_words(_known_after(each.drain)),
            maybe(each.drain.open_at_out),
            el("b", maybe(each.drain.open_at_end), class_="bad" if each.cut else None),
            in_words(each.drain.seconds),
        )
        for each in found
    ]
    return foldable("All drained pods", len(rows), table("Drained pods", heads, rows))


def _who(each: Departure) -> list[Child]:
    parts: list[Child] = [code(each.drain.pod), " ", el("span", each.owner, class_="soft")]
    if each.cut and each.drain.limits:
        parts += [" ", el("span", each.drain.limits, class_="bad")]
    return parts


def _known_after(drain: Drain) -> float | None:
    if drain.out is None or drain.acknowledged is None:
        return None
    return max(0.0, (drain.acknowledged - drain.out).total_seconds())
