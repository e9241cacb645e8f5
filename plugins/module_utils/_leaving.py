# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The pods of one workload that are on their way out, and each step of that way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _envoy,
    _readiness,
    _sidecar_limits,
    _stand_in_pod,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage
from ansible_collections.meshwright.istio.plugins.module_utils._drained import Drained, Log
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._hiding import Hiding, Ticks
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import POD
from ansible_collections.meshwright.istio.plugins.module_utils._lock import TIME
from ansible_collections.meshwright.istio.plugins.module_utils._mark import Mark, let_go
from ansible_collections.meshwright.istio.plugins.module_utils._patience import QUIET, Patience
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._witness import (
    Knowledge,
    Leaver,
    Witness,
)
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


class Leaving:
    """What has been done with the pods of a workload; it knows of its own writes at once."""

    def __init__(  # noqa: PLR0913 - what it works with
        self,
        api: Api,
        witness: Witness,
        workload: Reference,
        passage: Passage,
        patience: Patience,
        *,
        clock: Callable[[], float] = time.monotonic,
        gateway: bool = False,
        ticks: Ticks | None = None,
    ) -> None:
        self._api = api
        self._witness = witness
        self._workload = workload
        self._passage = passage
        self._patience = patience
        self._clock = clock
        self._gateway = gateway
        self._hiding = Hiding(api, witness, clock, ticks or Ticks())
        self._written: dict[str, Pod] = {}
        self._gone: set[str] = set()
        self._out: dict[str, Pod] = {}
        self._since: dict[str, float] = {}
        self._known_since: dict[str, float] = {}
        self._log = Log()
        self.done: list[Drained] = []
        self.wrote = False

    def begin(self) -> None:
        """Make sure that the proxies can be asked, before any pod leaves."""
        self._witness.start()

    def pods(self, seen: Iterable[Pod]) -> list[Pod]:
        """The pods as they are, although the watch may not have told of the last writes yet."""
        found = {pod.uid: pod for pod in seen if pod.live and pod.uid not in self._gone}
        for uid, pod in self._written.items():
            if uid in found:
                found[uid] = replace(found[uid], mark=pod.mark)
        for pod in [each for uid, each in self._out.items() if uid not in found]:
            self._close(pod)
        return [pod for _uid, pod in sorted(found.items())]

    @property
    def any(self) -> bool:
        """Whether a pod has left its Services and is still there."""
        return bool(self._out)

    def release(self, pod: Pod) -> None:
        """Let its controller make a successor, while it serves on."""
        mark = Mark(workload=self._workload, labels={self._passage.release: pod.template})
        if self._write(pod, mark, mark.patch({self._passage.release: let_go(pod.template)})):
            self._log.write(pod, released=_now())

    def make_stand_in(self, workload: Workload, beside: Pod) -> None:
        """Make a pod of the workload's template on the node of that one."""
        _stand_in_pod.create(self._api, workload, beside)
        self.wrote = True

    def take_out(self, pod: Pod, *, at_once: bool = False) -> None:
        """Take it out of its Services; to be called until it has left."""
        before = pod.mark.labels if pod.mark else {}
        if not at_once and not self._hiding.is_over(self._leaver(pod)):
            self.wrote = True
            self._note(pod)
            return
        self._send_out(pod, before, self._passage.departure.changes)

    def leave(self, pod: Pod, *, spare: bool = True) -> None:
        """Let its controller and its Services go of it at once, since it is not needed.

        Without `spare` also where what it has open may be cut for that, as it serves nobody well.
        """
        release, departure = self._passage.release, self._passage.departure
        chosen = {} if departure.by_readiness and spare else departure.changes
        before = {release: pod.template} if release and pod.mark is None else {}
        changes = {**chosen, **dict.fromkeys(before, let_go(pod.template))}
        if self._send_out(pod, pod.mark.labels if pod.mark else before, changes) and before:
            self._log.write(pod, released=_now())

    def is_known_to_have_left(self, pod: Pod) -> bool:
        """Whether every proxy knows that it takes no more requests."""
        return self._witness.about(pod).complete

    def see_off(self, pods: Sequence[Pod]) -> Readiness:
        """Delete those that nobody asks any more and that have answered everybody."""
        waiting = [found for found in map(self._see_off, pods) if not found.ready]
        return waiting[0] if waiting else _readiness.READY

    def dismiss(self, pod: Pod) -> Readiness:
        """Take a pod away that is not ready: it gets no requests, but may have some left."""
        if pod.phase == "Pending":
            self._delete(pod)
        else:
            self.leave(pod)
        return _readiness.waiting(f"pod {pod.name} was not ready and was taken away")

    def give_back(self, pods: Iterable[Pod]) -> None:
        """Undo it: the controller takes the pod back, and one that is not ready away.

        Stand-ins have no controller. One that is ready may be all that serves.
        """
        for pod in pods:
            if pod.mark is not None and pod.mark.labels:
                self._write(pod, None, pod.mark.erase())
                self._out.pop(pod.uid, None)
                self._witness.forget(pod)
            elif pod.mark is not None and not pod.ready:
                self._delete(pod)

    def _see_off(self, pod: Pod) -> Readiness:
        if self._passage.departure.by_readiness:
            if pod.ready and not self._hiding.hide(self._leaver(pod)):
                self._hiding.let_kubelet_see(pod)
                return _readiness.waiting(f"pod {pod.name} is still ready for its kubelet")
            self._note(pod)
        self._out.setdefault(pod.uid, pod)
        since = self._since.setdefault(pod.uid, self._clock())
        self._witness.watch(self._leaver(pod))
        known = self._witness.about(pod)
        self._log.write(pod, proxies=known.proxies)
        self._log.add(pod, open_at_out=known.open)
        if known.since is None:
            return _readiness.waiting(f"pod {pod.name} has left: {known.describe()}")
        known_since = self._known_since.setdefault(pod.uid, known.since)
        self._log.add(pod, acknowledged=_now())
        if waits_for := self._waits_for(pod, known, since, known_since):
            return _readiness.waiting(waits_for)
        seemed_idle = self._gateway and known.open == 0
        is_idle = seemed_idle and _envoy.is_idle(self._api, pod.name, pod.namespace)
        if seemed_idle and not is_idle and self._clock() < since + self._patience.limit:
            return _readiness.waiting(f"pod {pod.name}: a client has come back to it")
        if known.open:
            self._log.write(pod, limits=_sidecar_limits.describe(self._api, pod))
        self._delete(pod)
        if is_idle:
            _envoy.end_at_once(self._api, pod.name, pod.namespace)
        self._close(pod)
        return _readiness.waiting(f"pod {pod.name} has answered everybody and ends")

    def _leaver(self, pod: Pod) -> Leaver:
        return Leaver(pod=pod, by_name=self._passage.departure.hosts, gateway=self._gateway)

    def _waits_for(self, pod: Pod, known: Knowledge, out: float, acknowledged: float) -> str:
        """What it still has to wait for since those moments; nothing when it may go."""
        if not known.is_answered:
            return f"pod {pod.name} has left, and is asked what it has open"
        now, limit = self._clock(), self._patience.limit
        if known.open is None or self._passage.departure.headless or self._gateway:
            # A client of a gateway may keep its connection and say nothing for a while.
            end = max(acknowledged + self._patience.hold, (known.busy or 0) + QUIET)
            if min(end, out + limit) > now:
                return f"pod {pod.name} has left, and is held for {self._patience.hold} s"
        if known.open and out + limit > now:
            return f"pod {pod.name}: {known.open} requests are open, waiting up to {limit} s"
        return ""

    def _close(self, pod: Pod) -> None:
        """It is gone, by our hand or by another's."""
        seconds = round(self._clock() - self._since[pod.uid], 1)
        open_at_end = self._witness.about(pod).open
        self._log.write(pod, ended=_now(), open_at_end=open_at_end, seconds=seconds)
        self._out.pop(pod.uid, None)
        self._witness.forget(pod)
        self.done.append(self._log.of(pod))

    def _delete(self, pod: Pod) -> None:
        self._api.delete(POD, pod.name, pod.namespace)
        self.wrote = True
        self._gone.add(pod.uid)

    def _send_out(self, pod: Pod, before: Mapping[str, str], changes: Mapping[str, str]) -> bool:
        labels = {**self._passage.departure.before, **before}
        mark = Mark(workload=self._workload, labels=labels, out=True)
        if not self._write(pod, mark, mark.patch(changes)):
            return False
        if self._passage.departure.by_readiness and not self._passage.departure.is_in(changes):
            return True
        self._note(pod)
        # Who found it ready again in between may have to learn once more that it is not.
        self._witness.watch(self._leaver(pod))
        self._witness.doubt(pod)
        self._out[pod.uid] = pod
        return True

    def _note(self, pod: Pod) -> None:
        """That it gets no new requests, since the first of the steps that see to that."""
        self._log.add(pod, out=_now())
        if self.is_known_to_have_left(pod):
            self._log.add(pod, acknowledged=_now())
        self._since.setdefault(pod.uid, self._clock())

    def _write(self, pod: Pod, mark: Mark | None, patch: Object) -> bool:
        """Whether it was there; somebody may have evicted it a moment ago."""
        try:
            self._api.patch(POD, pod.name, patch, pod.namespace)
        except ApiError as error:
            if error.status != 404:
                raise
            self._gone.add(pod.uid)
            return False
        self.wrote = True
        self._written[pod.uid] = replace(pod, mark=mark)
        return True


def _now() -> str:
    return time.strftime(TIME, time.gmtime())
