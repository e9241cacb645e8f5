# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By DNS it takes until the last client has asked again: how long, and who waits for it.

A real authoritative server with a secondary, and real resolvers with clients behind them: one that
obeys the time to live, and one that keeps answers longer.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update

from sandbox.errors import SandboxError
from tests.integration.directors import dns_servers
from tests.integration.directors.dns_servers import HOST, KEY, RECORD, SECRET, ZONE, Authority
from tools.prove import dns_clients
from tools.prove.both import Both, journal
from tools.prove.dns_clients import Crowd
from tools.prove.mesh import keep

# The time to live while it is switched, that of before, and what the other resolver makes of it.
_TIMES = ((60, 60, 150), (5, 20, 60))
_CLIENTS = 6
# A client may have asked a moment before, and be answered a moment later.
_SLACK = 3.0
_PAUSE = 0.05
# The journal knows seconds only.
_RESOLUTION = 1.0


def prove(both: Both, _options: argparse.Namespace) -> bool:
    """With a long time to live and with a short one."""
    dns_servers.install()
    figures = [_switch(both, *times) for times in _TIMES]
    keep("switchover_dns", figures)
    return all(each["holds"] for each in figures)


def _switch(both: Both, ttl: int, ttl_before: int, kept: int) -> dict[str, Any]:
    both.reset()
    source, target = both.a.node_address, both.b.node_address
    with _name_servers(kept) as (authority, ports):
        _write(authority, ttl_before, source)
        with ExitStack() as stack:
            crowds = {
                name: stack.enter_context(dns_clients.crowd(_CLIENTS, _asks(port)))
                for name, port in ports.items()
            }
            moment = stack.enter_context(_noticing(authority, target))
            code = both.switch(both.a, both.b, **_variables(authority, source, target, ttl))
        message = both.failure() if code else ""
    if not moment:
        raise SandboxError(
            f"the record never led to {target}: {message}", "look at the log in build/prove"
        )
    found = figures(crowds, source=source, switched=moment[0], drained=_drained(both))
    found = {"ttl": ttl, "kept_by_the_other": kept, "code": code, "message": message, **found}
    found["holds"] = holds(found)
    print(f"DNS with a TTL of {ttl} s: {found}", flush=True)
    return found


def figures(
    crowds: dict[str, Crowd], *, source: str, switched: float, drained: float | None
) -> dict[str, Any]:
    """Seconds from the switch until the last request of each crowd, and until it was drained."""
    last = {name: crowd.last_at(source) or switched for name, crowd in crowds.items()}
    return {
        "requests": {name: len(crowd.visits) for name, crowd in crowds.items()},
        "failed": [error for crowd in crowds.values() for error in crowd.failures()],
        "last_moved_after": {name: round(at - switched, 1) for name, at in last.items()},
        "drained_after": None if drained is None else round(drained - switched, 1),
    }


def holds(found: dict[str, Any]) -> bool:
    """Nothing failed, who obeys came in time, and nobody was there when it was called drained."""
    last, drained = found["last_moved_after"], found["drained_after"]
    return (
        found["code"] == 0
        and not found["failed"]
        and last["obeying"] <= found["ttl"] + _SLACK
        and last["ignoring"] > last["obeying"]
        and drained is not None
        and drained + _RESOLUTION >= max(last.values())
    )


@contextmanager
def _name_servers(kept: int) -> Iterator[tuple[Authority, dict[str, int]]]:
    """The authoritative servers, and the ports of both resolvers."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        authority = stack.enter_context(dns_servers.authority(folder))
        obeying = dns_servers.resolver(folder / "obeying", authority)
        ignoring = dns_servers.resolver(folder / "ignoring", authority, least_ttl=kept)
        yield (
            authority,
            {
                "obeying": stack.enter_context(obeying),
                "ignoring": stack.enter_context(ignoring),
            },
        )


def _asks(port: int) -> Callable[[], Sequence[str]]:
    return lambda: dns_servers.resolve(port).addresses


def _write(authority: Authority, ttl: int, address: str) -> None:
    """Let the record lead to one address, on both servers."""
    update = dns.update.UpdateMessage(
        ZONE, keyring=dns.tsigkeyring.from_text({KEY: SECRET}), keyalgorithm="hmac-sha256"
    )
    update.replace(RECORD, ttl, "A", address)
    answer = dns.query.tcp(update, HOST, port=authority.primary, timeout=5)
    if answer.rcode() != dns.rcode.NOERROR:
        raise SandboxError(f"the update was answered with {answer.rcode()}", "look at Knot's log")
    end = time.monotonic() + 30
    while dns_servers.resolve(authority.secondary).addresses != (address,):
        if time.monotonic() > end:
            raise SandboxError("the secondary did not follow", "look at Knot's log")
        time.sleep(_PAUSE)


@contextmanager
def _noticing(authority: Authority, address: str) -> Iterator[list[float]]:
    """The moment from which on the record leads to that address and to no other."""
    moment: list[float] = []
    over = threading.Event()

    def go_on() -> None:
        while not moment and not over.wait(_PAUSE):
            if dns_servers.resolve(authority.primary).addresses == (address,):
                moment.append(time.time())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield moment
    finally:
        over.set()
        thread.join()


def _variables(authority: Authority, source: str, target: str, ttl: int) -> dict[str, Any]:
    return {
        "switchover_director": "dns",
        "switchover_dns": {
            "servers": authority.servers,
            "zone": ZONE,
            "record": RECORD,
            "source_addresses": [source],
            "target_addresses": [target],
            "key_name": KEY,
            "key_secret": SECRET,
            "ttl": ttl,
        },
        "switchover_steps": [100],
        # Those of the example go through HAProxy, which has no part in this.
        "switchover_front_probes": [],
        "switchover_soak": 5,
        "switchover_drain_timeout": 400,
    }


def _drained(both: Both) -> float | None:
    """When the journal says that the source was drained."""
    times = [
        each["time"] for each in journal(both.a).get("history", ()) if each["phase"] == "drained"
    ]
    return datetime.fromisoformat(times[0]).timestamp() if times else None
