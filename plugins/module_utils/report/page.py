# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The page: everything in its order, and nothing that it would have to fetch."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils.report import (
    before_after,
    drains_view,
    figures,
    gaps,
    gates_view,
    lists_view,
    requests_view,
    shares_view,
    style,
    timeline_view,
    way_back,
    words,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report import timeline as lines
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import (
    Child,
    Html,
    el,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import (
    style as style_element,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    Outcome,
    failure_is_last,
    headline,
    outcome,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.scale import Scale
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import (
    columns,
    table,
)

_LONGEST_NAME = 24
_VERDICTS = {
    Outcome.DONE: ("done", "good"),
    Outcome.TAKEN_BACK: ("taken back", "warn"),
    Outcome.FAILED: ("failed", "bad"),
    Outcome.UNFINISHED: ("not finished", "warn"),
    Outcome.GIVEN_UP: ("given up", "warn"),
    Outcome.NOT_BEGUN: ("not begun", "warn"),
}


def page(facts: Facts, data_file: str) -> str:
    """The whole file; `data_file` is the name of the same as JSON, which lies beside it."""
    sheet = style.sheet()
    sections = list(_sections(facts))
    body = el(
        "body",
        _header(facts),
        el("nav", el("ul", [_link(*each[:2]) for each in sections]), aria_label="Sections"),
        el("main", [_section(*each) for each in sections]),
        _footer(facts, data_file),
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # The browser holds us to it: nothing is fetched, and no script runs.
        el("meta", http_equiv="Content-Security-Policy", content=_policy(sheet)),
        el("meta", name="color-scheme", content="light dark"),
        el("title", " ".join(part for part in (f"{facts.title}:", headline(facts)) if part)),
        style_element(sheet),
    )
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def _policy(sheet: str) -> str:
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _header(facts: Facts) -> Html:
    word, kind = _VERDICTS[outcome(facts)]
    how = "in place" if facts.in_place else f"by {facts.path}"
    path = f"Istio upgrade {how}" if facts.path else "Istio upgrade"
    return el(
        "header",
        el(
            "p",
            el("span", word, class_=f"verdict {kind}"),
            el("span", path),
            el("span", facts.title) if facts.title else None,
            el("span", words.stamp(facts.opened)) if facts.opened else None,
            class_="over",
        ),
        el("h1", _unbroken(headline(facts))),
        figures.listed(figures.figures(facts, lines.lanes(facts))) if facts.phase else None,
        _alarm(facts),
    )


def _unbroken(text: str) -> Iterator[Child]:
    """A name such as 1-31 is not torn at its hyphen."""
    for word in text.split(" "):
        short = "-" in word and len(word) < _LONGEST_NAME
        yield el("span", word, class_="short") if short else word
        yield " "


def _alarm(facts: Facts) -> Html | None:
    """The error in its own words, and where to read on."""
    failure = facts.failure
    if failure is None:
        return None
    place = words.where(failure.phase, failure.wave)
    when = f"at {words.stamp(failure.time)}" if failure.time else ""
    ended = failure_is_last(facts) and outcome(facts) is not Outcome.DONE
    first = "What went wrong" if ended else "An earlier run failed; a later one went on"
    return el(
        "div",
        el("p", el("b", " ".join(part for part in (first, place, when) if part))),
        el("p", failure.message),
        el("p", f"The task: {failure.task}", class_="soft") if failure.task else None,
        el("p", el("a", "What can be done now", href="#way-back")) if ended else None,
        class_="alarm",
        role="note",
    )


def _sections(facts: Facts) -> Iterator[tuple[str, str, Child]]:
    """Of an upgrade that never began there is little to tell."""
    begun = facts.phase is not None
    if begun:
        yield "timeline", "What happened when", _timeline(facts)
        yield "gates", "Gates", gates_view.section(facts)
        if facts.switchover:
            yield "shares", "Shares", shares_view.section(facts)
        else:
            yield "drained", "Open requests of drained pods", drains_view.section(facts)
            yield "workloads", "What moved", lists_view.workloads(facts)
    yield "findings", "Findings", lists_view.findings(facts)
    if begun:
        yield "before-after", "Before and after", before_after.section(facts)
    yield "way-back", "How to go back", way_back.section(facts)
    if begun:
        yield "log", "Log", lists_view.log(facts)
    yield "unknown", "What this report does not know", _unknown(facts)


def _timeline(facts: Facts) -> list[Html]:
    drawn = lines.lanes(facts)
    scale = lines.scale(facts, drawn)
    if scale is None:
        return [el("p", "Nothing with a time is on record.", class_="soft")]
    measured = timeline_view.measures(facts, drawn)
    below: list[Html] = []
    if measured:
        below.append(timeline_view.proxies(measured, scale, facts))
    if facts.load is not None:
        below += requests_view.requests(facts.load, scale, facts)
    charts = el("ol", below, class_="lanes charts") if below else None
    return [
        timeline_view.legend(drawn, scale),
        timeline_view.lanes(drawn, scale, facts),
        *([charts] if charts else []),
        *_numbers(facts, measured, scale),
    ]


def _numbers(
    facts: Facts, measured: Sequence[timeline_view.Measure], scale: Scale
) -> Iterator[Html]:
    """The charts once more, for who cannot see them."""
    if measured:
        names = timeline_view.versions(measured, facts)
        heads = columns("Counted", *(f"#{name}" for name in names))
        rows = [
            (words.stamp(time), *(f"{counts.get(name, 0):,}" for name in names))
            for time, counts in measured
        ]
        yield _folded("Proxies by version as a table", table("Proxies by version", heads, rows))
    pieces = requests_view.pieces(facts.load, scale, 20) if facts.load else []
    if pieces:
        heads = columns("From", "#Requests a second", "#Failed")
        cells = [
            (
                words.stamp(piece.first.time),
                words.number(piece.sent),
                "" if piece.failed is None else words.number(round(piece.failed, 2)),
            )
            for piece in pieces
        ]
        yield _folded("Requests and failures as a table", table("Requests", heads, cells))


def _folded(title: str, content: Html) -> Html:
    return el("details", el("summary", title), content, class_="numbers")


def _unknown(facts: Facts) -> Html:
    sentences = gaps.gaps(facts)
    if not sentences:
        return el("p", "Nothing that it should have known is missing.")
    return el("ul", [el("li", sentence) for sentence in sentences])


def _link(name: str, title: str) -> Html:
    return el("li", el("a", title, href=f"#{name}"))


def _section(name: str, title: str, content: Child) -> Html:
    heading = f"{name}-title"
    return el("section", el("h2", title, id=heading), content, id=name, aria_labelledby=heading)


def _footer(facts: Facts, data_file: str) -> Html:
    last = max(facts.moments(), default=None)
    until = f"What is known until {words.stamp(last)}. " if last else ""
    return el(
        "footer",
        el("p", until, "The same for machines: ", el("a", data_file, href=data_file), "."),
    )
