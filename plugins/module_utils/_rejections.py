# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether a new pod is not ready because its proxy rejects what the new istiod sends.

Kubernetes says no more than that a container is not ready, for up to ten minutes. The istiod knows
the reason at once.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.meshwright.istio.plugins.module_utils import _istiod, _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Sync

# Most pods are ready before that, and nobody has to be asked.
_SUSPECT = 8.0
_ASK_EVERY = 2.0
# Envoy says the same of each listener; the rest is in the result of proxy_status.
_LONGEST = 300


class Rejections:
    """What the istiods in some namespaces say; they are asked only while a pod is suspect."""

    def __init__(
        self, api: Api, namespaces: Iterable[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api = api
        self._namespaces = sorted(namespaces)
        self._clock = clock
        self._unready_since: dict[str, float] = {}
        self._asked = float("-inf")
        self._errors: Mapping[str, str] = {}

    def among(self, pods: Iterable[Pod]) -> Readiness:
        """The first of these new pods whose proxy rejects its configuration."""
        now = self._clock()
        for pod in pods:
            if pod.ready or not pod.live or pod.revision is None:
                continue
            since = self._unready_since.setdefault(pod.uid, now)
            if now - since < _SUSPECT:
                continue
            self._ask(now)
            if error := self._errors.get(pod.key):
                said = textwrap.shorten(error, _LONGEST, placeholder=" …")
                return _readiness.hopeless(f"the proxy of pod {pod.name} rejects {said}")
        return _readiness.READY

    def _ask(self, now: float) -> None:
        if now - self._asked < _ASK_EVERY:
            return
        self._asked = now
        istiods = [
            istiod
            for namespace in self._namespaces
            for istiod in _istiod.find_istiods(self._api, namespace)
        ]
        found = _istiod.newest(_istiod.ask_all(self._api, istiods))
        self._errors = {
            key: connection.error
            for key, (_istiod_of, connection) in found.items()
            if connection.sync is Sync.REJECTED
        }
