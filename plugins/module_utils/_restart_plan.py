# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which workloads are to be restarted, which are not, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _budget,
    _drain_plan,
    _readiness,
    _surge,
)
from ansible_collections.meshwright.istio.plugins.module_utils._asking import Asking
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._departure import Departure
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import (
    DrainMode,
    Passage,
    Way,
)
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
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted, describe
from ansible_collections.meshwright.istio.plugins.module_utils._workload import (
    DRAIN,
    EXCLUDE,
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
        self._request.refuse_absent(each.reference for each in chosen)
        judged = [self._judge(each, fleet) for each in chosen]
        left = [each for each in judged if isinstance(each, Left)]
        return Plan(
            todo=tuple(each for each in judged if isinstance(each, Todo)),
            left=(*left, *self._orphans(fleet.others())),
            right=sum(each is True for each in judged),
        )

    def _is_chosen(self, reference: Reference) -> bool:
        selection = self._request.selection
        return self._request.names_it(reference) and selection.has(
            self._namespaces, reference.namespace, reference
        )

    def _judge(self, workload: Workload, fleet: Fleet) -> Todo | Left | bool:
        """What it needs; True when it is right, False when it is not in the mesh."""
        reference = workload.reference
        asked = self._asking.revision(reference.namespace, workload.template_labels)
        live = [pod for pod in fleet.pods(reference) if pod.live and _is_in_mesh(pod, asked)]
        pods = [pod for pod in live if pod.mark is None]
        off = [pod for pod in pods if self._wanted.lacks(pod)]
        budgets = fleet.budgets(workload) if self._request.respects_budgets else ()
        task = _task_when_right(workload, pods)
        if len(live) > len(pods):
            task = Task.RESTART
        if off and (left := self._left(workload, off, asked)):
            return left
        if off:
            task = Task.AWAIT if _readiness.in_progress(workload) else Task.RESTART
        if task is None:
            return bool(pods)
        passage = self._passage(workload, budgets, begun=len(live) > len(pods))
        if isinstance(passage, Left):
            return passage
        footing = (
            passage.footing if passage else _surge.footing(workload, budgets, self._request.surge)
        )
        if off and (left := _blocked_by(workload, budgets, footing)):
            return left
        return Todo(
            workload=workload,
            task=task,
            reason=_reason(off, len(pods), task, footing),
            footing=footing,
            found=_count(pods),
            passage=passage,
        )

    def _passage(
        self, workload: Workload, budgets: Collection[Budget], *, begun: bool
    ) -> Passage | Left | None:
        """How its pods are drained; None where they are not, Left where they cannot be."""
        mode = DrainMode.ROLLOUT if workload.drain == "rollout" else self._request.drain
        if not begun and (
            mode is DrainMode.ROLLOUT or _drain_plan.serves_nobody(workload, self._standing)
        ):
            return None
        found = _drain_plan.find(workload, self._standing, budgets, self._request.surge)
        if isinstance(found, Passage):
            return found
        if begun:
            # A run before has begun it, so its pods are seen off whatever has changed since.
            return Passage(way=Way.OTHERS, departure=Departure())
        if mode is DrainMode.WHERE_SAFE:
            return None
        return Left(
            reference=workload.reference,
            reason=f"it cannot be drained: {found}; restart it with drain=rollout, or give it the"
            f" annotation {DRAIN}=rollout, and some requests may be lost",
            blocked=True,
        )

    def _left(self, workload: Workload, off: Collection[Pod], asked: str | None) -> Left | None:
        wrong_label = asked is None or self._wanted.revision not in (None, asked)
        answers = (
            (workload.excluded, f"its annotation {EXCLUDE} is true", False),
            (any(pod.managed for pod in off), "istiod deploys it, and replaces its pods", False),
            (workload.paused, "it is paused; resume it", True),
            (
                wrong_label,
                f"its labels and its namespace's ask for {asked or 'no sidecar'}, not for"
                f" {self._wanted}; change them, as with namespace_revision_label",
                True,
            ),
            (
                not workload.starts_on_change,
                "it has no trigger ConfigChange, so a change of its template starts nothing;"
                " start it with oc rollout latest",
                True,
            ),
        )
        return next(
            (
                Left(reference=workload.reference, reason=reason, blocked=blocked)
                for holds, reason, blocked in answers
                if holds
            ),
            None,
        )

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
            Left(reference=each, reason=_why_orphan(each, found[each])) for each in sorted(found)
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


def _task_when_right(workload: Workload, pods: Collection[Pod]) -> Task | None:
    """What is left to do although no pod is wrong."""
    if pods and _readiness.in_progress(workload) and not workload.paused:
        return Task.AWAIT
    return Task.RESTORE if workload.original_strategy is not None else None


def _blocked_by(workload: Workload, budgets: Iterable[Budget], footing: Footing) -> Left | None:
    answer = _budget.allows(budgets, footing.takes, some_are_broken=True)
    if answer.ready:
        return None
    return Left(reference=workload.reference, reason=answer.reason, blocked=True)


def _reason(off: Collection[Pod], total: int, task: Task, footing: Footing) -> str:
    if task is Task.RESTORE:
        return "a run before has left it with another strategy"
    if not off:
        return "a restart goes on already"
    found = ", ".join(f"{number} on {name}" for name, number in _count(off).items())
    going = "; a restart goes on already" if task is Task.AWAIT else ""
    gap = f"; no pod may be ready for a moment: {footing.gap}" if footing.gap else ""
    return f"{len(off)} of {total} pods are not right: {found}{going}{gap}"


def _count(pods: Iterable[Pod]) -> dict[str, int]:
    return dict(sorted(Counter(describe(pod.revision, pod.version) for pod in pods).items()))


def _why_orphan(reference: Reference, number: int) -> str:
    if reference.kind == "Pod":
        return "a bare pod has nobody who would make its successor"
    if reference.kind == "Job":
        return f"{number} pods run to the end of their Job"
    if reference.kind in KINDS:
        return f"{number} pods are there, and their {reference.kind} is not"
    return f"{number} pods belong to a {reference.kind}, which cannot be asked to restart them"
