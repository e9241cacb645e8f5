# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether a workload has been restarted: ready, why not, and whether it still can become so."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._update_strategy import UpdateType
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted, describe
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.plugins.module_utils.report import words

# Reasons with which a controller says that it has given up.
_STOPPED = frozenset(
    {
        "ProgressDeadlineExceeded",
        "ReplicaSetCreateError",
        "ReplicationControllerCreateError",
        "RolloutCancelled",
    }
)
# Reasons with which it says that it is done; they stay when a pod becomes unready later.
_DONE = frozenset({"NewReplicaSetAvailable", "NewReplicationControllerAvailable"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The answer; `can_improve` is False where waiting for longer seldom helps."""

    ready: bool
    reason: str = ""
    can_improve: bool = True


READY = Readiness(ready=True)


def waiting(reason: str) -> Readiness:
    """Not yet, and time may help."""
    return Readiness(ready=False, reason=reason)


def hopeless(reason: str) -> Readiness:
    """Not yet, and time alone seldom helps."""
    return Readiness(ready=False, reason=reason, can_improve=False)


def observed(workload: Workload | None, generation: int = 0) -> Readiness:
    """Whether the controller has looked at that generation; until then its status is old."""
    if workload is None:
        return hopeless("it was deleted while it restarted")
    if workload.generation < generation or workload.observed < workload.generation:
        return waiting("its controller has not looked at the change yet")
    return READY


def in_progress(workload: Workload) -> bool:
    """Whether its controller replaces pods already, as after a run that was killed."""
    if workload.restarting or workload.observed < workload.generation:
        return True
    kind, progressing = workload.update.type, workload.condition("Progressing")
    if workload.pod_by_pod or kind is UpdateType.EVICTION:
        return False
    if progressing is not None and progressing.reason in _STOPPED | _DONE:
        return False
    has_old = workload.updated < workload.desired or workload.total > workload.updated
    return has_old or (progressing is not None and progressing.status == "True")


def complete(workload: Workload) -> Readiness:
    """Whether the status says that every pod is of the newest template and available."""
    desired, kind = workload.desired, workload.update.type
    if workload.restarting:
        return waiting("its controller has not restarted every pod yet")
    if kind in (UpdateType.ROLLING, UpdateType.RECREATE) and not workload.pod_by_pod:
        if workload.updated < desired:
            return waiting(f"{workload.updated} of {desired} pods are of the new template")
        if workload.total > workload.updated:
            old = workload.total - workload.updated
            return waiting(words.count(old, "old pod is still to go", "old pods are still to go"))
    if workload.available < desired:
        return waiting(f"{workload.available} of {desired} pods are available")
    return READY


def restarted(
    workload: Workload, pods: Collection[Pod], wanted: Wanted, before: Collection[str]
) -> Readiness:
    """Whether it has rolled out, and every pod of it is new and what is wanted.

    `before` holds the uids of the pods that were there before the restart.
    """
    live = [pod for pod in pods if pod.live]
    replaced = [pod for pod in live if not (pod.uid in before and wanted.lacks(pod))]
    return _first_not_ready(
        (
            _failure(workload, pods),
            trouble_of(replaced),
            complete(workload),
            _arrival(workload, live, wanted, before),
        )
    )


def _arrival(
    workload: Workload, live: Collection[Pod], wanted: Wanted, before: Collection[str]
) -> Readiness:
    """Whether the pods are what the status made one believe."""
    off = [pod for pod in live if is_off(pod, wanted, before)]
    if off:
        found = [f"{pod.name} is on {describe(pod.revision, pod.version)}" for pod in off]
        by = f"; {workload.controller} may have undone it" if workload.controller else ""
        return hopeless(f"it has rolled out, and yet {_some(found)}{by}")
    if len(live) < workload.desired:
        return waiting(f"{len(live)} of {workload.desired} pods are there")
    return READY


def place(pod: Pod) -> tuple[int, str]:
    """By which to sort pods that are to be replaced: a StatefulSet's highest ordinal is first."""
    ordinal = re.search(r"-(\d+)$", pod.name)
    return (-int(ordinal[1]) if ordinal else 0, pod.name)


def is_off(pod: Pod, wanted: Wanted, before: Collection[str]) -> bool:
    """Whether the pod still has to go."""
    return wanted.lacks(pod, unknown_is_right=pod.uid not in before)


def _failure(workload: Workload, pods: Iterable[Pod]) -> Readiness:
    """What the conditions say of a rollout that has come to a stop."""
    progressing = workload.condition("Progressing")
    if progressing is not None and progressing.reason in _STOPPED:
        return hopeless(f"{progressing.reason}: {progressing.message}")
    return creation(workload, pods)


def creation(workload: Workload, pods: Iterable[Pod]) -> Readiness:
    """Whether its controller can make pods."""
    failing = workload.condition("ReplicaFailure")
    if failing is None or failing.status != "True":
        return READY
    text = f"no pod can be created: {failing.message}"
    # A quota may be full only until the pods that are ending are gone.
    return waiting(text) if any(pod.ending for pod in pods) else hopeless(text)


def trouble_of(pods: Iterable[Pod]) -> Readiness:
    """The first of these pods that will not get ready by waiting."""
    for pod in pods:
        trouble = pod.trouble
        if trouble is not None and trouble.hopeless:
            return hopeless(f"pod {pod.name}: {trouble.reason}: {trouble.message}")
    return READY


def explain(readiness: Readiness, pods: Iterable[Pod]) -> str:
    """The reason, and what the pods say that are not ready."""
    said = [
        f"pod {pod.name}: {pod.trouble.reason}: {pod.trouble.message}"
        for pod in pods
        if pod.live and pod.trouble is not None and pod.name not in readiness.reason
    ]
    return "; ".join([readiness.reason, *([_some(said)] if said else [])])


def _some(texts: list[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return ", ".join(texts[:3]) + more


def _first_not_ready(answers: Iterable[Readiness]) -> Readiness:
    return next((answer for answer in answers if not answer.ready), READY)
