# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxies in memory: each answers at a socket of its own, with the words of a real one.

How a real one behaves is tested on a real one.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_STATE = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight"
    " srv_time_since_last_change srv_check_status srv_check_result srv_check_health"
    " srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord"
)
# As one with two threads says it: each idle connection is that of one of them.
_CONNECTIONS = (
    "bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb"
    " idle_lim idle_cur idle_per_thr[2]"
)
_STATISTICS = "pxname,svname,scur,status,bck,tracked,cookie,algo,check_status,"


@dataclass(slots=True, kw_only=True)
class FakeServer:
    """`checks` are how many have ended, None where nothing looks at it; the next is under way."""

    weight: int
    sessions: int = 0
    idle: int = 0
    checks: int | None = None
    up: bool = True
    admin: int = 0
    agent: int = 0
    backup: bool = False
    cookie: str = ""

    @property
    def status(self) -> str:
        if self.checks is None:
            return ""
        return "* L4OK" if self.checks else "INI"


@dataclass(slots=True, kw_only=True)
class FakeHAProxy:
    """One process with a backend `pond`; `said` are the commands that it was given.

    What is in `deaf` keeps its weight, as where an agent check sets it again at once.
    """

    path: Path
    servers: dict[str, FakeServer]
    level: str = "admin"
    algorithm: str = "roundrobin"
    refusal: str = ""
    said: list[str] = field(default_factory=list)
    deaf: set[str] = field(default_factory=set)

    @property
    def weights(self) -> tuple[int, int]:
        return self.servers["heron"].weight, self.servers["stork"].weight

    def answer(self, line: str) -> str:
        """What it says to a line of commands."""
        return "".join(f"{self._answer(each.split())}\n" for each in line.split(";"))

    def _answer(self, words: list[str]) -> str:
        match words:
            case ["show", "servers", "state", name]:
                return self._state() if name == "pond" else "Can't find backend.\n"
            case ["show", "stat", *_which]:
                return self._statistics()
            case ["show", "servers", "conn", _name]:
                return self._connections()
            case ["show", "cli", "level"]:
                return f"{self.level}\n"
        self.said.append(" ".join(words))
        if self.level != "admin":
            return "Permission denied\n"
        return f"{self.refusal}\n" if self.refusal else self._obey(words)

    def _obey(self, words: list[str]) -> str:
        match words:
            case ["shutdown", "sessions", "server", name]:
                self.servers[name.removeprefix("pond/")].sessions = 0
            case ["set", "server", name, "weight", weight]:
                if name.removeprefix("pond/") not in self.deaf:
                    self.servers[name.removeprefix("pond/")].weight = int(weight)
            case _:
                return "Unknown command.\n"
        return ""

    def _state(self) -> str:
        rows = [
            f"3 pond {number} {name} 192.0.2.{number} {2 if each.up else 0} {each.admin}"
            f" {each.weight} 1 7 6 0 4 {0 if each.checks is None else 7}"
            f" {each.agent} 0 0 - 80 -"
            for number, (name, each) in enumerate(self.servers.items(), start=1)
        ]
        return "\n".join(["1", f"# {_STATE}", *rows, ""])

    def _statistics(self) -> str:
        rows = [
            f"pond,{name},{each.sessions},UP,{int(each.backup)},,{each.cookie},,{each.status},"
            for name, each in self.servers.items()
        ]
        return "\n".join(
            [f"# {_STATISTICS}", *rows, f"pond,BACKEND,0,UP,0,,,{self.algorithm},,", ""]
        )

    def _connections(self) -> str:
        rows = [
            f"pond/{name} 3/{number} 192.0.2.{number} 80 - 5000 {each.sessions} 9 9 {each.idle} 0"
            f" -1 {each.idle} {each.idle} 0"
            for number, (name, each) in enumerate(self.servers.items(), start=1)
        ]
        return "\n".join([f"# {_CONNECTIONS}", *rows, ""])


@contextmanager
def running(*haproxies: FakeHAProxy) -> Iterator[None]:
    """Let them answer at their sockets."""
    servers = [_serve(each) for each in haproxies]
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        for each in haproxies:
            each.path.unlink()


def _serve(haproxy: FakeHAProxy) -> socketserver.ThreadingUnixStreamServer:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            line = self.rfile.readline().decode().strip()
            self.wfile.write(haproxy.answer(line).encode())

    server = socketserver.ThreadingUnixStreamServer(str(haproxy.path), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
