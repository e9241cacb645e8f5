# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""One workload that is being restarted, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Task, Todo

_BEGUN = _readiness.waiting("it has begun")


class Action(StrEnum):
    """What became of a workload."""

    RESTARTED = "restarted"
    AWAITED = "awaited"
    RESTORED = "restored"
    STARTED = "started"
    GONE = "gone"
    FAILED = "failed"
    NOT_BEGUN = "not_begun"


DONE = {
    Task.RESTART: Action.RESTARTED,
    Task.AWAIT: Action.AWAITED,
    Task.RESTORE: Action.RESTORED,
}


class Work(Protocol):
    """What is done with one workload; see `_restart.Restart`."""

    @property
    def asked(self) -> bool: ...

    @property
    def wrote(self) -> bool: ...

    @property
    def done(self) -> int: ...

    @property
    def drained(self) -> list[dict[str, Any]]: ...

    def begin(self) -> None: ...

    def look(self) -> Readiness: ...

    def insist(self) -> bool: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...

    def explain(self, readiness: Readiness) -> str: ...


@dataclass(slots=True, kw_only=True)
class Flight:
    """One workload in the window.

    `moved` is when it began, or its last pod was drained; `hopeless_since` when it began to look
    so.
    """

    todo: Todo
    restart: Work
    since: float
    moved: float
    done: int = 0
    budgets: frozenset[tuple[str, str]] = frozenset()
    hopeless_since: float | None = None
    last: Readiness = _BEGUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one workload, and why."""

    todo: Todo
    action: Action
    reason: str
    seconds: float | None = None
    wrote: bool = False
    drained: Sequence[Mapping[str, Any]] = ()

    @property
    def reference(self) -> Reference:
        return self.todo.reference
