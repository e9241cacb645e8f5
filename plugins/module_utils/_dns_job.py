# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Look at a record on all of its servers, and wait until they show what was written."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _dns_ask
from ansible_collections.meshwright.istio.plugins.module_utils._dns_answer import Picture, Server
from ansible_collections.meshwright.istio.plugins.module_utils._dns_share import Sides
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    NotReadyError,
)

# A secondary is told of a change at once, so that it mostly has it after one of these.
_PAUSE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time that passes."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is asked, of whom, and what shall be seen."""

    question: _dns_ask.Question
    servers: tuple[Server, ...]
    sides: Sides | None
    share: int | None
    shares: tuple[int, ...]
    ttl: int | None
    wait_timeout: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Job:
        """Read the options; refused where they contradict each other."""
        _dns_ask.check_installed()
        servers = tuple(map(Server.from_text, params["servers"]))
        if not servers:
            raise BadInputError("servers: got none; right is at least one address.")
        if params["wait_timeout"] < 1:
            raise BadInputError(
                f"wait_timeout: got {params['wait_timeout']}; right is a second or more."
            )
        return cls(
            question=_dns_ask.Question.from_params(params),
            servers=servers,
            sides=Sides.from_params(params),
            share=params["share"],
            shares=tuple(params["shares"]),
            ttl=params["ttl"],
            wait_timeout=params["wait_timeout"],
        )

    def look(self) -> Picture:
        """Ask all servers at the same time."""
        with ThreadPoolExecutor(len(self.servers)) as pool:
            answers = pool.map(lambda server: _dns_ask.ask(server, self.question), self.servers)
            return Picture(
                record=str(self.question.record), answers=tuple(answers), sides=self.sides
            )

    def check(self, picture: Picture, *, updates: bool) -> None:
        """Refuse what cannot be switched."""
        picture.check_complete()
        if self.sides is not None:
            self.sides.check(self.shares)
        if updates:
            _dns_ask.check_updates(self.servers[0], self.question)

    def wait(self, clock: Clock) -> Picture:
        """Look until every server shows what is wanted."""
        end = clock.monotonic() + self.wait_timeout
        while True:
            picture = self.look()
            if picture.equal and picture.shows(self.wanted(picture), self.ttl):
                return picture
            if clock.monotonic() >= end:
                raise NotReadyError(
                    f"{picture.record} is not on every server after {self.wait_timeout} s as it was"
                    f" written: {picture.disagreement() or 'all have something else'}. Look whether"
                    " the servers take over the zone from the first of them; what was written"
                    " stands.",
                    **self.result(picture),
                )
            clock.sleep(_PAUSE)

    def wanted(self, picture: Picture) -> Sequence[str]:
        """The addresses that express the share; without one, those that are there."""
        if self.sides is None or self.share is None:
            return picture.addresses
        return self.sides.addresses(self.share)

    def result(self, picture: Picture) -> dict[str, Any]:
        """The facts, as the module returns them."""
        first = self.servers[0]
        return {
            **picture.result(),
            "servers": [asdict(answer) for answer in picture.answers],
            "primary": {"host": first.host, "port": first.port},
            "wanted": list(self.wanted(picture)),
        }
