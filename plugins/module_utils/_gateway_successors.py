# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The new pods of a gateway, which must serve all that the old ones do before those leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway_config,
    _gateway_hold,
    _gateway_nodes,
    _kinds,
    _readiness,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Target
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_course import Course
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_rollout import Rollout
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Sender
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


class Successors:
    """Those of a rollout that is held."""

    def __init__(
        self,
        api: Api,
        waiter: Waiter,
        rollout: Rollout,
        target: Target,
        course: Course,
        keep_to_node: Sequence[Sender] = (),
    ) -> None:
        self._api = api
        self._waiter = waiter
        self._rollout = rollout
        self._target = target
        self._course = course
        self._keep_to_node = keep_to_node
        self._since: float | None = None

    def wait(self, held: Object) -> None:
        """Wait until they are what is wanted, ready and serve; NotReadyError if not in time.

        The Deployment, let go, makes more old pods until it counts on the new ones.
        """
        templates, seconds = _gateway_hold.old_templates(held), _gateway_hold.ready_seconds(held)

        def judge(items: Iterable[Object]) -> Readiness:
            pods = [pod for pod in self._rollout.own(items) if pod.mark is None]
            answer = self._judge(
                [pod for pod in pods if pod.template not in templates],
                [pod for pod in pods if pod.template in templates],
            )
            if answer.ready:
                answer = self._ask_others(held)
            if not answer.ready:
                self._since = None
                return answer
            now = self._waiter.clock()
            self._since = now if self._since is None else self._since
            if now - self._since < seconds:
                return _readiness.waiting(f"the {self._rollout} asks to be ready for {seconds} s")
            return answer

        self._waiter.follow(self._api, _kinds.POD, held["metadata"]["namespace"], "", judge)

    def _judge(self, new: Sequence[Pod], old: Sequence[Pod]) -> Readiness:
        for pod in new:
            if not self._target.accepts(pod):
                text = f"{pod.name} of the {self._rollout} came up without {self._target.name}"
                return _readiness.hopeless(text)
        trouble = _readiness.trouble_of(new)
        if not trouble.ready:
            return trouble
        ready = [pod for pod in new if pod.ready]
        # An autoscaler may have changed it.
        desired = Workload.from_object(self._rollout.read()).desired
        if len(ready) < desired:
            text = f"{len(ready)} of {desired} new pods of the {self._rollout} are ready"
            return _readiness.waiting(text)
        leaving = [pod for pod in old if pod.ready]
        nodes = _gateway_nodes.judge(str(self._rollout), self._keep_to_node, leaving, ready)
        return self._compare(ready, leaving) if nodes.ready else nodes

    def _ask_others(self, held: Object) -> Readiness:
        try:
            lacking = self._course.lacks(held)
        except ApiError as error:
            return _readiness.waiting(error.message)
        if lacking:
            return _readiness.waiting(f"the {self._rollout} lacks {'; '.join(lacking)}")
        return _readiness.READY

    def _compare(self, new: Sequence[Pod], old: Sequence[Pod]) -> Readiness:
        """Whether the new ones serve all that an old one does."""
        if not old:
            return _readiness.READY
        try:
            before = _gateway_config.read(self._api, old[0])
            for pod in new:
                lacking = _gateway_config.read(self._api, pod).lacks(before)
                if lacking:
                    return _readiness.waiting(f"{pod.name} lacks {'; '.join(lacking)}")
        except ApiError as error:
            return _readiness.waiting(error.message)
        return _readiness.READY
