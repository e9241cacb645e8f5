# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A sliding window over restarts: as soon as one has ended, the next begins."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._restart_flight import (
    DONE,
    Action,
    Flight,
    Outcome,
    Work,
)
from ansible_collections.meshwright.istio.plugins.module_utils._restart_request import Limits
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Task, Todo
from ansible_collections.meshwright.istio.plugins.module_utils._restart_turn import Turns

# What looks hopeless must do so for that long: two watches are not in step, and an image that
# cannot be pulled now may come with the next try.
PATIENCE = 5.0
_PAUSE = 1.0


class HasNews(Protocol):
    """What `Window` needs of a `_feed.Feed`."""

    def wait(self, seconds: float) -> bool: ...


@dataclass(slots=True, kw_only=True)
class Window:
    """Begins restarts, at most `limits.parallel` at once, and looks on until all have ended.

    `gone` says of one that did not succeed whether that is no failure, as it was deleted.
    """

    feed: HasNews
    limits: Limits
    start: Callable[[Todo], Work]
    turns: Turns
    say: Callable[[str], None]
    gone: Callable[[Todo], bool] = lambda _todo: False
    clock: Callable[[], float] = time.monotonic
    outcomes: list[Outcome] = field(default_factory=list)
    _queue: list[Todo] = field(default_factory=list)
    _flights: list[Flight] = field(default_factory=list)
    _held_since: dict[Reference, float] = field(default_factory=dict)

    def run(self, todo: Iterable[Todo]) -> None:
        """Restart them all; those that go on already are the first in the window."""
        self._queue = sorted(todo, key=lambda each: each.task is Task.RESTART)
        while self._fill() or self._flights:
            self.say(self._describe())
            self.feed.wait(_PAUSE)
            for flight in list(self._flights):
                self._guard(flight, partial(self._look, flight))
        self.close("max_failures was reached before its turn")

    def only_begin(self, todo: Iterable[Todo]) -> None:
        """Begin as many as may go on at once, and wait for none."""
        self._queue = sorted(todo, key=lambda each: each.task is Task.RESTART)
        self._fill()
        for flight in list(self._flights):
            self._end(flight, Action.STARTED, flight.todo.reason)
        self.close("max_parallel others go on already")

    @property
    def failures(self) -> int:
        return sum(outcome.action is Action.FAILED for outcome in self.outcomes)

    def _fill(self) -> bool:
        """Begin what may begin; whether anything is left that may begin later."""
        for todo in list(self._queue):
            if self.failures >= self.limits.failures:
                return False
            if len(self._flights) < self.limits.parallel:
                self._give_turn(todo)
        return bool(self._queue) and self.failures < self.limits.failures

    def _give_turn(self, planned: Todo) -> None:
        todo = self.turns.look_again(planned)
        if todo is None:
            self._drop(planned, Action.NOT_BEGUN, "it was deleted before its turn")
        elif self._may_begin(todo):
            self._begin(todo)

    def _drop(self, todo: Todo, action: Action, reason: str) -> None:
        self._leave_queue(todo)
        self.outcomes.append(Outcome(todo=todo, action=action, reason=reason, seconds=0.0))

    def _leave_queue(self, todo: Todo) -> None:
        self._queue = [each for each in self._queue if each.reference != todo.reference]

    def _may_begin(self, todo: Todo) -> bool:
        if todo.task is not Task.RESTART:
            return True
        if self._is_beside_another(todo):
            # However long that takes, it is given up itself where it does not go on.
            self._held_since.pop(todo.reference, None)
            return False
        answer = self.turns.allow(todo)
        if answer.ready:
            return True
        since = self._held_since.setdefault(todo.reference, self.clock())
        if self.clock() - since >= self.limits.seconds:
            self._drop(todo, Action.FAILED, answer.reason)
        return False

    def _is_beside_another(self, todo: Todo) -> bool:
        """Whether a workload under one of its disruption budgets restarts now."""
        return any(not flight.budgets.isdisjoint(self._names(todo)) for flight in self._flights)

    def _names(self, todo: Todo) -> frozenset[tuple[str, str]]:
        return frozenset((each.namespace, each.name) for each in self.turns.budgets(todo))

    def _begin(self, todo: Todo) -> None:
        self._leave_queue(todo)
        flight = Flight(
            todo=todo,
            restart=self.start(todo),
            since=self.clock(),
            moved=self.clock(),
            budgets=self._names(todo),
        )
        self._flights.append(flight)
        self._guard(flight, flight.restart.begin)

    def _guard(self, flight: Flight, step: Callable[[], None]) -> None:
        """A request that is refused is the failure of this workload alone."""
        try:
            step()
        except MeshError as error:
            self._give_up(flight, error.message)

    def _look(self, flight: Flight) -> None:
        flight.last = flight.restart.look()
        if flight.restart.done > flight.done:
            flight.done, flight.moved = flight.restart.done, self.clock()
        if flight.last.ready:
            flight.restart.finish()
            asked = flight.restart.asked
            action = Action.RESTARTED if asked else DONE[flight.todo.task]
            self._end(flight, action, flight.todo.reason)
        elif self._is_late(flight) or (self._is_lost(flight) and not self._insists(flight)):
            self._give_up(flight, flight.restart.explain(flight.last))

    def _give_up(self, flight: Flight, reason: str) -> None:
        """Let it leave nothing half done, as far as the API server lets it."""
        action = Action.FAILED
        try:
            if self.gone(flight.todo):
                action = Action.GONE
            else:
                flight.restart.abandon()
        except MeshError as error:
            reason = f"{reason.rstrip('.')}; {error.message}"
        self._end(flight, action, reason)

    def _is_lost(self, flight: Flight) -> bool:
        now = self.clock()
        if flight.last.can_improve:
            flight.hopeless_since = None
        elif flight.hopeless_since is None:
            flight.hopeless_since = now
        since = flight.hopeless_since
        return since is not None and now - since >= PATIENCE

    def _is_late(self, flight: Flight) -> bool:
        return self.clock() - flight.moved >= self.limits.seconds

    @staticmethod
    def _insists(flight: Flight) -> bool:
        flight.hopeless_since = None
        return flight.restart.insist()

    def _end(self, flight: Flight, action: Action, reason: str) -> None:
        self._flights.remove(flight)
        self.outcomes.append(
            Outcome(
                todo=flight.todo,
                action=action,
                reason=reason,
                seconds=round(self.clock() - flight.since, 1),
                wrote=flight.restart.wrote,
                drained=flight.restart.drained,
            )
        )

    def close(self, reason: str) -> None:
        """Nothing more is begun or waited for, for that reason.

        Pods that are on their way out are marked, and serve or have left; the next run goes on.
        """
        for flight in list(self._flights):
            self._end(flight, Action.FAILED, f"{reason}; last seen: {flight.last.reason}")
        self.outcomes += [
            Outcome(todo=todo, action=Action.NOT_BEGUN, reason=f"not begun: {reason}")
            for todo in self._queue
        ]
        self._queue = []

    def _describe(self) -> str:
        flights = [f"{each.todo.reference}: {each.last.reason}" for each in self._flights]
        return (
            f"{len(self.outcomes)} ended, {len(self._flights)} go on, {len(self._queue)} to come"
            + "".join(f"; {text}" for text in flights[:3])
        )
