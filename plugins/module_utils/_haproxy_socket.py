# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What HAProxy says of the servers of a backend on its runtime socket, and is told there.

https://docs.haproxy.org/2.6/management.html#9.3
"""

from __future__ import annotations

import csv
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
    RefusedError,
)

_TIMEOUT = 5.0
# The bits of srv_admin_state: why a server takes nothing, or nothing new.
_MAINTENANCE = 0x01 | 0x02 | 0x04 | 0x20 | 0x40
_DRAIN = 0x08 | 0x10
# The bit of srv_check_state and srv_agent_state that says that there is such a check.
_CONFIGURED = 0x02
# The check_status of a server of which no check has ended yet.
_NEVER_CHECKED = "INI"
# srv_op_state: it starts slowly, or runs. The others are stopped, and about to stop.
_RUNNING = ("1", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of a backend as one socket tells of it.

    `healthy` is None where nothing looks at it, or nothing has looked yet. `withheld` is in words
    why it is given nothing new whatever its weight is; empty where it is not so. `idle` is how many
    connections to it are kept open, which nobody uses at this moment.
    """

    name: str
    weight: int
    sessions: int
    idle: int = 0
    healthy: bool | None = None
    withheld: str = ""
    agent: bool = False
    backup: bool = False
    cookie: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One backend as one socket tells of it; `algorithm` is empty where the socket may not say."""

    socket: str
    name: str
    algorithm: str
    servers: Mapping[str, Server]


def read(address: str, name: str, wanted: Sequence[str]) -> Backend:
    """The backend at that socket; refused where it, or one of the servers, is not there."""
    states = _table(ask(address, f"show servers state {name}"), " ")
    if not states:
        raise BadInputError(
            f"HAProxy at {address} has no backend {name} with servers. Name one of those that"
            " `show backend` lists there."
        )
    servers = {each["srv_name"]: each for each in states}
    for each in wanted:
        if each not in servers:
            raise BadInputError(
                f"Backend {name} of HAProxy at {address} has no server {each}; right is one of"
                f" {', '.join(servers)}."
            )
    # 6 is servers and the backend itself.
    statistics = _table(ask(address, f"show stat {name} 6 -1"), ",")
    rows = {row["svname"]: row for row in statistics}
    pools = _table(ask(address, f"show servers conn {name}"), " ")
    idle = {each["bkname/svname"].partition("/")[2]: int(each["idle_cur"]) for each in pools}
    return Backend(
        socket=address,
        name=name,
        algorithm=rows.get("BACKEND", {}).get("algo", ""),
        servers={
            key: _server(state, rows.get(key, {}), idle.get(key, 0))
            for key, state in servers.items()
        },
    )


def refuse_powerless(address: str) -> None:
    """Refuse a socket that lets nobody set anything."""
    level = ask(address, "show cli level").strip()
    if level != "admin":
        raise RefusedError(
            f"The socket of HAProxy at {address} has the level {level} and sets no weights. Give it"
            " `level admin` in the configuration."
        )


def set_weights(address: str, backend: str, weights: Sequence[tuple[str, int]]) -> None:
    """Set them in that order, in one line, so that nothing comes between."""
    commands = (f"set server {backend}/{name} weight {weight}" for name, weight in weights)
    if said := " ".join(ask(address, ";".join(commands)).split()):
        raise MeshError(
            f"HAProxy at {address} does not set the weights of backend {backend}: {said} Mend that"
            " there, and run it again."
        )


def end_sessions(address: str, backend: str, server: str) -> None:
    """End every session that goes to the server at this moment."""
    if said := ask(address, f"shutdown sessions server {backend}/{server}").strip():
        raise MeshError(
            f"HAProxy at {address} does not end the sessions of {backend}/{server}: {said} Mend"
            " that there, and run it again."
        )


def ask(address: str, command: str) -> str:
    """What it answers."""
    try:
        with _connect(address) as connection:
            connection.sendall(f"{command}\n".encode())
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")
    except OSError as error:
        raise MeshError(
            f"HAProxy does not answer at {address}: {error.strerror or error}. See that it runs,"
            " and that the account of the module may use its socket."
        ) from error


def _connect(address: str) -> socket.socket:
    if "/" not in address:
        host, colon, port = address.rpartition(":")
        if not (colon and host and port.isdigit()):
            raise BadInputError(
                f"sockets: got '{address}'; right is the path of a socket, or host:port."
            )
        return socket.create_connection((host.strip("[]"), int(port)), timeout=_TIMEOUT)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_TIMEOUT)
    try:
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    return connection


def _table(text: str, delimiter: str) -> list[dict[str, str]]:
    """The rows under the line that begins with a hash; none where there is no such line."""
    _before, mark, table = text.partition("# ")
    lines = (line for line in table.splitlines() if line)
    return list(csv.DictReader(lines, delimiter=delimiter)) if mark else []


def _server(state: Mapping[str, str], row: Mapping[str, str], idle: int) -> Server:
    admin = int(state["srv_admin_state"])
    withheld = "in maintenance" if admin & _MAINTENANCE else ""
    agent = bool(int(state["srv_agent_state"]) & _CONFIGURED)
    return Server(
        name=state["srv_name"],
        weight=int(state["srv_uweight"]),
        sessions=int(row.get("scur") or 0),
        idle=idle,
        healthy=_health(state, row, agent=agent) and not withheld,
        withheld=withheld or ("set to drain" if admin & _DRAIN else ""),
        agent=agent,
        backup=row.get("bck") == "1",
        cookie=row.get("cookie", ""),
    )


def _health(state: Mapping[str, str], row: Mapping[str, str], *, agent: bool) -> bool | None:
    checked = bool(int(state["srv_check_state"]) & _CONFIGURED)
    tracked = row.get("tracked", "") not in ("", "0")
    if not (checked or agent or tracked):
        return None
    # It is taken to be up until the first check has ended. The result of the last one is forgotten
    # with the beginning of the next, and the status is not.
    if checked and row.get("check_status") == _NEVER_CHECKED:
        return None
    return state["srv_op_state"] in _RUNNING
