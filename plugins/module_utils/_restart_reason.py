# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Why a workload is restarted, or is left as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._restart_flight import Outcome
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Left, Task
from ansible_collections.meshwright.istio.plugins.module_utils._surge import Footing
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted, describe
from ansible_collections.meshwright.istio.plugins.module_utils._workload import (
    EXCLUDE,
    KINDS,
    Workload,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report import words

_NAMED = 5


def of(off: Collection[Pod], total: int, task: Task, footing: Footing) -> str:
    """Why there is something to do, of so many pods those that are not right."""
    if task is Task.RESTORE:
        return "a run before has left it with another strategy"
    if not off:
        return "a restart goes on already"
    found = ", ".join(f"{number} on {name}" for name, number in count(off).items())
    going = "; a restart goes on already" if task is Task.AWAIT else ""
    gap = f"; no pod may be ready for a moment: {footing.gap}" if footing.gap else ""
    return f"{len(off)} of {total} pods are not right: {found}{going}{gap}"


def count(pods: Iterable[Pod]) -> dict[str, int]:
    """How many there are on each revision and version."""
    return dict(sorted(Counter(describe(pod.revision, pod.version) for pod in pods).items()))


def left(
    workload: Workload, off: Collection[Pod], asked: str | None, wanted: Wanted
) -> Left | None:
    """Why its pods stay as they are; None where they may be restarted.

    `asked` is the revision that its labels and those of its namespace ask for.
    """
    wrong_label = asked is None or wanted.revision not in (None, asked)
    answers = (
        (workload.excluded, f"its annotation {EXCLUDE} is true", False),
        (any(pod.managed for pod in off), "istiod deploys it, and replaces its pods", False),
        (workload.paused, "it is paused; resume it", True),
        (
            wrong_label,
            f"its labels and its namespace's ask for {asked or 'no sidecar'}, not for"
            f" {wanted}; change them, as with namespace_revision_label",
            True,
        ),
        (
            not workload.starts_on_change,
            "it has no trigger ConfigChange, so a change of its template starts nothing;"
            " start it with oc rollout latest",
            True,
        ),
    )
    return next(
        (
            Left(reference=workload.reference, reason=reason, blocked=blocked)
            for holds, reason, blocked in answers
            if holds
        ),
        None,
    )


def of_orphan(reference: Reference, number: int) -> str:
    """Why nobody can be asked to replace so many pods of that owner."""
    if reference.kind == "Pod":
        return "a bare pod has nobody who would make its successor"
    if reference.kind == "Job":
        return words.count(
            number, "pod runs to the end of its Job", "pods run to the end of their Job"
        )
    if reference.kind in KINDS:
        return words.count(
            number,
            f"pod is there, and its {reference.kind} is not",
            f"pods are there, and their {reference.kind} is not",
        )
    return words.count(
        number,
        f"pod belongs to a {reference.kind}, which cannot be asked to restart it",
        f"pods belong to a {reference.kind}, which cannot be asked to restart them",
    )


def listing(head: str, entries: Sequence[Outcome] | Sequence[Left]) -> str:
    """What became of the first of them, after these words; empty where there are none."""
    if not entries:
        return ""
    texts = [f"{each.reference}: {each.reason.rstrip('.')}" for each in entries]
    return f"{head}. {some(texts, '; ')}."


def some(texts: Sequence[str], between: str) -> str:
    """The first of them, and how many more there are."""
    more = f"{between}and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return between.join(texts[:_NAMED]) + more
