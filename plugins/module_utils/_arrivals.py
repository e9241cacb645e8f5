# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""New pods of a workload, which count once they have been ready for as long as it asks.

That is measured from when they were seen ready: the cluster's clock may be another than ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


class Arrivals:
    """Since when each pod of one workload is ready."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._trusted: frozenset[str] = frozenset()
        self._since: dict[str, float] = {}

    def trust(self, pods: Iterable[Pod]) -> None:
        """These have been there for long, and count whenever they are ready."""
        self._trusted = frozenset(pod.uid for pod in pods)

    def early(self, workload: Workload, pods: Iterable[Pod]) -> list[Pod]:
        """Those that are ready and have not been so for long enough."""
        now, found = self._clock(), []
        for pod in pods:
            if not pod.ready:
                self._since.pop(pod.uid, None)
            elif pod.uid not in self._trusted:
                since = self._since.setdefault(pod.uid, now)
                if now - since < workload.ready_seconds:
                    found.append(pod)
        return found

    def full(self, workload: Workload, members: Sequence[Pod]) -> Readiness:
        """Whether as many pods as there shall be are ready to take requests."""
        live = [pod for pod in members if pod.live]
        ready, early = sum(pod.ready for pod in live), len(self.early(workload, live))
        if ready - early >= workload.desired:
            return _readiness.READY
        if ready >= workload.desired:
            seconds = workload.ready_seconds
            return _readiness.waiting(f"its new pods have to be ready for {seconds} s")
        return _readiness.waiting(f"{ready} of {workload.desired} pods are ready")
