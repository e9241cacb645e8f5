# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Workloads, findings and the log, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import (
    Child,
    Html,
    el,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import Drained
from ansible_collections.meshwright.istio.plugins.module_utils.report.records import Found
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import (
    code,
    columns,
    foldable,
    maybe,
    seconds,
    table,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.wave import Workload

_WORKLOADS = columns(
    "Workload", "Action", "#Took", "#Pods drained", "#Open then", "#Open at the end"
)
_FINDINGS = columns("Finding", "What it means", "What to do")
_LOG = columns("Time", "What", "Note", "Run")
_BADGES = {"block": "bad", "warn": "warn"}


def workloads(facts: Facts) -> list[Html]:
    """What failed first, then wave by wave, then the gateways."""
    groups = [(wave.title, wave.workloads) for wave in facts.waves]
    # The others are only known to be there.
    groups.append(("Gateways", tuple(each for each in facts.gateways if each.begun)))
    failed = tuple(each for _title, items in groups for each in items if each.failed)
    parts = [_workloads("Failed", failed)] if failed else []
    parts += [_workloads(title, items) for title, items in groups if items]
    return parts or [el("p", "No workload is on record.", class_="soft")]


def _workloads(title: str, items: Sequence[Workload]) -> Html:
    rows = [_workload(each) for each in items]
    return foldable(title, len(rows), table(title, _WORKLOADS, rows, "moved"))


def _workload(item: Workload) -> Sequence[Child]:
    drained = Drained.of(item.drained)
    cut = el("b", maybe(drained.open_at_end), class_="bad" if drained.open_at_end else None)
    return (
        [code(item.reference), " ", el("span", item.reason or "", class_="soft")],
        el(
            "b" if item.failed else "span", item.action or "", class_="bad" if item.failed else None
        ),
        seconds(item.seconds),
        maybe(drained.pods) if item.drained else "",
        maybe(drained.open_at_out),
        cut,
    )


def findings(facts: Facts) -> list[Html]:
    """What the preflight had to say before anything was written."""
    if facts.findings is None:
        return [el("p", "The findings of the preflight are not on record.", class_="soft")]
    if not facts.findings:
        return [el("p", "Nothing stood against the upgrade.")]
    return [table("Findings of the preflight", _FINDINGS, map(_finding, facts.findings))]


def _finding(found: Found) -> Sequence[Child]:
    badge = el("b", found.severity, class_=f"badge {_BADGES.get(found.severity, 'soft')}")
    overruled = el("span", " overruled", class_="warn") if found.overridden else None
    objects = el("div", words.names(found.objects, 8), class_="soft") if found.objects else None
    source = el("div", f"Source: {found.source}", class_="soft") if found.source else None
    return (
        [badge, " ", code(found.code), overruled],
        [el("div", found.title), el("div", found.consequence, class_="soft"), objects],
        [found.remedy or "", source],
    )


def log(facts: Facts) -> list[Html]:
    """The journal's own words."""
    if not facts.history:
        return [el("p", "The journal has no history.", class_="soft")]
    steps = [None, *(event.step for event in facts.history)]
    rows = [
        (
            words.stamp(event.time) if event.time else "",
            el("span" if event.step == before else "b", words.reached(event.phase, event.wave)),
            event.note or "",
            event.run_id or "",
        )
        for event, before in zip(facts.history, steps, strict=False)
    ]
    return [foldable("Entries of the journal", len(rows), table("Log", _LOG, rows, "log"))]
