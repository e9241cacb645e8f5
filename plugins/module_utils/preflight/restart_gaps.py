# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Workloads that cannot be restarted without a gap, judged as the restart itself judges them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _budget, _drain_plan, _surge
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Standing
from ansible_collections.meshwright.istio.plugins.module_utils._surge import SurgeMode
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    if evidence.standing is None:
        return
    standing_in = evidence.standing.divide()
    budgets: defaultdict[str, list[Budget]] = defaultdict(list)
    for budget in evidence.budgets:
        budgets[budget.namespace].append(budget)
    found: defaultdict[Callable[[tuple[str, ...]], Finding], list[str]] = defaultdict(list)
    for workload, _pods in moving.workloads(evidence, upgrade):
        namespace = workload.reference.namespace
        for make, reason in _troubles(
            workload, budgets[namespace], standing_in(namespace), upgrade
        ):
            found[make].append(f"{workload.reference}: {reason}")
    for make, objects in found.items():
        yield make(tuple(sorted(objects)))


def _troubles(
    workload: Workload, known: Collection[Budget], standing: Standing, upgrade: Upgrade
) -> Iterator[tuple[Callable[[tuple[str, ...]], Finding], str]]:
    """What stands against its restart, and which finding that is."""
    budgets = [
        budget
        for budget in known
        if budget.covers(workload.reference.namespace, workload.template_labels)
    ]
    serves = not _drain_plan.serves_nobody(workload, standing)
    if serves and DrainMode.ROLLOUT not in (upgrade.drain, workload.drain):
        passage = _drain_plan.find(workload, standing, budgets, SurgeMode.SAFE)
        if passage.obstacle is None:
            return
        if upgrade.drain is DrainMode.ENDPOINTS:
            yield _undrainable, passage.obstacle
            return
    footing = _surge.footing(workload, budgets, SurgeMode.SAFE)
    # What is broken now does not matter, as it may be well by then.
    answer = _budget.allows(budgets, footing.takes, broken=footing.takes)
    if footing.gap and serves:
        yield _single_replica, footing.gap
    if not answer.ready:
        yield _disruption_budget, answer.reason


def _undrainable(objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="undrainable",
        severity=Severity.BLOCK,
        title="Workloads cannot be restarted so that no request is lost",
        objects=objects,
        consequence="The restart refuses them, and the upgrade stops at their wave.",
        remedy="Give them a second replica, a strategy and a disruption budget that let one pod go,"
        " or a Service whose traffic policy is Cluster; or the annotation"
        " meshwright.istio/drain=rollout, and lose some requests.",
        override="undrainable",
        source="this collection: how no request is lost",
    )


def _single_replica(objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="single_replica",
        severity=Severity.WARN,
        title="Workloads have no ready pod while they restart",
        objects=objects,
        consequence="Every request to them fails until the new pod is ready.",
        remedy="Give them a second replica for the time of the upgrade.",
        source="istio/istio#53909",
    )


def _disruption_budget(objects: tuple[str, ...]) -> Finding:
    return Finding(
        code="disruption_budget",
        severity=Severity.BLOCK,
        title="Disruption budgets allow no pod to be replaced",
        objects=objects,
        consequence="The restart refuses these workloads, and the upgrade stops at their wave.",
        remedy="Change the budget for the time of the upgrade, or add a replica.",
        override="disruption_budget",
        source="istio/istio#53909",
    )
