# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Wait until proxies are as they shall be."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _proxy
from ansible_collections.meshwright.istio.plugins.module_utils._asking import resolve_option
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._proxy import Proxy, State
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_reader import Look, Reader
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import (
    Wanted,
    check_version,
    describe,
)

# A word to the person who waits, though nothing has changed.
_WORD_EVERY = 5.0
_SHORTEST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0
_TEXT = 250
_NAMED = 5

Lack = tuple[Proxy, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What every selected proxy shall be."""

    wanted: Wanted
    synced: bool

    def __str__(self) -> str:
        parts = [
            *([f"on {self.wanted}"] if self.wanted != Wanted() else []),
            *(["synced"] if self.synced else []),
        ]
        return " and ".join(parts)

    def missing(self, proxies: Iterable[Proxy]) -> list[Lack]:
        """Those that are not so yet, and why."""
        return _proxy.missing(proxies, self.wanted, synced=self.synced)

    def forbids(self, pod: Pod) -> str | None:
        """Why no istiod needs to be asked yet; the pod itself tells that it is too early."""
        # A version is left to the istiod: a tag of an image need not be what the proxy reports.
        if Wanted(revision=self.wanted.revision).lacks(pod):
            return f"is on {describe(pod.revision, pod.version)}"
        return "is pending" if self.synced and pod.phase == "Pending" else None

    @classmethod
    def from_params(cls, params: Mapping[str, Any], injectors: Iterable[Injector]) -> Goal | None:
        """Read the options; None where nothing is waited for."""
        given = params["wait_condition"]
        if not params["wait"]:
            _refuse(given is not None, "wait_condition: given without wait; right is wait: true.")
            return None
        seconds = params["wait_timeout"]
        _refuse(seconds < 1, f"wait_timeout: got {seconds}; right is at least 1 second.")
        condition = given or {"revision": None, "version": None, "synced": True}
        _refuse(
            not any(condition.values()),
            "wait_condition: asks for nothing; right is a revision, a version, or synced: true.",
        )
        name = condition["revision"]
        _refuse(
            name is not None and params["revision"] is not None,
            "wait_condition.revision: given beside revision, which leaves out all other proxies;"
            " right is one of the two.",
        )
        revision = name and resolve_option("wait_condition.revision", name, injectors)
        version = check_version("wait_condition.version", condition["version"])
        return cls(wanted=Wanted(revision=revision, version=version), synced=condition["synced"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, and what to say meanwhile."""

    seconds: float
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic


def _refuse(wrong: bool, text: str) -> None:
    if wrong:
        raise BadInputError(text)


def wait(reader: Reader, goal: Goal, patience: Patience) -> Look:
    """The first look in which nobody is missing; NotReadyError after the time.

    A busy proxy is between two messages in every look, but never between the same.
    """
    deadline = patience.clock() + patience.seconds
    look = seen = reader.look()
    reader.follow()
    pause = _SHORTEST_PAUSE
    while lacking := goal.missing(look.proxies):
        left = deadline - patience.clock()
        if left <= 0:
            raise _too_late(goal, patience, lacking, look)
        patience.say(_describe(goal, lacking, len(look.proxies)))
        reader.wait(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        _wait_for_pods(reader, goal, patience, deadline)
        before, seen = seen, reader.look()
        look = seen.after(before)
    return look


def look_twice(reader: Reader, pause: float = 0.7) -> Look:
    """A look; a second one where a proxy may only be between two messages, or two connections."""
    first = reader.look()
    passing = (State.STALE, State.NOT_CONNECTED)
    if not any(proxy.state in passing for proxy in first.proxies):
        return first
    time.sleep(pause)
    return reader.look().after(first)


def _wait_for_pods(reader: Reader, goal: Goal, patience: Patience, deadline: float) -> None:
    """By the watch alone: while a pod is of the wrong revision there is nothing to ask for."""
    while (left := deadline - patience.clock()) > 0:
        pods = [pod for pod in reader.pods() if pod.live]
        lacking = [(pod.key, reason) for pod in pods if (reason := goal.forbids(pod))]
        if not lacking:
            return
        texts = [f"{key} {reason}" for key, reason in lacking]
        patience.say(_sentence(goal, texts, len(pods)))
        reader.wait(min(_WORD_EVERY, left))


def _describe(goal: Goal, lacking: Sequence[Lack], total: int) -> str:
    return _sentence(goal, [f"{proxy.key} {reason}" for proxy, reason in lacking], total)


def _sentence(goal: Goal, texts: Sequence[str], total: int) -> str:
    more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    # An Envoy that rejects its listeners names each of them; the result has all of it.
    named = [textwrap.shorten(text, _TEXT, placeholder=" ...") for text in texts[:_NAMED]]
    return f"{len(texts)} of {total} proxies not yet {goal}: {'; '.join(named)}{more}"


def _too_late(goal: Goal, patience: Patience, lacking: Sequence[Lack], look: Look) -> NotReadyError:
    return NotReadyError(
        f"After {patience.seconds:g} s {_describe(goal, lacking, len(look.proxies))}."
        " Look at the pods and istiods named here, or give more time with wait_timeout.",
        missing=[{**proxy.summary(), "missing": reason} for proxy, reason in lacking],
        **look.report("none"),
    )
