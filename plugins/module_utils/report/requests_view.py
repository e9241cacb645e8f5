# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Requests and failures over time, on the scale of the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ansible_collections.meshwright.istio.plugins.module_utils.report import drawing, words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.load import Load, Point
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import Html, el
from ansible_collections.meshwright.istio.plugins.module_utils.report.scale import Scale

_HEIGHT = 84
_STRIP = 30
_WIDTH = 1000
_MOST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Points that are drawn as one: rates are means, failures a sum."""

    first: Point
    last: Point
    sent: float
    failed: float | None

    @classmethod
    def of(cls, points: Sequence[Point]) -> Piece:
        seconds = sum(point.seconds for point in points)
        failures = [point.failed * point.seconds for point in points if point.failed is not None]
        return cls(
            first=points[0],
            last=points[-1],
            sent=sum(point.sent * point.seconds for point in points) / seconds,
            failed=sum(failures) if failures else None,
        )


def pieces(load: Load, scale: Scale, most: int = _MOST) -> list[Piece]:
    """What lies on the scale, in at most so many pieces."""
    inside = [point for point in load.points if point.end > scale.begin and point.time < scale.end]
    size = -(-len(inside) // most) or 1
    return [Piece.of(inside[at : at + size]) for at in range(0, len(inside), size)]


def requests(load: Load, scale: Scale, facts: Facts) -> list[Html]:
    """Two lines of the timeline: how many were sent, and below it how many failed."""
    drawn = pieces(load, scale)
    if not drawn:
        return []
    return [_sent(load, drawn, scale, facts), _failed(load, drawn, scale, facts)]


def _sent(load: Load, drawn: Sequence[Piece], scale: Scale, facts: Facts) -> Html:
    most = max(piece.sent for piece in drawn) or 1.0
    shape = "".join(_path(drawn, scale, most))
    curve = el(
        "svg",
        el("path", d=shape, class_="sent"),
        x=0,
        y=0,
        width="100%",
        height=_HEIGHT,
        view_box=f"0 0 {_WIDTH} {_HEIGHT}",
        preserve_aspect_ratio="none",
    )
    backdrop = drawing.backdrop(scale, facts, _HEIGHT)
    total = "an unknown number" if load.sent is None else f"{load.sent:,}"
    about = "" if load.exact else "about "
    label = f"Requests a second over time, {words.number(most)} at most; {about}{total} in all."
    who = [el("b", "Requests"), el("span", f"a second, by {load.source}", class_="soft")]
    when = el("span", f"{words.number(most)} /s at most", class_="soft")
    return drawing.row(
        who, when, drawing.canvas(_HEIGHT, *backdrop, curve, label=label), kind="chart"
    )


def _path(drawn: Sequence[Piece], scale: Scale, most: float) -> Iterator[str]:
    """Each run of pieces without a gap is an area of its own."""
    for group in _groups(drawn):
        yield f"M{_x(scale.at(group[0].first.time))} {_HEIGHT}"
        for piece in group:
            top = round(_HEIGHT - piece.sent / most * (_HEIGHT - 4), 1)
            yield f"L{_x(scale.at(piece.first.time))} {top:g}"
            yield f"L{_x(scale.at(piece.last.end))} {top:g}"
        yield f"L{_x(scale.at(group[-1].last.end))} {_HEIGHT}Z"


def _x(place: float) -> str:
    return f"{round(place / 100 * _WIDTH, 1):g}"


def _groups(drawn: Sequence[Piece]) -> Iterator[list[Piece]]:
    group = [drawn[0]]
    for before, piece in pairwise(drawn):
        gap = (piece.first.time - before.last.end).total_seconds()
        if gap > before.last.seconds:
            yield group
            group = []
        group.append(piece)
    yield group


def _failed(load: Load, drawn: Sequence[Piece], scale: Scale, facts: Facts) -> Html:
    failures = [piece for piece in drawn if piece.failed]
    most = max((piece.failed or 0.0 for piece in failures), default=0.0)
    bars = [_failure(piece, scale, most) for piece in failures]
    base = el("line", x1="0%", x2="100%", y1=_STRIP, y2=_STRIP, class_="base")
    known = any(piece.failed is not None for piece in drawn)
    if load.failed is None:
        text = "not measured"
    else:
        text = f"{'' if load.exact or not load.failed else 'about '}{load.failed:,} failed"
    label = f"Failed requests over time: {text}." if known else f"Failed requests: {text}."
    kind = "bad" if load.failed else "good" if load.failed == 0 else "soft"
    backdrop = drawing.backdrop(scale, facts, _STRIP)
    return drawing.row(
        el("b", "Failures"),
        el("b", text, class_=kind),
        drawing.canvas(_STRIP, *backdrop, base, *bars, label=label),
        kind="chart",
    )


def _failure(piece: Piece, scale: Scale, most: float) -> Html:
    failed = piece.failed or 0.0
    height = max(3.0, failed / most * (_STRIP - 2))
    text = f"{words.clock(piece.first.time)}: {words.number(round(failed, 2))} failed"
    left = scale.at(piece.first.time)
    width = scale.width(piece.first.time, piece.last.end)
    return drawing.rect(left, width, _STRIP - height, height, drawing.hint(text), kind="failures")
