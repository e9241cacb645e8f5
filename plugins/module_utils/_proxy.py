# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Proxies: which version each runs, on which istiod, and whether all is well with it."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional

from ansible_collections.meshwright.istio.plugins.module_utils._istiod import Istiod
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Connection, Sync
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted, describe

UNKNOWN = "unknown"
_ZTUNNEL = "ztunnel"
Asks = Callable[[Pod], Optional[str]]  # noqa: UP045 - evaluated, where pylint errs


class State(enum.StrEnum):
    """How a proxy and its istiod stand to each other."""

    SYNCED = "synced"
    STALE = "stale"
    REJECTED = "rejected"
    NOT_CONNECTED = "not_connected"
    PENDING = "pending"
    UNKNOWN = "unknown"


# There are thousands: this is made in a quarter of the time that a frozen dataclass takes.
class Proxy(NamedTuple):
    """One proxy.

    `reason` says why the state is not synced; `restart` why it waits for a restart. `version` is
    None where neither the proxy nor its image tells it, `type` and `istiod` where it is not
    connected.
    """

    namespace: str
    name: str
    type: str | None
    workload: str | None
    revision: str | None
    version: str | None
    state: State
    reason: str | None = None
    restart: str | None = None
    istiod: str | None = None
    ending: bool = False

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to say about it."""
        return self.state is State.SYNCED and self.restart is None and self.version is not None

    def summary(self) -> dict[str, Any]:
        """The entry of the module's result."""
        return {
            **self._asdict(),
            "state": str(self.state),
            "waiting_for_restart": bool(self.restart),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """What a proxy is judged by.

    `asks` gives the revision that a pod's labels ask for now; `versions` what the istiods of each
    revision run; `unasked` the istiods that run and did not answer.
    """

    asks: Asks
    versions: Mapping[str, frozenset[str | None]] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()

    @classmethod
    def of(cls, istiods: Iterable[Istiod], asks: Asks) -> Mesh:
        """The mesh of these control planes."""
        known = list(istiods)
        return cls(
            asks=asks,
            versions={
                revision: frozenset(i.version for i in known if i.revision == revision)
                for revision in {istiod.revision for istiod in known}
            },
            unasked=tuple(i.name for i in known if i.running and i.problem),
        )


def judge_pod(mesh: Mesh, pod: Pod, found: tuple[Istiod, Connection] | None) -> Proxy:
    """The proxy of a pod, with its connection where it has one."""
    istiod, connection = found or (None, None)
    version = (connection and connection.version) or pod.version
    state, reason = _connected(connection) if connection else _unconnected(mesh, pod)
    return Proxy(
        namespace=pod.namespace,
        name=pod.name,
        type=connection.type if connection else None,
        workload=f"{pod.owner.kind}/{pod.owner.name}" if pod.owner else None,
        revision=pod.revision,
        version=version,
        state=state,
        reason=reason,
        restart=_restart(mesh, pod, version),
        istiod=istiod.name if istiod else None,
        ending=pod.ending,
    )


def judge_connection(istiod: Istiod, connection: Connection) -> Proxy:
    """A proxy without a pod here: on a machine of its own, or in another cluster."""
    state, reason = _connected(connection)
    return Proxy(
        namespace=connection.namespace,
        name=connection.proxy,
        type=connection.type,
        workload=None,
        revision=istiod.revision,
        version=connection.version,
        state=state,
        reason=reason,
        istiod=istiod.name,
    )


def _connected(connection: Connection) -> tuple[State, str | None]:
    if connection.sync is Sync.SYNCED:
        return State.SYNCED, None
    if connection.sync is Sync.STALE:
        types = sorted(name for name, _nonce in connection.unanswered)
        if types:
            return State.STALE, f"it has not acknowledged {', '.join(types)}"
        return State.STALE, "nothing has been sent to it yet"
    return State.REJECTED, connection.error


def _unconnected(mesh: Mesh, pod: Pod) -> tuple[State, str]:
    said = f" ({pod.trouble.reason}: {pod.trouble.message})" if pod.trouble else ""
    if pod.phase == "Pending":
        return State.PENDING, f"its pod is pending{said}"
    if mesh.unasked:
        names = ", ".join(mesh.unasked)
        return State.UNKNOWN, f"it may be connected to {names}, which could not be asked"
    if pod.revision not in mesh.versions:
        return State.NOT_CONNECTED, f"its revision {pod.revision} has no istiod{said}"
    return State.NOT_CONNECTED, f"no istiod knows it{said}"


def _restart(mesh: Mesh, pod: Pod, version: str | None) -> str | None:
    """Why a new pod in its place would be another."""
    if pod.managed:
        # istiod replaces it by itself when its Gateway moves.
        return None
    asked = mesh.asks(pod)
    if asked is None:
        return "its labels ask for no sidecar any more"
    if asked != pod.revision:
        return f"its labels ask for {asked} now"
    offered = mesh.versions.get(asked, frozenset())
    if len(offered) != 1 or None in offered or version is None or version in offered:
        return None
    return f"the istiod of its revision is {next(iter(offered))} now"


def count(proxies: Iterable[Proxy]) -> dict[str, Any]:
    """The summary of the module's result; who is ending belongs to no revision any more."""
    every = list(proxies)
    known = [proxy for proxy in every if not proxy.ending]
    states = Counter(str(proxy.state) for proxy in known)
    return {
        "total": len(known),
        "by_state": {str(state): states[state] for state in State},
        "by_revision": _sorted(Counter(proxy.revision or UNKNOWN for proxy in known)),
        "by_version": _sorted(Counter(proxy.version or UNKNOWN for proxy in known)),
        "waiting_for_restart": sum(proxy.restart is not None for proxy in known),
        "ending": len(every) - len(known),
    }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def missing(proxies: Iterable[Proxy], wanted: Wanted, *, synced: bool) -> list[tuple[Proxy, str]]:
    """Those that are not yet as they shall be, and why.

    Pods that are ending do not matter, nor do ztunnels: they belong to a node and no revision.
    """
    return [
        (proxy, reason)
        for proxy in proxies
        if not proxy.ending
        and proxy.type != _ZTUNNEL
        and (reason := _lack(proxy, wanted, synced=synced))
    ]


def _lack(proxy: Proxy, wanted: Wanted, *, synced: bool) -> str | None:
    if wanted.lacks(proxy):
        return f"is on {describe(proxy.revision, proxy.version)}"
    if synced and proxy.state is not State.SYNCED:
        return f"is {proxy.state}: {proxy.reason}"
    return None
