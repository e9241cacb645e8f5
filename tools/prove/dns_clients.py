# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that ask a resolver before each request, and where their requests went."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.exception
import urllib3

from sandbox.cluster import INGRESS_PORT

_PAUSE = 0.5
_TIMEOUT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request: when it was sent, to which address, and how it failed, if it did."""

    at: float
    address: str
    error: str = ""


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Clients of one resolver."""

    visits: list[Visit] = field(default_factory=list)

    def last_at(self, address: str) -> float | None:
        """When the last of its requests went there."""
        return max((each.at for each in self.visits if each.address == address), default=None)

    def failures(self) -> list[str]:
        return [each.error for each in self.visits if each.error]


@contextmanager
def crowd(count: int, lookup: Callable[[], Sequence[str]]) -> Iterator[Crowd]:
    """So many clients, each with a request every half a second, for as long as it lasts."""
    found = Crowd()
    over = threading.Event()

    def go_on() -> None:
        # Not all at the same moment.
        over.wait(random.uniform(0, _PAUSE))  # noqa: S311 - it hides nothing
        while not over.wait(_PAUSE):
            found.visits.append(visit(lookup))

    threads = [threading.Thread(target=go_on) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        over.set()
        for thread in threads:
            thread.join()


def visit(lookup: Callable[[], Sequence[str]]) -> Visit:
    """Ask for the address, and then that for the shop by a connection of its own."""
    try:
        address = random.choice(lookup())  # noqa: S311 - it hides nothing
    except (OSError, dns.exception.DNSException, ValueError) as error:
        return Visit(at=time.time(), address="", error=repr(error))
    at = time.time()
    try:
        answer = urllib3.request(
            "GET",
            f"http://{address}:{INGRESS_PORT}/account",
            headers={"Connection": "close"},
            timeout=_TIMEOUT,
            retries=False,
        )
    except urllib3.exceptions.HTTPError as error:
        return Visit(at=at, address=address, error=repr(error))
    is_fine = answer.status == 200
    return Visit(at=at, address=address, error="" if is_fine else f"status {answer.status}")
