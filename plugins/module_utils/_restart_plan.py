# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which workloads are to be restarted, which are not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _budget,
    _drain_plan,
    _readiness,
    _restart_reason,
    _surge,
)
from ansible_collections.meshwright.istio.plugins.module_utils._asking import Asking
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode, Passage
from ansible_collections.meshwright.istio.plugins.module_utils._fleet import Fleet
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._restart_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import (
    Left,
    Plan,
    Task,
    Todo,
)
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Labels
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Standing
from ansible_collections.meshwright.istio.plugins.module_utils._surge import Footing
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._workload import (
    DRAIN,
    KINDS,
    Workload,
)


class Planner:
    """Judges workloads by their pods."""

    def __init__(
        self,
        request: Request,
        wanted: Wanted,
        asking: Asking,
        namespaces: Mapping[str, Labels],
        standing: Standing,
    ) -> None:
        self._request = request
        self._wanted = wanted
        self._asking = asking
        self._namespaces = namespaces
        self._standing = standing

    def plan(self, fleet: Fleet) -> Plan:
        """The plan for everything selected."""
        chosen = [each for each in fleet.workloads() if self._is_chosen(each.reference)]
        absent = self._request.absent(each.reference for each in chosen)
        spaces = self._request.selection.namespaces
        judged = [self._judge(each, fleet) for each in chosen]
        left = [each for each in judged if isinstance(each, Left)]
        return Plan(
            todo=tuple(each for each in judged if isinstance(each, Todo)),
            left=(*left, *self._orphans(fleet.others())),
            right=sum(each is True for each in judged),
            left_out=(*(each for each in spaces if each not in self._namespaces), *absent),
        )

    def _is_chosen(self, reference: Reference) -> bool:
        selection = self._request.selection
        return self._request.names_it(reference) and selection.has(
            self._namespaces, reference.namespace, reference
        )

    def _judge(self, workload: Workload, fleet: Fleet) -> Todo | Left | bool:
        """What it needs; True when it is right, False when it is not in the mesh."""
        asked = self._asking.revision(workload.reference.namespace, workload.template_labels)
        pods = [
            pod for pod in fleet.pods(workload.reference) if pod.live and _is_in_mesh(pod, asked)
        ]
        members = [pod for pod in pods if pod.mark is None]
        off = [pod for pod in members if self._wanted.lacks(pod)]
        begun = len(pods) > len(members)
        left = _restart_reason.left(workload, off, asked, self._wanted) if off else None
        if left is not None and not begun:
            return left
        task = _task(workload, members, off, begun=begun)
        if task is None:
            return bool(members)
        budgets = fleet.budgets(workload) if self._request.respects_budgets else ()
        passage = self._passage(workload, budgets, begun=begun) if off or begun else None
        if left is not None and passage is not None:
            passage = replace(passage, obstacle=left.reason)
        if passage is not None and passage.obstacle and not begun:
            return _undrainable(workload, passage.obstacle)
        footing = (
            passage.footing if passage else _surge.footing(workload, budgets, self._request.surge)
        )
        if off and not begun and (blocked := _blocked_by(workload, budgets, footing)):
            return blocked
        return Todo(
            workload=workload,
            task=task,
            reason=_restart_reason.of(off, len(members), task, footing),
            footing=footing,
            found=_restart_reason.count(members),
            passage=passage,
        )

    def _passage(
        self, workload: Workload, budgets: Collection[Budget], *, begun: bool
    ) -> Passage | None:
        """How its pods are drained; None where they are not.

        What a run before has begun is seen off, whatever has changed since.
        """
        mode = DrainMode.ROLLOUT if workload.drain == "rollout" else self._request.drain
        if not begun and (
            mode is DrainMode.ROLLOUT or _drain_plan.serves_nobody(workload, self._standing)
        ):
            return None
        found = _drain_plan.find(workload, self._standing, budgets, self._request.surge)
        if found.obstacle and mode is not DrainMode.ENDPOINTS and not begun:
            return None
        return found

    def _orphans(self, pods: Iterable[Pod]) -> list[Left]:
        """Pods that nobody can be asked to replace: bare ones, those of Jobs, and the like."""
        request, found = self._request, Counter[Reference]()
        for pod in pods:
            reference = pod.owner or Reference(namespace=pod.namespace, kind="Pod", name=pod.name)
            if self._is_orphan(pod, reference) and (
                not request.names or reference.name in request.names
            ):
                found[reference] += 1
        return [
            Left(reference=each, reason=_restart_reason.of_orphan(each, found[each]))
            for each in sorted(found)
        ]

    def _is_orphan(self, pod: Pod, reference: Reference) -> bool:
        asked = self._asking.revision(pod.namespace, pod.labels)
        return (
            pod.live
            and _is_in_mesh(pod, asked)
            and self._wanted.lacks(pod)
            # A kind that can be restarted and was left out by the filter is no orphan.
            and (reference.kind not in KINDS or reference.kind in self._request.kinds)
            and self._request.selection.has(self._namespaces, pod.namespace, pod.owner)
        )


def _is_in_mesh(pod: Pod, asked: str | None) -> bool:
    """Whether it has a sidecar, or would get one."""
    return pod.revision is not None or (asked is not None and pod.injectable)


def _task(
    workload: Workload, members: Collection[Pod], off: Collection[Pod], *, begun: bool
) -> Task | None:
    """What is to be done, which may be something although no pod is wrong."""
    goes_on = _readiness.in_progress(workload)
    if begun:
        # A pod that is on its way out looks like a rollout that goes on.
        return Task.RESTART
    if off:
        return Task.AWAIT if goes_on else Task.RESTART
    if members and goes_on and not workload.paused:
        return Task.AWAIT
    return Task.RESTORE if workload.original_strategy is not None else None


def _undrainable(workload: Workload, obstacle: str) -> Left:
    return Left(
        reference=workload.reference,
        reason=f"it cannot be drained: {obstacle}; restart it with drain=rollout, or give it the"
        f" annotation {DRAIN}=rollout, and some requests may be lost",
        blocked=True,
    )


def _blocked_by(workload: Workload, budgets: Iterable[Budget], footing: Footing) -> Left | None:
    # What is broken now does not matter, as it may be well by then.
    answer = _budget.allows(budgets, footing.takes, broken=footing.takes)
    if answer.ready:
        return None
    return Left(reference=workload.reference, reason=answer.reason, blocked=True)
