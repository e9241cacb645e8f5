# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Waiting for objects by a watch, until they are ready, cannot become so, or time is over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._watch import follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """How long to wait, and whom to tell."""

    deadline: float
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def start(cls, seconds: int, say: Callable[[str], None]) -> Waiter:
        """One that waits for so long from now on; BadInputError when it could not wait at all."""
        if seconds < 1:
            raise BadInputError(f"wait_timeout: got {seconds}; right is a second or more.")
        return cls(deadline=time.monotonic() + seconds, say=say)

    def follow(
        self, api: Api, kind: Kind, namespace: str | None, selector: str, judge: Callable[..., Any]
    ) -> None:
        """Wait until the judge finds the objects of that selector ready; NotReadyError if never."""
        readiness = _readiness.waiting("nothing was seen of it")
        for found in follow(
            api,
            kind,
            namespace,
            label_selector=selector,
            deadline=self.deadline,
            clock=self.clock,
        ):
            readiness = judge(list(found.values()))
            if readiness.ready:
                return
            if not readiness.can_improve:
                break
            self.say(f"waiting: {readiness.reason}")
        raise not_ready(readiness)


def not_ready(readiness: Readiness) -> NotReadyError:
    """The failure for what was last seen."""
    end = (
        "Waiting longer would not help" if not readiness.can_improve else "wait_timeout has passed"
    )
    return NotReadyError(
        f"{readiness.reason.rstrip('.')}. {end}; mend the cause and run it again, it goes on from"
        " here.",
        reason=readiness.reason,
        can_improve=readiness.can_improve,
    )
