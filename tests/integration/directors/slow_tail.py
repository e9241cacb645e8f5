# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The slow tail of a switch by DNS: when the clients behind resolvers have moved.

`tools/in_venv.sh -m tests.integration.directors.slow_tail 60` measures one time to live, by
resolvers that obey it and by one that keeps every answer for twice as long and half a minute.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import dns.query
import dns.tsig
import dns.update

from tests.integration.directors import dns_servers
from tests.integration.directors.dns_servers import (
    BLUE,
    GREEN,
    HOST,
    KEY,
    RECORD,
    SECRET,
    ZONE,
    Authority,
)

# They come to know the record at different times, each a part of the time to live later.
OBEDIENT = 4
CLIENTS = 10
_LOOK_SECONDS = 0.05


@dataclass
class Client:
    """Keeps an answer for as long as its resolver says, and then asks again."""

    resolver: int
    keeps: bool = True
    expires: float = 0.0
    moved: float | None = None

    def look(self) -> None:
        """The first answer without the old address counts."""
        if time.monotonic() >= self.expires:
            found = dns_servers.resolve(self.resolver)
            self.expires = time.monotonic() + found.ttl if self.keeps else 0.0
            if self.moved is None and BLUE not in found.addresses:
                self.moved = time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Seconds from the switch until half of the clients had moved, and until the last had."""

    half: float
    last: float

    @classmethod
    def of(cls, clients: Sequence[Client], switched: float) -> Tail:
        seconds = sorted((client.moved or 0.0) - switched for client in clients)
        return cls(half=seconds[len(seconds) // 2], last=seconds[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of the clients of resolvers that obey, and of the one that does not."""

    obedient: Tail
    stubborn: Tail


def measure(
    folder: Path, servers: Authority, *, ttl: int, least: int, switch: Callable[[], object]
) -> Figures:
    """Switch while clients go on asking; the record has this time to live already.

    The stubborn resolver keeps an answer for at least `least` seconds.
    """
    with ExitStack() as stack:
        ports = [
            stack.enter_context(dns_servers.resolver(folder / f"obedient-{each}", servers))
            for each in range(OBEDIENT)
        ]
        stubborn = stack.enter_context(
            dns_servers.resolver(folder / "stubborn", servers, least_ttl=least)
        )
        clients: list[Client] = []
        stop = threading.Event()
        thread = threading.Thread(target=_go_on, args=(clients, stop))
        thread.start()
        try:
            for port in ports:
                time.sleep(ttl / OBEDIENT)
                clients += [Client(resolver=port) for _ in range(CLIENTS)]
            # The last ones and these have just been told when it is switched.
            clients += [Client(resolver=stubborn) for _ in range(CLIENTS)]
            time.sleep(0.5)
            # Not a client: it asks the server itself, all the time, and so knows the moment.
            first = Client(resolver=servers.primary, keeps=False)
            clients.append(first)
            switch()
            ended = time.monotonic()
            while any(client.moved is None for client in clients):
                assert time.monotonic() < ended + ttl + 2 * least, "some have not moved"
                assert thread.is_alive(), "a client got no answer"
                time.sleep(_LOOK_SECONDS)
        finally:
            stop.set()
            thread.join()
    switched = first.moved or 0.0
    return Figures(
        obedient=Tail.of([each for each in clients if each.resolver in ports], switched),
        stubborn=Tail.of([each for each in clients if each.resolver == stubborn], switched),
    )


def write(servers: Authority, address: str, *, ttl: int) -> None:
    """One update, by no part of the collection, until both servers have it."""
    update = dns.update.UpdateMessage(f"{ZONE}.")
    update.replace(RECORD, ttl, "A", address)
    update.use_tsig(dns.tsig.Key(f"{KEY}.", SECRET, "hmac-sha256"))
    assert dns.query.tcp(update, HOST, port=servers.primary, timeout=5).rcode() == 0
    wanted = dns_servers.Found(addresses=(address,), ttl=ttl)
    while any(dns_servers.resolve(port) != wanted for port in servers.ports):
        time.sleep(_LOOK_SECONDS)


def _go_on(clients: Sequence[Client], stop: threading.Event) -> None:
    while not stop.is_set():
        for client in tuple(clients):
            client.look()
        time.sleep(_LOOK_SECONDS)


def main() -> None:
    """Measure one time to live, by an update of our own."""
    ttl = int(sys.argv[1])
    dns_servers.install()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with dns_servers.authority(folder) as servers:
            write(servers, BLUE, ttl=ttl)
            figures = measure(
                folder,
                servers,
                ttl=ttl,
                least=2 * ttl + 30,
                switch=lambda: write(servers, GREEN, ttl=ttl),
            )
    for name, tail in (("obedient", figures.obedient), ("stubborn", figures.stubborn)):
        print(f"TTL {ttl}, {name}: half {tail.half:.1f} s, last {tail.last:.1f} s")  # noqa: T201


if __name__ == "__main__":
    main()
