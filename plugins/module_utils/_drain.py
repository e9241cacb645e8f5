# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The draining restart of one workload: no pod is told to stop before nobody asks it any more.

Each pod goes through the same: something stands in for it, it leaves its Services, every proxy is
seen to know, its open requests end, it is deleted. Where each stands is written on the pods, so
that another run finds out and goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness, _surge
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage, Way
from ansible_collections.meshwright.istio.plugins.module_utils._fleet import Fleet
from ansible_collections.meshwright.istio.plugins.module_utils._leaving import Leaving
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Task, Todo
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted, describe
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


class Drain:
    """One workload on its way; what it offers is what `_restart.Restart` does."""

    def __init__(
        self, api: Api, fleet: Fleet, todo: Todo, wanted: Wanted, leaving: Leaving
    ) -> None:
        self._api = api
        self._fleet = fleet
        self._todo = todo
        self._wanted = wanted
        self._leaving = leaving
        self._awaits = todo.task is Task.AWAIT
        self._before: frozenset[str] = frozenset()

    @property
    def asked(self) -> bool:
        return bool(self._leaving.done or self._leaving.wrote)

    @property
    def wrote(self) -> bool:
        return self._leaving.wrote

    @property
    def done(self) -> int:
        """How many pods have gone until now."""
        return len(self._leaving.done)

    @property
    def drained(self) -> list[dict[str, Any]]:
        """What became of each pod, for the result."""
        return [each.asdict() for each in self._leaving.done]

    def begin(self) -> None:
        """Remember what there is; the first step is taken with the first look."""
        self._before = frozenset(pod.uid for pod in self._fleet.pods(self._todo.reference))

    def look(self) -> Readiness:
        """How it stands now, after the next step where it is ready for one."""
        workload = self._fleet.workload(self._todo.reference)
        seen = _readiness.observed(workload)
        if workload is None or not seen.ready:
            return seen
        if self._awaits and _readiness.in_progress(workload):
            return _readiness.complete(workload)
        self._awaits = False
        pods = self._leaving.pods(self._fleet.pods(self._todo.reference))
        members = [pod for pod in pods if pod.mark is None]
        for answer in (
            _readiness.trouble_of(pod for pod in members if pod.uid not in self._before),
            self._strays(members),
        ):
            if not answer.ready:
                return answer
        going = self._leaving.see_off([pod for pod in pods if pod.mark and pod.mark.out])
        next_step = self._step(workload, members, [p for p in pods if p.mark and not p.mark.out])
        for answer in (next_step, going):
            if not answer.ready:
                return answer
        return _readiness.restarted(workload, members, self._wanted, self._before)

    def insist(self) -> bool:
        """A restart that somebody else has begun and that has failed is not made up for."""
        return False

    def finish(self) -> None:
        """Put back the strategy that a run before may have changed."""
        workload = self._fleet.workload(self._todo.reference)
        if workload is not None and workload.original_strategy is not None:
            reference = workload.reference
            patch = _surge.restore(workload)
            self._api.patch(workload.kind, reference.name, patch, reference.namespace)

    def abandon(self) -> None:
        """Let the pods that still serve be their controller's again, where it failed."""
        pods = self._leaving.pods(self._fleet.pods(self._todo.reference))
        self._leaving.give_back([pod for pod in pods if pod.mark and not pod.mark.out])

    def explain(self, readiness: Readiness) -> str:
        """The reason of a failure, with what its pods say."""
        return _readiness.explain(readiness, self._fleet.pods(self._todo.reference))

    def _step(
        self, workload: Workload, members: Sequence[Pod], waiting: Sequence[Pod]
    ) -> Readiness:
        passage = self._passage
        steps = {
            Way.SUCCESSOR: self._step_by_successor,
            Way.OTHERS: self._step_by_others,
            Way.STAND_IN: self._step_by_stand_in,
        }
        return steps[passage.way](workload, members, waiting)

    @property
    def _passage(self) -> Passage:
        if self._todo.passage is None:
            raise ValueError(f"{self._todo.reference} has no way to be drained")
        return self._todo.passage

    def _step_by_successor(
        self, workload: Workload, members: Sequence[Pod], waiting: Sequence[Pod]
    ) -> Readiness:
        full = _full(workload, members)
        if waiting and not full.ready:
            return full
        for pod in waiting:
            self._leaving.take_out(pod)
        off = self._off(members)
        broken = [pod for pod in off if not pod.ready]
        if broken:
            return self._leaving.remove(broken[0])
        if off and full.ready:
            for pod in off[: max(1, workload.update.surge)]:
                self._leaving.release(pod)
        if off or waiting:
            return _readiness.waiting(f"{len(off)} of {workload.desired} pods are to be replaced")
        return _readiness.READY

    def _step_by_others(
        self, workload: Workload, members: Sequence[Pod], waiting: Sequence[Pod]
    ) -> Readiness:
        for pod in waiting:
            self._leaving.take_out(pod)
        off = self._off(members)
        broken = [pod for pod in off if not pod.ready]
        if broken:
            return self._leaving.remove(broken[0])
        if not off:
            return _readiness.READY
        full = _full(workload, members)
        if full.ready and not self._leaving.any:
            self._leaving.take_out(off[0])
        rest = _readiness.waiting(f"{len(off)} of {workload.desired} pods are to be replaced")
        return rest if full.ready else full

    def _step_by_stand_in(
        self, workload: Workload, members: Sequence[Pod], waiting: Sequence[Pod]
    ) -> Readiness:
        off = self._off(members)
        broken = [pod for pod in off if not pod.ready]
        if broken:
            return self._leaving.remove(broken[0])
        full = _full(workload, members)
        if not full.ready or self._leaving.any:
            return full
        if off:
            return self._replace_beside(workload, off, waiting)
        for pod in waiting:
            self._leaving.take_out(pod)
        return _readiness.READY

    def _replace_beside(
        self, workload: Workload, off: Sequence[Pod], waiting: Sequence[Pod]
    ) -> Readiness:
        """The next step for the first of them: a stand-in on its node, or its way out."""
        beside = [pod for pod in waiting if pod.node in (off[0].node, "")]
        if not beside:
            self._leaving.make_stand_in(workload, off[0])
        elif beside[0].ready:
            self._leaving.take_out(off[0])
        trouble = _readiness.trouble_of(beside)
        rest = _readiness.waiting(f"{len(off)} of {workload.desired} pods are to be replaced")
        return rest if trouble.ready else trouble

    def _strays(self, members: Sequence[Pod]) -> Readiness:
        """Whether a successor is what is wanted: the next would be no other."""
        strays = [pod for pod in members if pod.uid not in self._before and self._is_off(pod)]
        if not strays:
            return _readiness.READY
        found = describe(strays[0].revision, strays[0].version)
        return _readiness.hopeless(f"pod {strays[0].name} came up on {found}")

    def _off(self, members: Sequence[Pod]) -> list[Pod]:
        """Those that are to go, in the order in which they do."""
        return sorted((pod for pod in members if self._is_off(pod)), key=_readiness.place)

    def _is_off(self, pod: Pod) -> bool:
        return pod.live and _readiness.is_off(pod, self._wanted, self._before)


def _full(workload: Workload, members: Sequence[Pod]) -> Readiness:
    """Whether as many pods as there shall be are ready to take requests."""
    ready = sum(pod.ready and pod.live for pod in members)
    if ready < workload.desired:
        return _readiness.waiting(f"{ready} of {workload.desired} pods are ready")
    return _readiness.READY
