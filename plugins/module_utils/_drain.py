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
from ansible_collections.meshwright.istio.plugins.module_utils._arrivals import Arrivals
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage, Way
from ansible_collections.meshwright.istio.plugins.module_utils._drain_pods import Pods
from ansible_collections.meshwright.istio.plugins.module_utils._fleet import Fleet
from ansible_collections.meshwright.istio.plugins.module_utils._leaving import Leaving
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._rejections import Rejections
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Task, Todo
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted, describe
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


class Drain:
    """One workload on its way; what it offers is what `_restart.Restart` does."""

    def __init__(
        self,
        api: Api,
        fleet: Fleet,
        todo: Todo,
        wanted: Wanted,
        leaving: Leaving,
        rejections: Rejections,
    ) -> None:
        self._api = api
        self._fleet = fleet
        self._todo = todo
        self._wanted = wanted
        self._leaving = leaving
        self._rejections = rejections
        self._awaits = todo.task is Task.AWAIT
        self._before: frozenset[str] = frozenset()
        self._arrivals = Arrivals()
        self._restored = False

    @property
    def asked(self) -> bool:
        return bool(self._leaving.done or self._leaving.wrote)

    @property
    def wrote(self) -> bool:
        return self._leaving.wrote or self._restored

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
        self._remember(self._fleet.workload(self._todo.reference))
        self._leaving.begin()

    def look(self) -> Readiness:
        """How it stands now, after the next step where it is ready for one."""
        workload = self._fleet.workload(self._todo.reference)
        seen = _readiness.observed(workload)
        if workload is None or not seen.ready:
            return seen
        if self._awaits:
            complete = _readiness.complete(workload)
            if _readiness.in_progress(workload) and not complete.ready:
                return complete
            self._awaits = False
            # What that has made is no successor of ours.
            self._remember(workload)
        pods = self._pods()
        fresh = [pod for pod in pods.members if pod.uid not in self._before]
        for answer in (self._trouble(pods), self._rejections.among(fresh)):
            if not answer.ready:
                return answer
        going = self._leaving.see_off(pods.out)
        step = self._step(workload, pods)
        # What the next pod waits for is of interest once none is on its way out.
        for answer in (going, step) if step.can_improve else (step,):
            if not answer.ready:
                return answer
        return _readiness.restarted(workload, pods.members, self._wanted, self._before)

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
            self._restored = True

    def abandon(self) -> None:
        """Let as many of the old pods as are lacking be their controller's again.

        It takes the pods away that there are too many of then, the youngest first. One of them
        that is ready may have requests, so it leaves before.
        """
        workload = self._fleet.workload(self._todo.reference)
        if workload is None:
            return
        pods = self._pods()
        strays = [pod for pod in self._strays(pods.members) if pod.ready]
        ready = sum(pod.ready for pod in pods.members) - len(strays)
        lacking = max(0, workload.desired - ready)
        old = [*(pod for pod in pods.waiting if not pods.is_stand_in(pod)), *pods.out]
        if lacking and old:
            for pod in strays:
                self._leaving.leave(pod)
        self._leaving.give_back(old[:lacking])
        self._leaving.give_back(pod for pod in pods.waiting if pods.is_stand_in(pod))

    def explain(self, readiness: Readiness) -> str:
        """The reason of a failure, with what its pods say."""
        return _readiness.explain(readiness, self._fleet.pods(self._todo.reference))

    def _remember(self, workload: Workload | None) -> None:
        """The pods that are there; what is no old one of them may be of a run before."""
        pods = self._fleet.pods(self._todo.reference)
        self._before = frozenset(pod.uid for pod in pods)
        settled = workload is not None and workload.available >= workload.desired
        self._arrivals.trust(pod for pod in pods if settled or self._is_off(pod))

    def _pods(self) -> Pods:
        return Pods.of(self._leaving.pods(self._fleet.pods(self._todo.reference)))

    @property
    def _passage(self) -> Passage:
        if self._todo.passage is None:
            raise ValueError(f"{self._todo.reference} has no way to be drained")
        return self._todo.passage

    def _trouble(self, pods: Pods) -> Readiness:
        """Whether the successors come, and are what is wanted: the next would be no others."""
        trouble = _readiness.trouble_of(pod for pod in pods.members if pod.uid not in self._before)
        if not trouble.ready:
            return trouble
        for stray in self._strays(pods.members):
            found = describe(stray.revision, stray.version)
            return _readiness.hopeless(f"pod {stray.name} came up on {found}")
        return _readiness.READY

    def _step(self, workload: Workload, pods: Pods) -> Readiness:
        off = self._off(pods.members)
        full = self._full(workload, pods.members)
        if self._passage.obstacle:
            return self._step_to_an_end(pods, off, full)
        if hidden := [pod for pod in off if pod.hidden]:
            self._leaving.take_out(hidden[0])
            return pods.rest(workload, off)
        if broken := [pod for pod in off if not pod.ready]:
            return self._leaving.dismiss(broken[0])
        if not full.ready:
            self._make_room(workload, pods)
            return full
        if self._passage.way is Way.STAND_IN:
            return self._step_by_stand_in(workload, pods, off)
        return self._step_by_members(workload, pods, off)

    def _make_room(self, workload: Workload, pods: Pods) -> None:
        """Let one leave although its successor does not run, as that finds no node beside it."""
        early = self._arrivals.early(workload, pods.members)
        enough = pods.serving - len(early) >= workload.desired
        if self._passage.may_lack and pods.crowded and enough:
            # Hidden, it would no longer be counted among those that serve.
            self._leaving.take_out(pods.waiting[0], at_once=True)

    def _step_by_members(self, workload: Workload, pods: Pods, off: Sequence[Pod]) -> Readiness:
        """Those that have a successor leave, and the next get one, or leave to the others."""
        for pod in pods.waiting:
            self._leaving.take_out(pod)
        if self._passage.way is Way.SUCCESSOR:
            for pod in off[: max(1, workload.update.surge)]:
                self._leaving.release(pod)
        elif off and not self._leaving.any:
            self._leaving.take_out(off[0])
        return pods.rest(workload, off)

    def _step_by_stand_in(self, workload: Workload, pods: Pods, off: Sequence[Pod]) -> Readiness:
        """A stand-in on the node of the first pod that is off, or the way out for that."""
        beside = [pod for pod in pods.waiting if off and pod.node in (off[0].node, "")]
        if self._leaving.any:
            return _readiness.READY
        if not off:
            for pod in pods.waiting:
                self._leaving.take_out(pod)
        elif not beside:
            self._leaving.make_stand_in(workload, off[0])
        elif beside[0].ready and not self._arrivals.early(workload, beside[:1]):
            self._leaving.take_out(off[0])
        trouble = _readiness.trouble_of(beside)
        return trouble if not trouble.ready else pods.rest(workload, off)

    def _step_to_an_end(self, pods: Pods, off: Sequence[Pod], full: Readiness) -> Readiness:
        """What a run before has begun, and no pod more."""
        if pods.waiting:
            if full.ready and not self._passage.departure.obstacle:
                for pod in pods.waiting:
                    self._leaving.take_out(pod)
            else:
                self._leaving.give_back(pods.waiting)
            return _readiness.waiting("what a run before has begun is brought to its end")
        if off:
            return _readiness.hopeless(f"it is not drained any further: {self._passage.obstacle}")
        return _readiness.READY

    def _full(self, workload: Workload, members: Sequence[Pod]) -> Readiness:
        """Whether as many pods as there shall be are ready to take requests."""
        full = self._arrivals.full(workload, members)
        # A quota may be full only until pods of other workloads are gone.
        creation = _readiness.creation(workload, self._fleet.pods(self._todo.reference))
        return full if full.ready or creation.ready else _readiness.waiting(creation.reason)

    def _strays(self, members: Sequence[Pod]) -> list[Pod]:
        """The successors that are not what is wanted."""
        return [pod for pod in members if pod.uid not in self._before and self._is_off(pod)]

    def _off(self, members: Sequence[Pod]) -> list[Pod]:
        """Those that are to go, in the order in which they do."""
        return sorted((pod for pod in members if self._is_off(pod)), key=_readiness.place)

    def _is_off(self, pod: Pod) -> bool:
        return pod.live and _readiness.is_off(pod, self._wanted, self._before)
