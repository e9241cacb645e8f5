# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The share of two servers of a backend of HAProxy: in every socket, and in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _haproxy_config,
    _haproxy_socket,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._haproxy_file import ConfigFile
from ansible_collections.meshwright.istio.plugins.module_utils._haproxy_socket import (
    Backend,
    Server,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The weights of the two, which decide what share each gets."""

    source: int
    target: int

    @classmethod
    def of(cls, share: int) -> Weights:
        """Those of a share of the target in per cent; refused where it is none."""
        if not 0 <= share <= 100:
            raise BadInputError(f"share: got {share}; right is a whole number from 0 to 100.")
        return cls(source=100 - share, target=share)

    @property
    def share(self) -> float:
        """The share of the target in per cent; 0 where neither gets anything."""
        total = self.source + self.target
        found = round(100 * self.target / total, 2) if total else 0
        return int(found) if found == int(found) else found

    def gives_as(self, other: Weights) -> bool:
        """Whether the shares are the same."""
        same = self.source * other.target == other.source * self.target
        return same and bool(self.source + self.target) == bool(other.source + other.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Director:
    """What the user named."""

    sockets: tuple[str, ...]
    backend: str
    source: str
    target: str
    config: ConfigFile | None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Director:
        """Read a module's options; refused where they make no sense."""
        if not params["sockets"]:
            raise BadInputError("sockets: got none; right is one or more of HAProxy's sockets.")
        if params["source_server"] == params["target_server"]:
            raise BadInputError(
                f"source_server and target_server are both {params['source_server']}; right are"
                " two servers of the backend."
            )
        name, program = params["config"], params["haproxy_path"]
        return cls(
            sockets=tuple(dict.fromkeys(params["sockets"])),
            backend=params["backend"],
            source=params["source_server"],
            target=params["target_server"],
            config=ConfigFile(name=name, program=program) if name else None,
        )

    def read(self) -> Reading:
        """How it stands in every place."""
        names = (self.source, self.target)
        backends = [_haproxy_socket.read(each, self.backend, names) for each in self.sockets]
        text = self.config.read() if self.config else ""
        return Reading(director=self, backends=tuple(backends), text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How it stood in every place at one moment; `text` is that of the file."""

    director: Director
    backends: tuple[Backend, ...]
    text: str

    @property
    def object(self) -> str:
        return f"backend {self.director.backend} of HAProxy at {', '.join(self.director.sockets)}"

    @property
    def share(self) -> float:
        """The share of the target that the first socket has in force."""
        return self.at(self.backends[0]).share

    def at(self, backend: Backend) -> Weights:
        """The weights at one socket."""
        source, target = self.pair(backend)
        return Weights(source=source.weight, target=target.weight)

    def pair(self, backend: Backend) -> tuple[Server, Server]:
        """Source and target as one socket tells of them."""
        return backend.servers[self.director.source], backend.servers[self.director.target]

    @property
    def in_file(self) -> Weights | None:
        """The weights that a reload would set; None without a file."""
        director = self.director
        if director.config is None:
            return None
        source, target = (
            _haproxy_config.find(self.text, director.config.name, director.backend, each).weight
            for each in (director.source, director.target)
        )
        return Weights(source=source, target=target)

    @property
    def reason(self) -> str:
        """Why the share does not hold; empty where it does."""
        first, name = self.at(self.backends[0]), self.director.backend
        for backend in self.backends:
            found = self.at(backend)
            if not found.gives_as(first):
                return (
                    f"the target has {first.share} % of backend {name} at"
                    f" {self.backends[0].socket} and {found.share} % at {backend.socket}"
                )
            if doubt := self._doubt(backend):
                return doubt
        kept = self.in_file
        if kept is not None and self.director.config and not kept.gives_as(first):
            return (
                f"the target has {first.share} % of backend {name} at the sockets and"
                f" {kept.share} % in {self.director.config.name}, which a reload would set"
            )
        return ""

    def _doubt(self, backend: Backend) -> str:
        """Why the weights at one socket are not the whole truth."""
        for server in self.pair(backend):
            if server.weight and server.withheld:
                return f"server {server.name} is {server.withheld} at {backend.socket}"
        if not any(server.weight for server in self.pair(backend)):
            return f"both servers have the weight 0 at {backend.socket}"
        if others := self.others(backend):
            return f"{others} at {backend.socket} has a weight too"
        return ""

    def others(self, backend: Backend) -> str:
        """The other servers that get a part, by name."""
        own = (self.director.source, self.director.target)
        return ", ".join(
            f"server {each.name}"
            for each in backend.servers.values()
            if each.name not in own and each.weight and not each.backup
        )

    def summary(self) -> dict[str, Any]:
        """What a result says of it."""
        reason, kept = self.reason, self.in_file
        pairs = [(backend, *self.pair(backend)) for backend in self.backends]
        return {
            "share": self.share,
            "holds": not reason,
            "reason": reason,
            "healthy": {
                "source": _together([source.healthy for _backend, source, _target in pairs]),
                "target": _together([target.healthy for _backend, _source, target in pairs]),
            },
            "sessions": {
                "source": sum(source.sessions for _backend, source, _target in pairs),
                "target": sum(target.sessions for _backend, _source, target in pairs),
            },
            "idle": {
                "source": sum(source.idle for _backend, source, _target in pairs),
                "target": sum(target.idle for _backend, _source, target in pairs),
            },
            "sockets": [
                {"socket": backend.socket, "source": _entry(source), "target": _entry(target)}
                for backend, source, target in pairs
            ],
            "file": kept and asdict(kept),
            "object": self.object,
        }


def _together(found: list[bool | None]) -> bool | None:
    """What several sockets think of one server: the worst."""
    if False in found:
        return False
    return None if None in found else True


def _entry(server: Server) -> dict[str, Any]:
    return {
        "server": server.name,
        "weight": server.weight,
        "sessions": server.sessions,
        "healthy": server.healthy,
        "withheld": server.withheld,
    }
