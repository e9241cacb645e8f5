# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether a workload may begin to restart at its turn, which may be long after it was planned."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

from ansible_collections.meshwright.istio.plugins.module_utils import _budget, _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._fleet import Fleet
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Task, Todo
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted

_RIGHT = "its pods had become what is wanted before its turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """What the fleet says of workloads at their turn."""

    fleet: Fleet
    wanted: Wanted
    respects_budgets: bool

    def look_again(self, todo: Todo) -> Todo | None:
        """What is to be done with it now; None where there is nothing left of it."""
        pods = [pod for pod in self.fleet.pods(todo.reference) if pod.live]
        if any(pod.mark for pod in pods):
            # What a run before has let go nobody else takes away.
            return todo
        if self.fleet.workload(todo.reference) is None:
            return None
        if todo.task is Task.RESTART and pods and not any(map(self.wanted.lacks, pods)):
            return replace(todo, task=Task.AWAIT, reason=_RIGHT)
        return todo

    def budgets(self, todo: Todo) -> list[Budget]:
        """The disruption budgets that its restart takes pods from."""
        if not self.respects_budgets or not todo.footing.takes:
            return []
        return self.fleet.budgets(todo.workload)

    def allow(self, todo: Todo) -> Readiness:
        """Whether its disruption budgets let it take its pods away now."""
        return _budget.allows(self.budgets(todo), todo.footing.takes, broken=self._broken(todo))

    def _broken(self, todo: Todo) -> int:
        """How many of its pods that are not ready go before any that is.

        Its own controller replaces the pods of a StatefulSet by their numbers alone.
        """
        pods = self.fleet.pods(todo.reference)
        off = [pod for pod in pods if pod.live and pod.mark is None and self.wanted.lacks(pod)]
        if todo.reference.kind != "StatefulSet" or todo.passage or todo.workload.pod_by_pod:
            return sum(not pod.ready for pod in off)
        first = sorted(off, key=_readiness.place)
        return len(list(itertools.takewhile(lambda pod: not pod.ready, first)))
