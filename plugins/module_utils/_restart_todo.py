# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is to be done with workloads, and what is left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._surge import Footing
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


class Task(StrEnum):
    """What a workload needs."""

    RESTART = "restart"
    AWAIT = "await"
    """A restart goes on already, perhaps of a run that was killed."""
    RESTORE = "restore"
    """All pods are right; a run before has left the strategy that it restarted with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """A workload that is to be worked on."""

    workload: Workload
    task: Task
    reason: str
    footing: Footing
    found: Mapping[str, int]
    passage: Passage | None = None
    """How its pods are drained; None where it is restarted as its controller does."""

    @property
    def reference(self) -> Reference:
        return self.workload.reference

    def change(self, wanted: Wanted) -> Change:
        """The workload before and after, for the diff."""
        before: dict[str, object] = {"pods": dict(self.found)}
        after: dict[str, object] = {"pods": dict(self.found)}
        if self.task is Task.RESTART:
            after["pods"] = {str(wanted): sum(self.found.values())}
        elif self.task is Task.RESTORE:
            before["strategy"] = "temporary"
            after["strategy"] = "as before the restart"
        return Change(name=str(self.reference), before=before, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What is not on what is wanted, and stays so; `blocked` where the user can mend the cause."""

    reference: Reference
    reason: str
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What will be done; `right` is the number of workloads that are right already.

    `left_out` are names that were given of what does not exist.
    """

    todo: tuple[Todo, ...]
    left: tuple[Left, ...]
    right: int
    left_out: tuple[str, ...] = ()
