# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Let the Services of a pod find it unready before it leaves them by its labels.

istiod makes the listeners of a proxy from the Services that select its pod. A pod that leaves by
its labels loses them with the next push, which may reach it before the others learn that it has
left: what they send it meanwhile is answered with 503 by a sidecar, with 404 by a gateway. One that
is not ready is no endpoint either, and keeps its listeners.

The kubelet knows better and says within 10 s that the pod is ready. Until then it has left by its
labels, or it is hidden again. Nothing has to be put back where a run ends in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import POD
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Leaver, Witness

_UNREADY = {
    "type": "Ready",
    "status": "False",
    "reason": "MeshwrightDraining",
    "message": "It is on its way out and shall get no new requests.",
}
# It is only safer than to leave by labels alone: what cannot be asked is not waited for.
_LIMIT = 10.0


@dataclass(slots=True)
class _Case:
    since: float
    seen_unready: bool = False
    known_since: float | None = None


class Hiding:
    """The pods that are hidden, each for `hold` seconds since all knew and nobody asked it."""

    def __init__(
        self, api: Api, witness: Witness, clock: Callable[[], float], hold: float = 0.0
    ) -> None:
        self._api = api
        self._witness = witness
        self._clock = clock
        self._hold = hold
        self._cases: dict[str, _Case] = {}
        self._forbidden = False

    def is_over(self, leaver: Leaver) -> bool:
        """Whether the pod may change its labels now; it is hidden with the first question."""
        pod = leaver.pod
        case = self._cases.get(pod.uid)
        if case is None:
            if not pod.ready or pod.revision is None or not self._hide(leaver):
                return True
            self._cases[pod.uid] = _Case(since=self._clock())
            return False
        if pod.ready and case.seen_unready:
            case.seen_unready = False
            self._witness.forget(pod)
            return not self._hide(leaver)
        case.seen_unready = case.seen_unready or not pod.ready
        now = self._clock()
        known = self._witness.about(pod)
        if known.complete and case.known_since is None:
            case.known_since = now
        if case.known_since is None:
            return now - case.since >= _LIMIT
        quiet = now - max(case.known_since, known.busy or 0)
        if known.complete and quiet >= self._hold:
            return True
        return now - case.known_since >= self._hold + _LIMIT

    def _hide(self, leaver: Leaver) -> bool:
        """Whether it is; not where it is gone, or the right to patch the status is missing."""
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
        self._witness.watch(leaver)
        return True
