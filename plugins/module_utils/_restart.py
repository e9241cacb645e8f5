# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The restart of one workload, from the request to the proof that its pods are what is wanted."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness, _surge
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._fleet import Fleet
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import POD
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Task, Todo
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class Restart:
    """One workload on its way.

    `asked` says whether it was asked to restart, `wrote` whether anything at all was written.
    """

    def __init__(
        self, api: Api, fleet: Fleet, todo: Todo, wanted: Wanted, *, respects_budgets: bool
    ) -> None:
        self._api = api
        self._fleet = fleet
        self._todo = todo
        self._wanted = wanted
        self._respects_budgets = respects_budgets
        self._awaits = todo.task is not Task.RESTART
        self._generation = 0
        self._before: frozenset[str] = frozenset()
        self._taken: set[str] = set()
        self.asked = False
        self.wrote = False
        self.done = 0
        self.drained: list[dict[str, Any]] = []

    def begin(self) -> None:
        """Ask for it; where a restart goes on already, only look on."""
        self._before = frozenset(pod.uid for pod in self._pods())
        workload = self._workload()
        if self._awaits or workload is None:
            return
        if workload.pod_by_pod:
            self._take_next(workload)
            return
        item = self._patch(_request(workload, surge=self._todo.footing.surge))
        self.asked = True
        self._generation = item["metadata"].get("generation", 0)

    def look(self) -> Readiness:
        """How it stands now, after the next step where it is ready for one."""
        workload = self._workload()
        seen = _readiness.observed(workload, self._generation)
        if workload is None or not seen.ready:
            return seen
        if self._awaits:
            return self._look_on(workload)
        if workload.pod_by_pod and self._off():
            return self._take_next(workload)
        return _readiness.restarted(workload, self._pods(), self._wanted, self._before)

    def insist(self) -> bool:
        """Ask for a restart after all, where another was waited for that did not help."""
        if not self._awaits or not self._off():
            return False
        self._awaits = False
        self.begin()
        return True

    def finish(self) -> None:
        """Put back the strategy that it had before.

        Only once it is ready: the old strategy would take the last ready pod of one that is not.
        """
        workload = self._workload()
        if workload is not None and workload.original_strategy is not None:
            self._patch(_surge.restore(workload))

    def abandon(self) -> None:
        """Its controller goes on, or stops, by itself."""

    def explain(self, readiness: Readiness) -> str:
        """The reason of a failure, with what its pods say."""
        workload = self._workload()
        left = (
            "; its temporary strategy stays until a run succeeds, for its own would take the pods"
            " that still serve"
            if workload is not None and workload.original_strategy is not None
            else ""
        )
        return _readiness.explain(readiness, self._pods()) + left

    def _look_on(self, workload: Workload) -> Readiness:
        """Wait for a restart of somebody else."""
        if self._todo.task is Task.RESTORE:
            return _readiness.READY
        readiness = _readiness.restarted(workload, self._pods(), self._wanted, self._before)
        if readiness.can_improve and self._off() and not _readiness.in_progress(workload):
            return _readiness.hopeless("the restart before this one has ended without it")
        return readiness

    def _take_next(self, workload: Workload) -> Readiness:
        """Take the next pod away once all others are ready; one that is not ready goes first."""
        live = [pod for pod in self._pods() if pod.live and pod.uid not in self._taken]
        off = [pod for pod in live if _readiness.is_off(pod, self._wanted, self._before)]
        broken = [pod for pod in off if not pod.ready]
        if not broken:
            ready = self._all_ready(workload, live)
            if not ready.ready:
                return ready
        return self._take(broken[0] if broken else min(off, key=_readiness.place))

    def _all_ready(self, workload: Workload, live: Sequence[Pod]) -> Readiness:
        """By the pods too: the status is late after one was taken away."""
        replaced = [pod for pod in live if pod.uid not in self._before]
        hopeless = _readiness.trouble_of(replaced)
        if not hopeless.ready:
            return hopeless
        ready = sum(pod.ready for pod in live)
        if ready < workload.desired:
            return _readiness.waiting(f"{ready} of {workload.desired} pods are ready")
        return _readiness.complete(workload)

    def _take(self, pod: Pod) -> Readiness:
        try:
            if self._respects_budgets:
                self._api.evict(pod.name, pod.namespace)
            else:
                self._api.delete(POD, pod.name, pod.namespace)
        except ApiError as error:
            if error.status != 429:
                raise
            return _readiness.waiting(f"a disruption budget keeps pod {pod.name}: {error.message}")
        self._taken.add(pod.uid)
        self.asked = self.wrote = True
        return _readiness.waiting(f"pod {pod.name} was taken away, its successor is to come")

    def _off(self) -> list[Pod]:
        return [
            pod
            for pod in self._pods()
            if pod.live and _readiness.is_off(pod, self._wanted, self._before)
        ]

    def _patch(self, body: dict[str, Any]) -> dict[str, Any]:
        reference = self._todo.reference
        kind = self._todo.workload.kind
        item = self._api.patch(kind, reference.name, body, reference.namespace)
        self.wrote = True
        return item

    def _workload(self) -> Workload | None:
        return self._fleet.workload(self._todo.reference)

    def _pods(self) -> list[Pod]:
        """Those that its controller knows of."""
        return [pod for pod in self._fleet.pods(self._todo.reference) if pod.mark is None]


def _request(workload: Workload, *, surge: bool) -> dict[str, Any]:
    """The one patch that changes the strategy, where needed, and asks for the restart."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = _surge.change(workload) if surge else {}
    spec = dict(body.get("spec") or {})
    if workload.reference.kind == "Rollout":
        # What `kubectl argo rollouts restart` sets: a new template would begin a canary.
        spec["restartAt"] = now
    else:
        spec["template"] = {"metadata": {"annotations": {RESTARTED_AT: now}}}
    return {**body, "spec": spec}
