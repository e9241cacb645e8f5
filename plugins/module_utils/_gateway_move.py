# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The move of one gateway: new pods beside the old ones, then the old ones drained.

New pods join the Service and serve all that the old ones do. Then every old pod leaves its
Services and its Deployment at once, and the Deployment, whose only old pods now are ones that have
not started, is let go. What the old pods have open they end; nobody tells them to stop before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _envoy,
    _gateway_config,
    _gateway_hold,
    _kinds,
    _readiness,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage, Way
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway, Target
from ansible_collections.meshwright.istio.plugins.module_utils._leaving import Leaving
from ansible_collections.meshwright.istio.plugins.module_utils._lock import TIME
from ansible_collections.meshwright.istio.plugins.module_utils._patience import Patience
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter, not_ready
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

_RELEASE = "pod-template-hash"
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
        self._patience = patience
        self._namespace = gateway.namespace
        passage = Passage(way=Way.SUCCESSOR, departure=gateway.departure, release=_RELEASE)
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
    def drained(self) -> list[dict[str, Any]]:
        """What became of each old pod."""
        return [each.asdict() for each in self._leaving.done]

    def run(self, item: Object) -> None:
        """Do what is left to do; `item` is the Deployment as it was read."""
        if _gateway_hold.is_held(item) and not self._is_aimed(item):
            # A run to somewhere else was cut off.
            item = self._patch(_gateway_hold.take_back(item))
            self._wait_for_deployment()
            item = self._read()
        if self._gateway.workload.desired == 0:
            self._patch_template_alone(item)
            return
        if not self._gateway.is_on(self._target) or _gateway_hold.is_held(item):
            self._change_over(item)
        self._see_off()

    def _is_aimed(self, item: Object) -> bool:
        labels = (item["spec"]["template"].get("metadata") or {}).get("labels") or {}
        return bool(labels == self._gateway.labels_for(self._target))

    def _change_over(self, item: Object) -> None:
        if not _gateway_hold.is_held(item):
            labels = self._gateway.labels_for(self._target)
            self._patch(_gateway_hold.hold(item, labels, _now()))
        try:
            self._wait_for_new_pods()
        except NotReadyError:
            # The old pods serve on, and are those of the template that is put back.
            self._patch(_gateway_hold.take_back(self._read()))
            raise
        for pod in self._old_pods():
            self._leaving.leave(pod)
        self._patch(_gateway_hold.let_go(self._read()))
        self._wait_for_deployment()

    def _wait_for_new_pods(self) -> None:
        def judge(items: Iterable[Object]) -> Readiness:
            pods = self._own(items)
            return self._judge_new([pod for pod in pods if self._target.accepts(pod)], pods)

        self._waiter.follow(self._api, _kinds.POD, self._namespace, "", judge)

    def _judge_new(self, new: Sequence[Pod], pods: Sequence[Pod]) -> Readiness:
        desired = self._gateway.workload.desired
        known = {pod.uid for pod in self._gateway.pods}
        strays = [pod for pod in pods if pod.uid not in known and pod.ready and pod not in new]
        if strays:
            text = f"{strays[0].name} of the {self._gateway} came up without {self._target.name}"
            return _readiness.hopeless(text)
        trouble = _readiness.trouble_of(pod for pod in pods if pod.uid not in known)
        if not trouble.ready:
            return trouble
        ready = [pod for pod in new if pod.ready]
        if len(ready) < desired:
            text = f"{len(ready)} of {desired} new pods of the {self._gateway} are ready"
            return _readiness.waiting(text)
        return self._compare(ready, [pod for pod in pods if pod not in new and pod.ready])

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

    def _see_off(self) -> None:
        """Wait until the old pods have ended what they have open."""
        while True:
            leaving = self._leaving.pods(
                pod for pod in self._listed() if pod.mark is not None and pod.mark.out
            )
            if not leaving:
                return
            for pod in leaving:
                self._send_clients_away(pod)
            answer = self._leaving.see_off(leaving)
            self._waiter.say(f"the {self._gateway}: {answer.reason}")
            self._waiter.sleep(_PAUSE)

    def _send_clients_away(self, pod: Pod) -> None:
        """Once nothing leads to it any more, for the connections that clients keep."""
        if pod.uid in self._sent_away or not self._leaving.is_known_to_have_left(pod):
            return
        self._sent_away.add(pod.uid)
        try:
            _envoy.send_clients_away(self._api, pod.name, pod.namespace)
        except ApiError as error:
            self._waiter.say(f"the {self._gateway}: {error.message}")

    def _wait_for_deployment(self) -> None:
        def judge(items: Iterable[Object]) -> Readiness:
            for item in items:
                if item["metadata"]["name"] == self._gateway.name:
                    workload = Workload.from_object(item)
                    seen = _readiness.observed(workload)
                    return seen if not seen.ready else _readiness.complete(workload)
            return _readiness.hopeless(f"the {self._gateway} is gone")

        self._waiter.follow(self._api, _kinds.DEPLOYMENT, self._namespace, "", judge)

    def _patch_template_alone(self, item: Object) -> None:
        """Nothing runs, so nothing has to be held."""
        if not self._is_aimed(item):
            patch = _gateway_hold.hold(item, self._gateway.labels_for(self._target), _now())
            self._patch({"spec": {"template": patch["spec"]["template"]}})

    def _old_pods(self) -> list[Pod]:
        return [pod for pod in self._own_listed() if not self._target.accepts(pod)]

    def _own_listed(self) -> list[Pod]:
        return [pod for pod in self._listed() if pod.mark is None]

    def _own(self, items: Iterable[Object]) -> list[Pod]:
        pods = map(Pod.from_object, items)
        reference = self._gateway.workload.reference
        return [p for p in pods if p.owner == reference and p.live and p.mark is None]

    def _listed(self) -> list[Pod]:
        pods = map(Pod.from_object, self._api.list(_kinds.POD, self._namespace))
        return [p for p in pods if p.owner == self._gateway.workload.reference and p.live]

    def _read(self) -> Object:
        item = self._api.get(_kinds.DEPLOYMENT, self._gateway.name, self._namespace)
        if item is None:
            raise not_ready(_readiness.hopeless(f"the {self._gateway} is gone"))
        return item

    def _patch(self, body: Object) -> Object:
        return self._api.patch(_kinds.DEPLOYMENT, self._gateway.name, body, self._namespace)


def _now() -> str:
    return time.strftime(TIME, time.gmtime())
