# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The first figures that people look at; a dash is what nobody has measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import Html, el
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    Drained,
    drains,
    rests,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.timeline import Lane, State

_DASH = "\u2013"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number, what it counts, and what else there is to say."""

    title: str
    value: str
    note: str
    kind: str = "soft"


def figures(facts: Facts, drawn: tuple[Lane, ...]) -> tuple[Figure, ...]:
    """Those that fit the upgrade: what it never had is left out."""
    return tuple(
        figure
        for figure in (
            _time(facts),
            _requests(facts),
            *_waves(facts, drawn),
            *_workloads(facts),
            *_drained(facts),
            *_proxies(facts),
        )
        if figure is not None
    )


def listed(found: tuple[Figure, ...]) -> Html:
    return el(
        "dl",
        [
            el(
                "div",
                el("dt", figure.title),
                el("dd", figure.value, class_="figure"),
                el("dd", figure.note, class_=figure.kind),
            )
            for figure in found
        ],
        class_="figures",
    )


def _time(facts: Facts) -> Figure | None:
    begin, end = facts.opened, facts.closed or max(facts.moments(), default=None)
    if begin is None or end is None:
        return None
    same_day = begin.date() == end.date()
    last = words.clock(end) if same_day else words.stamp(end).removesuffix(" UTC")
    rest = sum((until - since).total_seconds() for since, until in rests(facts))
    at_work = f", {words.duration((end - begin).total_seconds() - rest)} at work" if rest else ""
    return Figure(
        title="Time" if facts.closed else "Time so far",
        value=words.duration((end - begin).total_seconds()),
        note=f"{words.clock(begin)} to {last} UTC{at_work}",
    )


def _requests(facts: Facts) -> Figure:
    load = facts.load
    if load is None or load.sent is None:
        return Figure(title="Requests", value=_DASH, note="not measured")
    about = "" if load.exact else "about "
    if load.failed is None:
        return Figure(title="Requests", value=f"{about}{load.sent:,}", note="failures not measured")
    kind = "bad" if load.failed else "good"
    note = f"{about if load.failed else ''}{load.failed:,} failed"
    return Figure(title="Requests", value=f"{about}{load.sent:,}", note=note, kind=kind)


def _waves(facts: Facts, drawn: tuple[Lane, ...]) -> Iterator[Figure]:
    if not facts.waves:
        return
    titles = {wave.label for wave in facts.waves}
    done = sum(lane.state is State.DONE for lane in drawn if lane.title in titles)
    if facts.switchover:
        shares = [wave.share for wave in facts.waves if wave.share is not None]
        last = f"{words.number(shares[-1])} % at the furthest" if shares else "no share was held"
        yield Figure(title="Steps held", value=f"{done} of {len(facts.waves)}", note=last)
        return
    spaces = len({name for wave in facts.waves for name in wave.namespaces})
    yield Figure(
        title="Waves moved",
        value=f"{done} of {len(facts.waves)}",
        note=f"of {words.count(spaces, 'namespace')} in all",
    )


def _workloads(facts: Facts) -> Iterator[Figure]:
    items = (*facts.workloads, *facts.gateways)
    done = [each for each in items if each.begun]
    if not done:
        return
    failed = sum(each.failed for each in done)
    yield Figure(
        title="Workloads restarted",
        value=f"{len(done) - failed:,}",
        note=f"{failed:,} failed" if failed else "none failed",
        kind="bad" if failed else "soft",
    )


def _drained(facts: Facts) -> Iterator[Figure]:
    drained = Drained.of(drains(facts))
    if not drained.pods:
        return
    longest = "" if drained.longest is None else f"{words.duration(drained.longest)} at the longest"
    yield Figure(title="Pods drained", value=f"{drained.pods:,}", note=longest)
    if drained.open_at_end is not None:
        yield Figure(
            title="Requests cut off",
            value=f"{drained.open_at_end:,}",
            note=f"of {drained.open_at_out or 0:,} open when pods left, held streams too",
            kind="bad" if drained.open_at_end else "good",
        )


def _proxies(facts: Facts) -> Iterator[Figure]:
    wanted = facts.versions.get(facts.target or "")
    counted = [wave.proxies for wave in facts.waves if wave.proxies]
    last = facts.proxies_back or facts.proxies_after or next(reversed(counted), None)
    if last is None or wanted is None:
        return
    total = sum(last.values())
    yield Figure(
        title=f"Proxies on {wanted}",
        value=f"{last.get(wanted, 0):,} of {total:,}",
        note="when last counted",
    )
