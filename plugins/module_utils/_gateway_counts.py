# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How much traffic a gateway's Envoy has, by its own numbers.

Which of them it keeps is up to the proxyStatsMatcher of its installation. By default these are the
hosts that it sends to, and how many connections the whole process has; those of probes and scrapes
are among these.
https://www.envoyproxy.io/docs/envoy/latest/configuration/listeners/stats
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ansible_collections.meshwright.istio.plugins.module_utils import _envoy
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api

_USERS, _TELEMETRY = "http.outbound_", "istio_requests_total"
_FILTER = (
    r"^(listener|http)\..*downstream_(cx_active|rq_active|rq_total)$"
    rf"|^server\.total_connections$|{_TELEMETRY}"
)
PATH = f"/stats?filter={quote(_FILTER, safe='')}"
# What looks at the proxy itself: probes, scrapes, its own administration.
_OWN_LISTENER = re.compile(r"^listener\.(admin|.*_(15000|15020|15021|15090))\.|\.worker_\d+\.")
_STAT = re.compile(r"^(.+): (\d+)$", re.MULTILINE)
_HOST = re.compile(rb"^(outbound\|[^\n]*?)::([^\n]+?)::(rq_active|rq_total)::(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one Envoy has at one moment.

    `exact` is whether the sessions are those of users alone; otherwise there are no more than
    these. `totals` are its counters of requests by what counts, the best of them first.
    """

    sessions: int
    open_requests: int
    exact: bool
    totals: Mapping[str, Mapping[str, int]]

    @property
    def best(self) -> dict[str, dict[str, int]]:
        """The counter that tells most exactly how many requests users have sent."""
        name = next(iter(self.totals))
        return {name: dict(self.totals[name])}


def read(api: Api, pod: str, namespace: str) -> Counts:
    """Ask the Envoy of that pod."""
    kept = _parse(_envoy.ask(api, pod, namespace, PATH))
    listeners, sessions = kept.sum("listener."), kept.sum(_USERS, "downstream_cx_active")
    active, total = (
        kept.sum(_USERS, "downstream_rq_active"),
        kept.sum(_USERS, "downstream_rq_total"),
    )
    totals: dict[str, Mapping[str, int]] = {}
    if total is not None:
        totals["http"] = {"requests": total}
    if kept.telemetry:
        totals["telemetry"] = kept.telemetry
    if None not in (listeners, active, total):
        return Counts(sessions=listeners or 0, open_requests=active or 0, exact=True, totals=totals)
    hosts = _hosts(_envoy.clusters(api, pod, namespace))
    totals["hosts"] = hosts["rq_total"]
    sent = sum(hosts["rq_active"].values())
    if listeners is None and sessions is not None:
        # What is sent on beyond the requests are connections without a protocol.
        listeners = sessions + max(0, sent - (sent if active is None else active))
    return Counts(
        sessions=max(kept.connections, sent) if listeners is None else listeners,
        open_requests=sent if active is None else active,
        exact=listeners is not None,
        totals=totals,
    )


def since(then: Mapping[str, Any], now: Mapping[str, Mapping[str, int]]) -> int | None:
    """How many requests came between two states of the same counters; None where none is in both.

    What is lower than before has begun anew.
    """
    for name, counters in now.items():
        if name in then:
            before = then[name]
            return sum(
                count - before.get(key, 0) if count >= before.get(key, 0) else count
                for key, count in counters.items()
            )
    return None


def most(then: Mapping[str, Any], now: Mapping[str, Mapping[str, int]]) -> int:
    """The same by the counter that has seen most: one may not see all kinds of them."""
    found = [since({name: then[name]}, {name: now[name]}) for name in now if name in then]
    return max((each for each in found if each is not None), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """The statistics that the Envoy keeps, of those that were asked for."""

    numbers: Mapping[str, int]

    def sum(self, prefix: str, suffix: str = "downstream_cx_active") -> int | None:
        """Over all that begin and end so; None where such numbers are not kept at all.

        They are where the Envoy tells those of its own administration.
        """
        family = prefix.partition(".")[0]
        if not any(
            each.startswith(f"{family}.") and each.endswith(suffix) for each in self.numbers
        ):
            return None
        return sum(
            number
            for name, number in self.numbers.items()
            if name.startswith(prefix) and name.endswith(suffix) and not _OWN_LISTENER.search(name)
        )

    @property
    def telemetry(self) -> dict[str, int]:
        """The requests that Istio's own telemetry has counted; none where there is none.

        Envoy forgets a number that was not used for long, so each stands for itself. Their names
        are as long as a page.
        """
        found: Counter[str] = Counter()
        for name, number in self.numbers.items():
            if _TELEMETRY in name:
                found[f"{zlib.crc32(name.encode()):08x}"] += number
        return dict(found)

    @property
    def connections(self) -> int:
        return self.numbers.get("server.total_connections", 0)


def _parse(body: bytes) -> _Kept:
    text = body.decode(errors="replace")
    return _Kept(numbers={name: int(number) for name, number in _STAT.findall(text)})


def _hosts(body: bytes) -> dict[str, dict[str, int]]:
    """What it has sent to each host of a Service, and what is open there."""
    found: dict[str, dict[str, int]] = {"rq_active": {}, "rq_total": {}}
    for cluster, host, fact, number in _HOST.findall(body):
        if count := int(number):
            found[fact.decode()][f"{cluster.decode()}::{host.decode()}"] = count
    return found
