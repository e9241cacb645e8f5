# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The move of one gateway: new pods beside the old ones, then the old ones drained.

New pods join the Service and serve all that the old ones do. Then every old pod leaves its
Services and its Deployment at once, and the Deployment, whose only old pods now are ones that have
not started, is let go. What the old pods have open they end; nobody tells them to stop before. On
the way back the same is done with the new ones.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _envoy, _gateway_hold
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage, Way
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway, Target
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_course import (
    ByLabel,
    ByTemplate,
    Course,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_rollout import (
    RELEASE,
    Rollout,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_successors import Successors
from ansible_collections.meshwright.istio.plugins.module_utils._leaving import Leaving
from ansible_collections.meshwright.istio.plugins.module_utils._patience import Patience
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter, not_ready
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

_PAUSE = 0.5


class Move:
    """Each step is recognised in the cluster, so it may be cut off at any point."""

    def __init__(
        self,
        api: Api,
        waiter: Waiter,
        witness: Witness,
        gateway: Gateway,
        target: Target,
        patience: Patience,
    ) -> None:
        self._api = api
        self._waiter = waiter
        self._gateway = gateway
        self._target = target
        self._rollout = Rollout(api, waiter, gateway.workload.reference)
        self._course: Course = ByTemplate(self._rollout, gateway, target)
        if gateway.parent is not None:
            self._course = ByLabel(api, self._rollout, gateway, gateway.parent, target)
        self._successors = Successors(
            api, waiter, self._rollout, target, self._course, gateway.keep_to_node
        )
        self._seconds = waiter.deadline - waiter.clock()
        passage = Passage(way=Way.SUCCESSOR, departure=gateway.departure, release=RELEASE)
        self._leaving = Leaving(
            api,
            witness,
            gateway.workload.reference,
            passage,
            patience,
            clock=waiter.clock,
            gateway=True,
        )
        self._sent_away: set[str] = set()

    @property
    def reference(self) -> Reference:
        return self._gateway.workload.reference

    @property
    def drained(self) -> list[dict[str, Any]]:
        """What became of each old pod."""
        return [each.asdict() for each in self._leaving.done]

    def run(self, item: Object) -> None:
        """Do what is left to do; `item` is the Deployment as it was read."""
        self._leaving.begin()
        if _gateway_hold.is_held(item) and not self._goes_there(item):
            # A run to somewhere else was cut off.
            self._take_back(item)
            item = self._rollout.read()
            if not _gateway_hold.is_held(item):
                self._rollout.wait()
                item = self._rollout.read()
            self._gateway = replace(self._gateway, workload=Workload.from_object(item))
        if self._course.stays(item):
            pass
        elif self._gateway.workload.desired == 0:
            self._course.set_empty(item)
            self._rollout.wait()
        elif _gateway_hold.is_held(item) or not self._has_arrived(item):
            self._change_over(item)
        self._take_out_released()
        self._see_off()

    def _goes_there(self, item: Object) -> bool:
        """Whether a rollout that is held makes the pods that are wanted."""
        _old, new = self._rollout.split(item)
        return self._course.is_set(item) and all(self._target.accepts(pod) for pod in new)

    def _has_arrived(self, item: Object) -> bool:
        if self._course.is_set(item) and not self._is_right():
            # Its rollout may go on, as that of a run which was cut off at its end.
            self._rollout.wait(until_complete=False)
        return self._course.is_set(item) and self._is_right()

    def _is_right(self) -> bool:
        return all(self._target.accepts(pod) for pod in self._rollout.pods() if pod.mark is None)

    def _change_over(self, item: Object) -> None:
        try:
            item = self._course.set(item, [pod for pod in self._rollout.pods() if pod.mark is None])
            self._successors.wait(item)
        except NotReadyError:
            self._rollout.begin_anew()
            self._take_back(self._rollout.read(), spare=False)
            # What the new ones have open, they end; their failure is what is told.
            with contextlib.suppress(NotReadyError):
                self._see_off()
            raise
        old, _new = self._rollout.split(item)
        for pod in old:
            if pod.mark is None:
                self._leaving.leave(pod)
        self._rollout.patch(_gateway_hold.let_go(self._rollout.read()))
        self._rollout.wait()

    def _take_back(self, item: Object, *, spare: bool = True) -> None:
        """The old pods serve as before; the new ones leave, unless they are all that serves."""
        self._course.stop()
        old, new = self._rollout.split(item)
        staying = [pod for pod in old if pod.mark is None and pod.ready]
        lacking = max(0, Workload.from_object(item).desired - len(staying))
        returning = [pod for pod in old if pod.mark is not None][:lacking]
        self._leaving.give_back(returning)
        if staying or returning:
            for pod in new:
                if pod.mark is None and pod.ready:
                    self._leaving.leave(pod, spare=spare)
        self._course.turn(self._rollout.read(), alone=bool(staying or returning))

    def _take_out_released(self) -> None:
        """Those that were let go serve until there are others, and leave their Services then."""
        released = [
            pod for pod in self._rollout.pods() if pod.mark is not None and not pod.mark.out
        ]
        if released:
            self._rollout.wait_for_members()
        for pod in released:
            self._leaving.leave(pod)

    def _see_off(self) -> None:
        """Wait until those that have left have ended what they have open."""
        began = self._waiter.clock()
        while leaving := self._leaving.pods(pod for pod in self._rollout.pods() if _has_left(pod)):
            known = [pod for pod in leaving if self._leaving.is_known_to_have_left(pod)]
            for pod in known:
                self._send_clients_away(pod)
            answer = self._leaving.see_off(leaving)
            self._waiter.say(f"the {self._gateway}: {answer.reason}")
            if len(known) < len(leaving) and self._waiter.clock() - began >= self._seconds:
                raise not_ready(answer)
            self._waiter.sleep(_PAUSE)

    def _send_clients_away(self, pod: Pod) -> None:
        """Once nothing leads to it any more, for the connections that clients keep."""
        if pod.uid in self._sent_away:
            return
        self._sent_away.add(pod.uid)
        try:
            _envoy.send_clients_away(self._api, pod.name, pod.namespace)
        except ApiError as error:
            self._waiter.say(f"the {self._gateway}: {error.message}")


def _has_left(pod: Pod) -> bool:
    return pod.mark is not None and pod.mark.out
