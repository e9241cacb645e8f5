# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Let the Services of a pod find it unready before it leaves them by its labels.

istiod makes the listeners of a proxy from the Services that select its pod. A pod that leaves by
its labels loses them with the next push, which may reach it before the others learn that it has
left: what they send it meanwhile is answered with 503 by a sidecar, with 404 by a gateway. One that
is not ready is no endpoint either, and keeps its listeners.

The kubelet knows better. Every ten seconds it compares what it knows of its pods with what is said
of them, and puts that right; so the labels change when it has just done that. Whether it has is
asked: a watch tells of both changes at once where they are near each other. Nothing has to be put
back where a run ends in between.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.meshwright.istio.plugins.module_utils import _unready
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import POD
from ansible_collections.meshwright.istio.plugins.module_utils._patience import UNDERWAY
from ansible_collections.meshwright.istio.plugins.module_utils._pod import HIDDEN, Pod
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Leaver, Witness

_UNREADY = {
    "type": "Ready",
    "status": "False",
    "reason": HIDDEN,
    "message": "It is on its way out and shall get no new requests.",
}
# How often a kubelet puts the status of its pods right: `syncPeriod` of its status manager.
_PERIOD = 10.0
# How long before that a pod must not change its labels, and how late we may see what was done.
_MARGIN = 1.5
# How often it is asked whether the kubelet has done so, at most.
_PAUSE = 0.5
# It is only safer than to leave by labels alone: what cannot be asked is not waited for.
_LIMIT = 25.0


class Ticks:
    """When kubelets put the status of pods right, by node; of all pods of a run."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float] | None] = {}

    def note(self, node: str, moment: float, doubt: float = 0.0) -> None:
        """It was seen at that moment that it had done so, in the `doubt` seconds before.

        What is known better is kept, unless it says that it was another time.
        """
        if held := self._seen.get(node):
            age = (moment - held[0]) % _PERIOD
            another = doubt + _MARGIN < age < _PERIOD - _MARGIN - held[1]
            if doubt > held[1] and not another:
                return
        self._seen[node] = (moment, doubt)

    def note_none(self, node: str) -> None:
        """It was not seen to do so in all of a period."""
        self._seen[node] = None

    def is_known(self, node: str) -> bool:
        """Whether that node's were seen, or seen not to be."""
        return node in self._seen

    def is_far(self, node: str, now: float) -> bool:
        """Whether it is known not to do so in the next moments."""
        if node not in self._seen:
            return False
        seen = self._seen[node]
        if seen is None:
            return True
        moment, doubt = seen
        return (now - moment) % _PERIOD < _PERIOD - _MARGIN - doubt


class Hiding:
    """The pods that are hidden."""

    def __init__(
        self, api: Api, witness: Witness, clock: Callable[[], float], ticks: Ticks
    ) -> None:
        self._api = api
        self._witness = witness
        self._clock = clock
        self._ticks = ticks
        self._since: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._told: set[str] = set()
        self._forbidden = False

    def is_over(self, leaver: Leaver) -> bool:
        """Whether the pod may change its labels now; it is hidden with the first question."""
        pod, now = leaver.pod, self._clock()
        since = self._since.get(pod.uid)
        if since is None:
            return not pod.ready or pod.revision is None or not self.hide(leaver)
        if now - since >= _LIMIT:
            return True
        known = self._witness.about(pod).since
        # What was sent before is to meet a pod that still has its listeners.
        arrived = known is not None and now - known >= UNDERWAY
        over = arrived and self._ticks.is_far(pod.node, now)
        unseen = now - self._asked[pod.uid]
        if over or unseen >= _PAUSE:
            found = self._api.get(POD, pod.name, pod.namespace)
            if found is None or found["metadata"]["uid"] != pod.uid:
                # It is gone, as the watch will tell.
                return False
            if Pod.from_object(found).ready:
                self._ticks.note(pod.node, now, unseen)
                return not self.hide(leaver)
            self._asked[pod.uid] = now
        if now - since >= _PERIOD + _MARGIN and not self._ticks.is_known(pod.node):
            # This one does not care.
            self._ticks.note_none(pod.node)
        return over

    def hide(self, leaver: Leaver) -> bool:
        """Hide one that is ready, for the first time or again.

        Not where it is gone, or the right to patch the status of pods is missing.
        """
        if self._forbidden:
            return False
        pod = leaver.pod
        try:
            self._api.patch(
                POD,
                pod.name,
                {"status": {"conditions": [_UNREADY]}},
                pod.namespace,
                patch_type="strategic",
                subresource="status",
            )
        except ApiError as error:
            if error.status not in (403, 404):
                raise
            self._forbidden = error.status == 403
            return False
        self._asked[pod.uid] = self._clock()
        self._since.setdefault(pod.uid, self._asked[pod.uid])
        self._witness.watch(leaver)
        self._witness.doubt(pod)
        return True

    def let_kubelet_see(self, pod: Pod) -> None:
        """Where it cannot be hidden, let it answer its kubelet once that it is not ready."""
        if pod.uid in self._told:
            return
        try:
            _unready.make_unready(self._api, pod)
        except ApiError as error:
            if error.status != 404:
                raise
        self._told.add(pod.uid)
