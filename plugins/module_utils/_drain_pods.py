# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The pods of a workload that is drained, by where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

# What the scheduler says of a pod for which there is no node, as with full anti-affinity.
_CROWDED = "Unschedulable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pods:
    """Those of a workload: its own, those that serve until something stands in, those that left."""

    members: Sequence[Pod]
    waiting: Sequence[Pod]
    out: Sequence[Pod]

    @classmethod
    def of(cls, pods: Sequence[Pod]) -> Pods:
        """Sort them by their marks."""
        return cls(
            members=[pod for pod in pods if pod.mark is None],
            waiting=[pod for pod in pods if pod.mark and not pod.mark.out],
            out=[pod for pod in pods if pod.mark and pod.mark.out],
        )

    @property
    def serving(self) -> int:
        """How many are behind their Services."""
        return sum(pod.ready for pod in (*self.members, *self.waiting))

    @property
    def crowded(self) -> bool:
        """Whether some wait for successors that all find no node."""
        missing = [pod.trouble for pod in self.members if not pod.ready]
        return bool(self.waiting and missing) and all(
            trouble is not None and trouble.reason == _CROWDED for trouble in missing
        )

    def rest(self, workload: Workload, off: Sequence[Pod]) -> Readiness:
        """What is still to be done where these are to go."""
        if off:
            return _readiness.waiting(f"{len(off)} of {workload.desired} pods are to be replaced")
        if self.waiting:
            name = self.waiting[0].name
            return _readiness.waiting(f"pod {name} leaves next, as its successor is ready")
        return _readiness.READY

    @staticmethod
    def is_stand_in(pod: Pod) -> bool:
        """Whether its controller has never known it."""
        return pod.mark is not None and not pod.mark.labels
