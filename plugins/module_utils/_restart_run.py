# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""One run of workload_restart: read, plan, restart, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gone,
    _injector,
    _restart_reason,
    _result,
    _standing,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._asking import Asking
from ansible_collections.meshwright.istio.plugins.module_utils._drain import Drain
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed
from ansible_collections.meshwright.istio.plugins.module_utils._fleet import Fleet
from ansible_collections.meshwright.istio.plugins.module_utils._hiding import Ticks
from ansible_collections.meshwright.istio.plugins.module_utils._leaving import Leaving
from ansible_collections.meshwright.istio.plugins.module_utils._rejections import Rejections
from ansible_collections.meshwright.istio.plugins.module_utils._restart import Restart
from ansible_collections.meshwright.istio.plugins.module_utils._restart_flight import (
    DONE,
    Action,
    Outcome,
)
from ansible_collections.meshwright.istio.plugins.module_utils._restart_plan import Planner
from ansible_collections.meshwright.istio.plugins.module_utils._restart_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import (
    Left,
    Plan,
    Task,
    Todo,
)
from ansible_collections.meshwright.istio.plugins.module_utils._restart_turn import Turns
from ansible_collections.meshwright.istio.plugins.module_utils._restart_window import Window
from ansible_collections.meshwright.istio.plugins.module_utils._selection import (
    Labels,
    read_namespaces,
)
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Standing
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was read of the cluster, and what is to be done."""

    api: Api
    request: Request
    wanted: Wanted
    fleet: Fleet
    feed: Feed
    plan: Plan
    witness: Witness
    rejections: Rejections
    ticks: Ticks = field(default_factory=Ticks)

    @classmethod
    def read(cls, api: Api, request: Request) -> Run:
        """Read and plan; nothing is written."""
        injectors = _injector.read(api)
        wanted = request.wanted(injectors)
        namespaces = read_namespaces(api, request.selection)
        fleet = Fleet()
        scope = None if request.selection.is_everything else list(namespaces)
        feed = fleet.feed(api, scope, request.kinds)
        feed.read()
        asking = Asking(injectors, namespaces)
        roots = {each.service[0] for each in injectors if each.service}
        drains = _may_drain(request, fleet)
        standing = _standing.read(api, scope, roots) if drains else Standing()
        plan = Planner(request, wanted, asking, namespaces, standing).plan(fleet)
        _require_injectors(api, plan.todo, asking, namespaces)
        return cls(
            api=api,
            request=request,
            wanted=wanted,
            fleet=fleet,
            feed=feed,
            plan=plan,
            witness=Witness(api),
            rejections=Rejections(api, roots),
        )

    def predict(self) -> dict[str, Any]:
        """What a run would do and return, if all went well."""
        return self.report(
            [
                Outcome(
                    todo=todo,
                    action=DONE[todo.task],
                    reason=todo.reason,
                    wrote=todo.task is not Task.AWAIT,
                )
                for todo in self.plan.todo
            ]
        )

    def carry_out(self, say: Callable[[str], None]) -> dict[str, Any]:
        """Do it; NotReadyError when something could not be restarted."""
        request = self.request
        window = Window(
            feed=self.feed,
            limits=request.limits,
            start=self._start,
            turns=Turns(
                fleet=self.fleet, wanted=self.wanted, respects_budgets=request.respects_budgets
            ),
            say=say,
            gone=self._is_gone,
        )
        try:
            if request.waits and self.plan.todo:
                self.feed.follow()
                window.run(self.plan.todo)
            else:
                window.only_begin(self.plan.todo)
        except ApiError as error:
            window.close("the run was cut off")
            error.details.update(self.report(window.outcomes))
            raise
        report = self.report(window.outcomes)
        if problem := self.problem(window.outcomes):
            raise NotReadyError(
                f"{problem} Mend it and run it again, it goes on from here.", **report
            )
        return report

    def problem(self, outcomes: Iterable[Outcome]) -> str:
        """What could not be done, in words; empty when all was."""
        ended = list(outcomes)
        failed = [each for each in ended if each.action is Action.FAILED]
        blocked = [each for each in self.plan.left if each.blocked]
        texts = [
            _restart_reason.listing(f"{len(failed)} of {len(ended)} workloads failed", failed),
            _restart_reason.listing(f"{len(blocked)} cannot be restarted as they are", blocked),
        ]
        not_begun = [each for each in ended if each.action is Action.NOT_BEGUN]
        if failed and not_begun:
            names = _restart_reason.some([str(each.reference) for each in not_begun], ", ")
            texts.append(f"{len(not_begun)} were not begun: {names}.")
        return " ".join(text for text in texts if text)

    def warnings(self, *, predicted: bool) -> list[str]:
        """What is left; a run that is only predicted does not fail for what stands in its way."""
        left = [each for each in self.plan.left if not each.blocked]
        texts = [_restart_reason.listing(f"{len(left)} are left as they are", left)]
        if predicted:
            texts.append(self.problem(()))
        return [text for text in texts if text]

    def report(self, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        """The module's result."""
        begun = [each for each in outcomes if each.action is not Action.NOT_BEGUN]
        waiting = [each for each in outcomes if each.action is Action.NOT_BEGUN]
        counts = Counter(str(each.action) for each in outcomes)
        written = {each.reference for each in begun if each.wrote}
        unmoved: list[Left | Outcome] = [*self.plan.left, *waiting]
        return {
            "changed": bool(written),
            "workloads": [
                {
                    **each.reference.asdict(),
                    "action": str(each.action),
                    "reason": each.reason,
                    "seconds": each.seconds,
                    "drained": each.drained,
                }
                for each in sorted(begun, key=lambda each: each.reference)
            ],
            "not_restarted": [
                {**each.reference.asdict(), "reason": each.reason}
                for each in sorted(unmoved, key=lambda each: each.reference)
            ],
            "counts": {
                "right": self.plan.right,
                **{str(action): counts[str(action)] for action in Action},
                "left": len(self.plan.left),
            },
            "left_out": list(self.plan.left_out),
            "diff": _result.diff(
                todo.change(self.wanted) for todo in self.plan.todo if todo.reference in written
            ),
        }

    def _is_gone(self, todo: Todo) -> bool:
        leaves_out = self.request.selection.leaves_out
        return leaves_out and _gone.is_gone(self.api, todo.workload.kind, todo.reference)

    def _start(self, todo: Todo) -> Restart | Drain:
        if todo.passage is not None:
            leaving = Leaving(
                self.api,
                self.witness,
                todo.reference,
                todo.passage,
                self.request.patience,
                ticks=self.ticks,
            )
            return Drain(self.api, self.fleet, todo, self.wanted, leaving, self.rejections)
        return Restart(
            self.api,
            self.fleet,
            todo,
            self.wanted,
            respects_budgets=self.request.respects_budgets,
        )


def _may_drain(request: Request, fleet: Fleet) -> bool:
    """Whether any workload may be drained; a run before may have begun it."""
    return request.drain is not DrainMode.ROLLOUT or any(
        pod.mark for workload in fleet.workloads() for pod in fleet.pods(workload.reference)
    )


def _require_injectors(
    api: Api, todo: Iterable[Todo], asking: Asking, namespaces: Mapping[str, Labels]
) -> None:
    """Refuse where the new pods could not be created, for no istiod answers for them."""
    examples = {}
    for each in todo:
        if each.task is Task.RESTART:
            labels = namespaces[each.reference.namespace], each.workload.template_labels
            examples[asking.revision(each.reference.namespace, labels[1])] = labels
    for revision, labels in examples.items():
        _injector.require_live(api, str(revision), *labels)
