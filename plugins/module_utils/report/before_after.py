# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Where everything was, and where the journal says that it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase
from ansible_collections.meshwright.istio.plugins.module_utils.report import words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import (
    Child,
    Html,
    el,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    Outcome,
    outcome,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.records import Labels
from ansible_collections.meshwright.istio.plugins.module_utils.report.tables import columns, table

_HEADS = columns("What", "Before", "Now")
_UNKNOWN = "not known"
_BETWEEN = "on its way back, not finished"


def section(facts: Facts) -> list[Html]:
    """One table. Namespaces that were alike and moved together share a row."""
    if facts.switchover:
        rows = list(_traffic(facts))
    else:
        rows = [*_control_plane(facts), *_tags(facts), *_gateways(facts), *_namespaces(facts)]
    if facts.phase is None or not rows:
        return [el("p", "Nothing was written down of how it was before.", class_="soft")]
    return [
        el(
            "p",
            "\u201cNow\u201d is what the journal says, not a new look at the cluster: ",
            el("code", "ansible-playbook meshwright.istio.verify"),
            " has that.",
            class_="soft",
        ),
        table("Before and after", _HEADS, rows),
    ]


def moved(facts: Facts, phase: Phase, wave: int = 0) -> str:
    """Where something is that moves with that phase or wave."""
    source, target = facts.named(facts.source), facts.named(facts.target)
    match outcome(facts):
        case Outcome.DONE:
            return target
        case Outcome.TAKEN_BACK:
            return source
    if facts.phase == Phase.ROLLING_BACK:
        return _BETWEEN
    return target if facts.reaches(phase, wave) else source


def _traffic(facts: Facts) -> Iterator[Sequence[Child]]:
    """Which cluster has the requests."""
    source, target = facts.named(facts.source), facts.named(facts.target)
    held = [
        wave.share
        for wave in facts.waves
        if wave.share and facts.reaches(facts.counted, wave.number)
    ]
    match outcome(facts):
        case Outcome.DONE:
            now = f"all to {target}"
        case Outcome.TAKEN_BACK:
            now = f"all to {source}"
        case _ if facts.phase == Phase.ROLLING_BACK:
            now = _BETWEEN
        case _:
            now = f"{words.number(held[-1] if held else 0)} % to {target} when a step last held"
    yield "Requests", f"all to {source}", now


def _control_plane(facts: Facts) -> Iterator[Sequence[Child]]:
    source, target = facts.named(facts.source), facts.named(facts.target)
    if facts.source is None:
        return
    if outcome(facts) is Outcome.TAKEN_BACK:
        now = source
    elif facts.phase == Phase.ROLLING_BACK:
        now = _BETWEEN
    elif facts.in_place:
        now = target if facts.reaches(Phase.CONTROL_PLANE_REPLACED) else source
    elif facts.reaches(Phase.REVISION_INSTALLED):
        now = f"{target}, and {source} until it is removed"
    else:
        now = source
    yield "Control plane", source, now


def _tags(facts: Facts) -> Iterator[Sequence[Child]]:
    for tag, before in facts.tags.items():
        now = moved(facts, Phase.TAGS_MOVED)
        # A tag may have pointed elsewhere than where most of the mesh was.
        back = facts.named(before) if now == facts.named(facts.source) else now
        yield ["Tag ", el("code", tag)], facts.named(before), back


def _gateways(facts: Facts) -> Iterator[Sequence[Child]]:
    for gateway in facts.gateways:
        before = facts.named(gateway.revision) if gateway.revision else _UNKNOWN
        now = moved(facts, Phase.GATEWAYS_MOVED)
        back = before if now == facts.named(facts.source) else now
        yield ["Gateway ", el("code", gateway.reference)], before, back


def _namespaces(facts: Facts) -> Iterator[Sequence[Child]]:
    waves = {name: wave.number for wave in facts.waves for name in wave.namespaces}
    groups: dict[tuple[int, str, str], list[str]] = {}
    for labels in facts.namespaces:
        key = (waves.get(labels.namespace, 0), str(labels), _source(facts, labels))
        groups.setdefault(key, []).append(labels.namespace)
    for (wave, text, source), names in sorted(groups.items()):
        now = moved(facts, Phase.WAVE_MOVED, wave) if wave else _UNKNOWN
        back = source if now == facts.named(facts.source) else now
        place = f" of wave {wave}" if wave else ""
        title = words.count(len(names), "namespace")
        which = el("span", words.names(names, 6), class_="soft")
        yield [f"{title}{place} ", which], [el("code", text), f", so on {source}"], back


def _source(facts: Facts, labels: Labels) -> str:
    return facts.named(labels.source) if labels.source else _UNKNOWN
