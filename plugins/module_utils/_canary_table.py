# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The plan of a canary as lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils._canary import (
    GatewayMove,
    Plan,
    WaveMove,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report import words

_SHOWN = 8


def table(plan: Plan, *, installed: bool) -> list[str]:
    """One line for each thing that is left to do, in the order in which it is done."""
    sources = ", ".join(f"{each.revision} ({each.version or '?'})" for each in plan.sources)
    lines = [f"{sources or 'nothing'} -> {plan.revision} ({plan.version})"]
    if installed and not plan.needed:
        lines.append("Everything is there already; nothing is left to be moved.")
    else:
        if not installed:
            lines.append(f"revision  install {plan.revision} beside what there is")
        lines += [*wave_lines(plan.waves), *_rest(plan)]
    lines += [f"stays     {kept.name}: {kept.reason}" for kept in plan.kept]
    return lines


def wave_lines(waves: Sequence[WaveMove]) -> Iterator[str]:
    """A line for each wave."""
    for wave in waves:
        state = "is done" if wave.done else _work(wave)
        yield f"wave {wave.number:<4} {wave.name}: {state}"


def gateway_gate(moves: Sequence[GatewayMove], *, due: bool) -> list[str]:
    """A line where all gateways have moved, and an earlier run has not seen their gate hold."""
    return ["gateway   all have moved; their gate has not held yet"] if due and not moves else []


def _work(wave: WaveMove) -> str:
    if not wave.to_label and not wave.workloads:
        return "has moved; its gate has not held yet"
    workloads = words.count(len(wave.workloads), "workload")
    pods = words.count(sum(each.pods for each in wave.workloads), "pod")
    return f"{_some([each.name for each in wave.namespaces])}; {workloads} with {pods} to restart"


def _rest(plan: Plan) -> Iterator[str]:
    for gateway in plan.gateways:
        yield f"gateway   {gateway}: {words.count(gateway.pods, 'pod')} from {gateway.revision}"
    yield from gateway_gate(plan.gateways, due=plan.gateways_due)
    for tag in plan.tags:
        yield f"tag       {tag.name}: from {tag.before} to {tag.after}"
    if plan.followers:
        yield f"restart   {_some([str(each) for each in plan.followers])}, which follow a tag"
    if plan.to_restore:
        yield f"label     {_some(list(plan.to_restore))} get their tag back"


def _some(names: list[str]) -> str:
    """All names, or the first few and how many more."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
