# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The timeline and the charts below it, all on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase
from ansible_collections.meshwright.istio.plugins.module_utils.report import drawing, words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import (
    Child,
    Html,
    el,
    percent,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.scale import Scale
from ansible_collections.meshwright.istio.plugins.module_utils.report.timeline import (
    Bar,
    Kind,
    Lane,
    State,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import Sample

_HEIGHT = 22
_PROXIES_HEIGHT = 84
_NAMES = {
    Kind.WORK: "other work",
    Kind.MOVE: "labels and restarts, or a share that is set",
    Kind.GATE: "gate",
    Kind.BACK: "way back",
}

_DOTS = {True: "ok", False: "bad", None: "none"}
_SAID = (
    (True, "sample that held"),
    (False, "sample that did not"),
    (None, "sample that measured nothing"),
)

Measure = tuple[datetime, Mapping[str, int]]


def lanes(drawn: Sequence[Lane], scale: Scale, facts: Facts) -> Html:
    """The whole of it, as a list: each line also says in words what its bar shows."""
    return el(
        "ol",
        drawing.axis(scale, facts),
        [_lane(lane, scale, facts) for lane in drawn],
        class_="lanes",
    )


def legend(drawn: Sequence[Lane], scale: Scale) -> Html:
    """Only what can be seen."""
    kinds = [
        kind for kind in Kind if any(piece.kind is kind for lane in drawn for piece in lane.bars)
    ]
    entries = [_entry(f"bar {kind}", _NAMES[kind]) for kind in kinds]
    seen = {sample.ok for lane in drawn for sample in lane.samples}
    entries += [_entry(f"dot {_DOTS[ok]}", text, dot=True) for ok, text in _SAID if ok in seen]
    entries += [_entry("fold", drawing.rest(fold)) for fold in scale.folds]
    return el("p", entries, class_="legend")


def _entry(kind: str, text: str, *, dot: bool = False) -> Html:
    shape = (
        el("circle", cx=7, cy=7, r=4, class_=kind)
        if dot
        else el("rect", x=0, y=2, width=14, height=10, class_=kind)
    )
    swatch = el("svg", shape, width=14, height=14, aria_hidden="true")
    return el("span", swatch, f" {text}")


def _lane(lane: Lane, scale: Scale, facts: Facts) -> Html:
    who = [el("b", lane.title), el("span", lane.detail, class_="soft") if lane.detail else None]
    parts: list[Html] = [_bar(piece, lane, scale) for piece in lane.bars]
    # What did not hold lies on top of what did.
    samples = sorted(lane.samples, key=lambda sample: sample.ok is not True)
    parts += [_dot(sample, scale) for sample in samples if sample.time]
    track = drawing.canvas(_HEIGHT, *drawing.backdrop(scale, facts, _HEIGHT), *parts)
    return drawing.row(who, _when(lane), track, kind=f"is-{lane.state}")


def _bar(piece: Bar, lane: Lane, scale: Scale) -> Html:
    seconds = (piece.end - piece.begin).total_seconds()
    text = (
        f"{lane.title}, {_NAMES[piece.kind]}: {words.clock(piece.begin)} to"
        f" {words.clock(piece.end)}, {words.duration(seconds)}"
    )
    last = piece is lane.bars[-1] and lane.state in (State.FAILED, State.CUT)
    kind = f"bar {piece.kind}" + (f" {lane.state}" if last else "")
    left, width = scale.at(piece.begin), scale.width(piece.begin, piece.end)
    return drawing.rect(left, width, 5, _HEIGHT - 10, drawing.hint(text), kind=kind)


def _dot(sample: Sample, scale: Scale) -> Html:
    moment = sample.time or scale.end
    said = sample.text or (
        "held" if sample.ok else "not measured" if sample.ok is None else "failed"
    )
    text = f"{words.clock(moment)} {sample.check}: {said}"
    kind = _DOTS[sample.ok]
    place = percent(scale.at(moment))
    return el("circle", drawing.hint(text), cx=place, cy=_HEIGHT // 2, r=3, class_=f"dot {kind}")


def _when(lane: Lane) -> Child:
    if lane.state is State.NOT_BEGUN:
        return el("span", "not begun", class_="soft")
    if lane.span is None:
        return el("span", "at an unknown time", class_="soft")
    begin, end = lane.span
    seconds = words.duration((end - begin).total_seconds())
    cut = f"cut off after {seconds}" if begin < end else "no end on record"
    text = {State.FAILED: f"failed after {seconds}", State.CUT: cut}.get(lane.state, seconds)
    return [el("span", words.clock(begin), " ", class_="soft at"), el("b", text)]


def measures(facts: Facts, drawn: Sequence[Lane]) -> list[Measure]:
    """When proxies were counted, and how many ran which version: before, and after each step."""
    found: list[Measure] = []
    if facts.opened and facts.proxies_before:
        found.append((facts.opened, facts.proxies_before))
    verified = next((each.time for each in facts.history if each.phase == Phase.VERIFIED), None)
    if verified and facts.proxies_after:
        found.append((verified, facts.proxies_after))
    last = facts.history[-1].time if facts.history else None
    if last and facts.proxies_back:
        found.append((last, facts.proxies_back))
    ends = {lane.title: lane.span[1] for lane in drawn if lane.span}
    for wave in facts.waves:
        time = wave.ended or ends.get(wave.label)
        if time and wave.proxies:
            found.append((time, wave.proxies))
    return sorted(found, key=lambda each: each[0])


def versions(measured: Sequence[Measure], facts: Facts) -> list[str]:
    """The version that is wanted first, then the others."""
    wanted = facts.versions.get(facts.target or "")
    names = {name for _time, counts in measured for name in counts}
    return sorted(names, key=lambda name: (name != wanted, name))


def proxies(measured: Sequence[Measure], scale: Scale, facts: Facts) -> Html:
    """A step at each count; between two counts the earlier one stands."""
    ordered = versions(measured, facts)
    most = max(sum(counts.values()) for _time, counts in measured) or 1
    ends = [time for time, _counts in measured[1:]] + [_held_until(measured, scale, facts)]
    wanted = facts.versions.get(facts.target or "")
    parts: list[Html] = []
    for (begin, counts), end in zip(measured, ends, strict=True):
        bottom = float(_PROXIES_HEIGHT)
        for index, name in enumerate(ordered):
            height = counts.get(name, 0) / most * (_PROXIES_HEIGHT - 4)
            bottom -= height
            kind = "version wanted" if name == wanted else f"version old{(index - 1) % 3}"
            text = f"from {words.clock(begin)}: {counts.get(name, 0):,} proxies on {name}"
            # Even the last count, at the very edge, can be seen.
            left, width = min(scale.at(begin), 99.0), max(scale.width(begin, end), 1.0)
            if height:
                parts.append(
                    drawing.rect(left, width, bottom, height, drawing.hint(text), kind=kind)
                )
        parts.append(drawing.upright(scale.at(begin), 0, _PROXIES_HEIGHT, "counted"))
    last = measured[-1][1]
    who = [el("b", "Proxies by version"), _version_legend(ordered, last, wanted)]
    when = el("span", f"{most:,} at most", class_="soft")
    backdrop = drawing.backdrop(scale, facts, _PROXIES_HEIGHT)
    label = f"Proxies by version over time: {say(measured[0])}; {say(measured[-1])}."
    track = drawing.canvas(_PROXIES_HEIGHT, *backdrop, *parts, label=label)
    return drawing.row(who, when, track, kind="chart")


def say(measure: Measure) -> str:
    """One count in words."""
    time, counts = measure
    each = ", ".join(f"{count:,} on {name}" for name, count in counts.items()) or "none"
    return f"at {words.clock(time)} {each}"


def _held_until(measured: Sequence[Measure], scale: Scale, facts: Facts) -> datetime:
    """The last count stands to the end, but not beyond the point where the way back begins."""
    back = [event.time for event in facts.history if event.phase == Phase.ROLLING_BACK]
    last = measured[-1][0]
    return next((time for time in back if time and time > last), scale.end)


def _version_legend(ordered: Sequence[str], last: Mapping[str, int], wanted: str | None) -> Html:
    entries = []
    for index, name in enumerate(ordered):
        kind = "version wanted" if name == wanted else f"version old{(index - 1) % 3}"
        entries.append(_entry(kind, f"{name}: {last.get(name, 0):,}"))
    return el("span", entries, class_="legend stacked")
