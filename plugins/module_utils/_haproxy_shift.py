# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Give two servers of a backend of HAProxy another share: first the sockets, then the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _haproxy_config,
    _haproxy_socket,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
    NotReadyError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._haproxy import Reading, Weights
from ansible_collections.meshwright.istio.plugins.module_utils._haproxy_socket import Backend
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change

# They take no weights at run time, or heed none.
_FIXED = ("static-rr", "first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """From what was read to what is wanted."""

    reading: Reading
    wanted: Weights

    def refuse_unfit(self) -> None:
        """Refuse a share that would not be what users get, or that cannot be set."""
        for backend in self.reading.backends:
            where = f"Backend {backend.name} of HAProxy at {backend.socket}"
            if backend.algorithm in _FIXED:
                raise RefusedError(
                    f"{where} balances by {backend.algorithm}, which heeds no weights at run time."
                    " Let it balance by roundrobin, leastconn or random."
                )
            if others := self.reading.others(backend):
                raise RefusedError(
                    f"{where} has more than the two servers that get requests: {others}. Give the"
                    " others the weight 0, since a share is one of two."
                )
            for server, weight in zip(self.reading.pair(backend), self._pair, strict=True):
                if weight and server.withheld:
                    raise RefusedError(
                        f"{where} has server {server.name} {server.withheld}, so it would get"
                        f" nothing. `set server {backend.name}/{server.name} state ready` there"
                        " ends that."
                    )
            _haproxy_socket.refuse_powerless(backend.socket)
        if self._file_differs and self.reading.director.config:
            self.reading.director.config.refuse_unwritable()

    def changes(self) -> list[Change]:
        """Every place as it is and as it is to be."""
        director, kept = self.reading.director, self.reading.in_file
        places = [
            (f"{director.backend} at {each.socket}", self.reading.at(each))
            for each in self.reading.backends
        ]
        if kept is not None and director.config is not None:
            places.append((f"{director.backend} in {director.config.name}", kept))
        return [
            Change(
                name=name,
                before=asdict(there),
                after=asdict(there if there.gives_as(self.wanted) else self.wanted),
            )
            for name, there in places
        ]

    def carry_out(self) -> list[str]:
        """Set it where it is not in force yet; what is to be known of the file, in words.

        The file comes last, so that it never keeps what no socket has taken. A kill between the two
        shows as a share that does not hold, and the next call finishes it.
        """
        director = self.reading.director
        config = director.config
        if config is None or not self._file_differs:
            self._set()
            return []
        weights = {director.source: self.wanted.source, director.target: self.wanted.target}
        text = _haproxy_config.rewrite(self.reading.text, config.name, director.backend, weights)
        said = config.prepare(text)
        try:
            self._set()
        except MeshError:
            config.discard()
            raise
        config.replace()
        return [said] if said else []

    @property
    def doubts(self) -> list[str]:
        """What makes the share mean less than it seems."""
        sticky = sorted(
            {
                server.name
                for backend in self.reading.backends
                for server in self.reading.pair(backend)
                if server.cookie
            }
        )
        if not sticky:
            return []
        return [
            f"Clients with the cookie of server {' or '.join(sticky)} of backend"
            f" {self.reading.director.backend} stay with it whatever its weight is."
        ]

    @property
    def _pair(self) -> tuple[int, int]:
        return self.wanted.source, self.wanted.target

    @property
    def _file_differs(self) -> bool:
        kept = self.reading.in_file
        return kept is not None and not kept.gives_as(self.wanted)

    def _set(self) -> None:
        reading = self.reading
        wrong = [each for each in reading.backends if not reading.at(each).gives_as(self.wanted)]
        for backend in wrong:
            _haproxy_socket.set_weights(backend.socket, backend.name, self._commands(backend))
        if wrong:
            self._confirm()

    def _commands(self, backend: Backend) -> Sequence[tuple[str, int]]:
        """The one that gets more comes first, so that there is always one with a weight."""
        director = self.reading.director
        source, target = (director.source, self.wanted.source), (director.target, self._pair[1])
        rises = self.wanted.share > self.reading.at(backend).share
        return (target, source) if rises else (source, target)

    def _confirm(self) -> None:
        """Fail where a socket says otherwise right after it was set."""
        reading = self.reading.director.read()
        for backend in reading.backends:
            found = reading.at(backend)
            if not found.gives_as(self.wanted):
                agents = " and ".join(each.name for each in reading.pair(backend) if each.agent)
                why = f"the agent check of {agents}" if agents else "something else"
                raise NotReadyError(
                    f"The target has {found.share} % of backend {backend.name} at {backend.socket}"
                    f" right after {self.wanted.share} % were set: {why} sets weights there too."
                    " End that, and run it again."
                )


def shut(reading: Reading) -> None:
    """End the sessions that go to the source, at every socket."""
    for backend in reading.backends:
        _haproxy_socket.end_sessions(backend.socket, backend.name, reading.director.source)


def together(readings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was read on several hosts, as one; refused where there is none."""
    if not readings:
        raise BadInputError("readings: got none; right is what was returned on each host.")
    first = readings[0]
    reason = next((str(each["reason"]) for each in readings if each["reason"]), "")
    for each in readings:
        if each["share"] != first["share"] and not reason:
            reason = (
                f"the target has {first['share']} % in {first['object']} and {each['share']} % in"
                f" {each['object']}"
            )
    return {
        "share": first["share"],
        "holds": not reason,
        "reason": reason,
        "healthy": {side: _worst(readings, side) for side in ("source", "target")},
        "sessions": _sums(readings, "sessions"),
        "idle": _sums(readings, "idle"),
        "sockets": [place for each in readings for place in each["sockets"]],
        "file": first["file"],
        "object": "; ".join(dict.fromkeys(str(each["object"]) for each in readings)),
    }


def _sums(readings: Sequence[Mapping[str, Any]], name: str) -> dict[str, int]:
    return {side: sum(each[name][side] for each in readings) for side in ("source", "target")}


def _worst(readings: Sequence[Mapping[str, Any]], side: str) -> bool | None:
    found = [each["healthy"][side] for each in readings]
    if False in found:
        return False
    return None if None in found else True
