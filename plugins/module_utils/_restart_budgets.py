# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether the disruption budgets let a workload begin to restart."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import _budget, _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._fleet import Fleet
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Todo
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """The disruption budgets of a fleet, which count only where they are `respected`."""

    fleet: Fleet
    wanted: Wanted
    respected: bool

    def over(self, todo: Todo) -> list[Budget]:
        """Those that its restart takes pods from."""
        if not self.respected or not todo.footing.takes:
            return []
        return self.fleet.budgets(todo.workload)

    def allow(self, todo: Todo) -> Readiness:
        """Whether it may take its pods away now."""
        return _budget.allows(self.over(todo), todo.footing.takes, broken=self._broken(todo))

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
