# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What all charts are drawn with: places in per cent, so that texts keep their size."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import (
    Child,
    Html,
    el,
    percent,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.scale import (
    Scale,
    Stretch,
    Tick,
)

_EDGE = 5.0


def row(who: Child, when: Child, track: Html, kind: str = "") -> Html:
    """A line of the timeline: what it is, when or how much, and the drawing of it."""
    return el(
        "li",
        el("div", who, class_="who"),
        el("div", when, class_="when"),
        track,
        class_=f"lane {kind}".strip(),
    )


def canvas(height: int, *parts: Child, label: str | None = None) -> Html:
    """A drawing as wide as there is room; without a label what it shows stands beside it."""
    hidden = "true" if label is None else None
    role = None if label is None else "img"
    return el(
        "svg",
        *parts,
        class_="track",
        width="100%",
        height=height,
        aria_hidden=hidden,
        role=role,
        aria_label=label,
    )


def rect(left: float, width: float, top: float, height: float, *parts: Child, kind: str) -> Html:
    return el(
        "rect",
        *parts,
        x=percent(left),
        width=percent(width),
        y=top,
        height=height,
        class_=kind,
    )


def hint(text: str) -> Html:
    """What a pointer shows that rests on a part."""
    return el("title", text)


def upright(left: float, top: float, bottom: float, kind: str) -> Html:
    place = percent(left)
    return el("line", x1=place, x2=place, y1=top, y2=bottom, class_=kind)


def label(left: float, baseline: float, text: str, kind: str = "") -> Html:
    """A text at a place, which turns inwards near the edges."""
    anchor = "start" if left < _EDGE else "end" if left > 100 - _EDGE else "middle"
    classes = f"{anchor} {kind}".strip()
    return el("text", text, x=percent(left), y=baseline, class_=classes)


def backdrop(scale: Scale, facts: Facts, height: int) -> list[Html]:
    """What stands behind every chart: folded rests, the round times, the error."""
    folds = [
        rect(fold.left, fold.right - fold.left, 0, height, hint(rest(fold)), kind="fold")
        for fold in scale.folds
    ]
    grid = [upright(tick.at, 0, height, "grid") for tick in scale.ticks()]
    return [*folds, *grid, *_error(scale, facts, height)]


def _error(scale: Scale, facts: Facts, height: int) -> Iterable[Html]:
    moment = facts.failure.time if facts.failure else None
    return [] if moment is None else [upright(scale.at(moment), 0, height, "error")]


def axis(scale: Scale, facts: Facts) -> Html:
    """The line of times."""
    marks = [_tick(index, tick) for index, tick in enumerate(scale.ticks())]
    day = f"{scale.begin:%d %b %Y}"
    return row(
        el("span", day, class_="soft"),
        el("span", "UTC", class_="soft"),
        canvas(18, *backdrop(scale, facts, 18), *marks),
        kind="axis",
    )


def rest(fold: Stretch) -> str:
    return f"{words.duration(fold.seconds)} of rest, drawn shorter"


def _tick(index: int, tick: Tick) -> Html:
    # On a narrow page there is room for every second one.
    return label(tick.at, 13, tick.text, "fine" if index % 2 else "")
