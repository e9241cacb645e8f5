# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the Envoy of a pod says of itself, on the port where only the pod is listened to.

https://www.envoyproxy.io/docs/envoy/latest/operations/admin
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from ipaddress import ip_address

from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError

PORT = 15000
_TIMEOUT = 10.0
_INBOUND = b"inbound|"
_UNHEALTHY = b"health_flags::/failed_eds_health"
_OUTBOUND = b"outbound|"
# The requests that its listeners have open; an installation shows them or not, by the
# proxyStatsMatcher of its mesh configuration. /clusters shows them always, but forgets those of a
# cluster that was replaced, as when the pod has left its last Service.
_GAUGES = "/stats?filter=%5Ehttp%5C.(inbound%7Coutbound)_.*downstream_rq_active$"
_GAUGE = re.compile(rb"^http\.(inbound|outbound)_[^\n]*downstream_rq_active: (\d+)$", re.MULTILINE)
_ACTIVE = re.compile(rb"^((?:in|out)bound\|)[^\n]*::rq_active::(\d+)$", re.MULTILINE)
_SENT = re.compile(rb"^outbound\|[^\n]*::rq_total::(\d+)$", re.MULTILINE)


def ask(api: Api, pod: str, namespace: str, path: str) -> bytes:
    """Its answer to a GET of that path."""
    return api.pod_get(pod, namespace, port=PORT, path=path, timeout=_TIMEOUT)


def clusters(api: Api, pod: str, namespace: str) -> bytes:
    """The hosts that it would send requests to, one fact a line."""
    return ask(api, pod, namespace, "/clusters")


def gauges(api: Api, pod: str, namespace: str) -> bytes:
    """The numbers of requests that its listeners have open; empty where they are not kept."""
    return ask(api, pod, namespace, _GAUGES)


def send_clients_away(api: Api, pod: str, namespace: str) -> None:
    """Let it close each connection with the next answer, so that its clients come to another."""
    tell(api, pod, namespace, "/healthcheck/fail")


def is_idle(api: Api, pod: str, namespace: str) -> bool:
    """Whether that of a gateway has nothing open at this moment, and says so."""
    try:
        found = clusters(api, pod, namespace)
        listeners = gauges(api, pod, namespace)
    except ApiError:
        return False
    return count_open(found, listeners, gateway=True) == 0


def end_at_once(api: Api, pod: str, namespace: str) -> None:
    """Let it end, and with it the connections that its clients keep and do not use.

    Told to stop it would serve on for as long as terminationDrainDuration says, and then cut what
    a client has begun meanwhile on such a connection.
    """
    # Its kubelet ends it in any case, and may have done so already.
    with suppress(ApiError):
        tell(api, pod, namespace, "/quitquitquit")


def tell(api: Api, pod: str, namespace: str, path: str) -> None:
    """POST to that path of its admin port."""
    api.pod_get(pod, namespace, port=PORT, path=path, timeout=_TIMEOUT, method="POST")


def sends_to(found: bytes, address: str, *, not_by: Collection[str] = ()) -> bool:
    """Whether it may still choose that address by itself.

    Clusters of the hosts in `not_by` send where the client says, as for a headless Service. From
    1.31 on istiod also tells of pods that are not ready, as such, and no proxy chooses those.
    """
    left_out = tuple(f"||{host}".encode() for host in not_by)
    mark = f"::{_printed(address)}:".encode()
    known, unhealthy = set(), set()
    for line in _lines_with(found, mark):
        cluster, _mark, rest = line.partition(mark)
        if cluster.startswith(_OUTBOUND) and not cluster.endswith(left_out):
            port, _mark, fact = rest.partition(b"::")
            known.add((cluster, port))
            if fact.startswith(_UNHEALTHY):
                unhealthy.add((cluster, port))
    return bool(known - unhealthy)


def count_open(found: bytes, listeners: bytes, *, gateway: bool = False) -> int | None:
    """How many requests it has open for the pod's Services; None where that is not to be seen.

    A sidecar's are those that come in, a gateway's those that it has sent on.
    """
    side = _OUTBOUND if gateway else _INBOUND
    seen = [int(number) for kind, number in _ACTIVE.findall(found) if kind == side]
    counted = [int(number) for kind, number in _GAUGE.findall(listeners) if kind + b"|" == side]
    sums = [sum(numbers) for numbers in (seen, counted) if numbers]
    return max(sums) if sums else None


def count_sent(found: bytes) -> int:
    """How many requests it has ever sent on, to the hosts that it still knows."""
    return sum(int(number) for number in _SENT.findall(found))


def _printed(address: str) -> str:
    """As Envoy prints it before a port: one of IPv6 at its shortest, in brackets."""
    return f"[{ip_address(address).compressed}]" if ":" in address else address


def _lines_with(text: bytes, part: bytes) -> Iterator[bytes]:
    place = text.find(part)
    while place >= 0:
        end = text.find(b"\n", place)
        yield text[text.rfind(b"\n", 0, place) + 1 : end if end >= 0 else len(text)]
        place = text.find(part, place + 1) if end < 0 else text.find(part, end)
