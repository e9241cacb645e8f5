# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether each feature of the mesh still does what it is for, seen by a customer of the shop."""

from __future__ import annotations

import json
import math
import secrets
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import urllib3

from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from sandbox.workloads.servers import PORT

_GATEWAY_IDENTITY = "URI=spiffe://cluster.local/ns/istio-ingress/sa/istio-ingressgateway"
_TIMEOUT = 15.0
_REQUESTS = 400
_SHARE_OF_V2 = 0.1
# A mesh that does it right is called broken once in 16,000 checks.
_DEVIATIONS = 4.0
_AT_ONCE = 20
_DELAY = 2.0

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureResult:
    """What a feature was seen to do."""

    name: str
    ok: bool
    detail: str


class _BrokenError(Exception):
    """A feature does not do what it is for; the text says what was seen."""


def check(cluster: Cluster) -> list[FeatureResult]:
    """All features, one after the other: the circuit breaker's check would disturb the rest."""
    pods = _pods_of(cluster, "catalog")
    with urllib3.PoolManager(maxsize=_AT_ONCE, retries=False, timeout=_TIMEOUT) as pool:
        shop = Shop(cluster.ingress_url, pool)
        return [
            _result("mutual TLS", lambda: _mutual_tls(shop, pods)),
            _result("ingress gateway", lambda: _ingress_gateway(shop)),
            _result("egress gateway", lambda: _egress_gateway(shop)),
            _result("weights", lambda: _weights(shop)),
            _result("circuit breaker", lambda: _circuit_breaker(shop)),
            _result("fault injection", lambda: _fault_injection(shop)),
            _result("tracing", lambda: _tracing(shop)),
        ]


class Shop:
    """The shop as a customer reaches it."""

    def __init__(self, url: str, pool: urllib3.PoolManager) -> None:
        self._url = url
        self._pool = pool

    def get(self, path: str, **headers: str) -> Answer:
        """The answer to a request that must succeed."""
        response = self.ask(path, **headers)
        if response.status != 200:
            raise _BrokenError(f"GET {path} answered {response.status}")
        answer: Answer = response.json()
        return answer

    def ask(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        """Whatever comes back."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            return self._pool.request("GET", f"{self._url}{path}", headers=named)
        except urllib3.exceptions.HTTPError as error:
            raise _BrokenError(f"GET {path} failed: {error}") from error


def _result(name: str, do: Callable[[], str]) -> FeatureResult:
    try:
        return FeatureResult(name=name, ok=True, detail=do())
    except (_BrokenError, KeyError, json.JSONDecodeError) as error:
        return FeatureResult(name=name, ok=False, detail=str(error) or repr(error))


def _mutual_tls(shop: Shop, pods: list[str]) -> str:
    """The server sees the client's certificate, and takes nothing without one."""
    seen = shop.get("/catalog")["headers"].get("x-forwarded-client-cert", "")
    if _GATEWAY_IDENTITY not in seen:
        raise _BrokenError(f"the certificate of the caller is {seen or 'missing'}")
    answers = [answer for answer in map(_plaintext, pods) if answer is not None]
    if not answers:
        raise _BrokenError(f"no pod can be reached at {', '.join(pods)}")
    if said := "".join(answers):
        raise _BrokenError(f"a pod answered without TLS: {said}")
    return f"the gateway's identity was seen, plain text was refused by {len(answers)} pods"


def _plaintext(address: str) -> str | None:
    """What a pod answers to a request without TLS: nothing when it hangs up.

    None stands for a pod that is not there any more, which happens while others are restarted.
    """
    request = b"GET / HTTP/1.1\r\nHost: catalog\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((address, PORT), timeout=3) as connection:
            connection.sendall(request)
            return connection.recv(100).decode(errors="replace")
    except ConnectionError:
        return ""
    except OSError:
        return None


def _ingress_gateway(shop: Shop) -> str:
    """The gateway routes by path to two servers."""
    found = [shop.get(path)["service"] for path in ("/", "/catalog")]
    if found != ["frontend", "catalog"]:
        raise _BrokenError(f"/ and /catalog were answered by {' and '.join(found)}")
    return "routed by path"


def _egress_gateway(shop: Shop) -> str:
    """Only the egress gateway's own route leaves the mark."""
    call = _call(shop.get("/"), "partner.example.com")
    if call["headers"].get("x-through-egress") != "true":
        raise _BrokenError("the partner was reached past the egress gateway")
    return "the partner was reached through it"


def _weights(shop: Shop) -> str:
    """The share of v2 lies within what 400 throws of such a die give."""
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(lambda _: _call(shop.get("/catalog"), "reviews"), range(_REQUESTS))
        counts = Counter(answer["version"] for answer in answers)
    expected = _REQUESTS * _SHARE_OF_V2
    allowed = _DEVIATIONS * math.sqrt(expected * (1 - _SHARE_OF_V2))
    text = f"v1 {counts['v1']}, v2 {counts['v2']} of {_REQUESTS}"
    if counts.total() != counts["v1"] + counts["v2"] or abs(counts["v2"] - expected) > allowed:
        raise _BrokenError(f"{text}, expected {expected:.0f} +- {allowed:.0f} of v2")
    return text


def _circuit_breaker(shop: Shop) -> str:
    """Many requests at once open the circuit, a lone one finds it closed again."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        paths = ["/payments?delay=300ms"] * _AT_ONCE
        answers = list(pool.map(shop.ask, paths))
    refused = [answer for answer in answers if answer.headers.get("x-envoy-overloaded")]
    served = [answer for answer in answers if answer.status == 200]
    if not refused or not served or len(refused) + len(served) != len(answers):
        statuses = Counter(answer.status for answer in answers)
        raise _BrokenError(f"{_AT_ONCE} requests at once were answered {dict(statuses)}")
    shop.get("/payments")
    return f"{len(refused)} of {_AT_ONCE} at once were refused, a lone one was not"


def _fault_injection(shop: Shop) -> str:
    """Faults befall those requests that ask for them, and no others."""
    aborted = _status_of(shop.get("/", x_fault="abort"), "catalog")
    untouched = _status_of(shop.get("/"), "catalog")
    if (aborted, untouched) != (418, 200):
        raise _BrokenError(f"status {aborted} with the header and {untouched} without")
    delayed = _seconds(shop, x_fault="delay")
    # A busy machine may answer one late; a fault that befalls everybody delays each of them.
    quick = min(_seconds(shop) for _ in range(3))
    if delayed < _DELAY or quick >= _DELAY:
        raise _BrokenError(f"{delayed:.1f} s with the header and {quick:.1f} s without")
    return f"aborted with 418, delayed by {delayed:.1f} s"


def _seconds(shop: Shop, **headers: str) -> float:
    since = time.monotonic()
    shop.get("/", **headers)
    return time.monotonic() - since


def _tracing(shop: Shop) -> str:
    """The trace that a customer begins is the same at every part, also outside of the mesh."""
    trace = secrets.token_hex(16)
    answer = shop.get("/", traceparent=f"00-{trace}-{secrets.token_hex(8)}-01")
    seen = {each["service"]: each["trace_id"] for each in _all(answer)}
    if set(seen) != {"frontend", "catalog", "reviews", "partner"} or set(seen.values()) != {trace}:
        raise _BrokenError(f"trace {trace} arrived as {seen}")
    return f"the same at {', '.join(seen)}"


def _all(answer: Answer) -> Iterator[Answer]:
    yield answer
    for call in answer["calls"]:
        if call["body"]:
            yield from _all(call["body"])


def _call(answer: Answer, service: str) -> Answer:
    """What a part that was called has answered."""
    for call in answer["calls"]:
        if call["service"] == service:
            if call["body"] is None:
                raise _BrokenError(f"{service} answered {call['status']} {call['error']}")
            body: Answer = call["body"]
            return body
    raise _BrokenError(f"{service} was not called")


def _status_of(answer: Answer, service: str) -> int:
    statuses = [int(call["status"]) for call in answer["calls"] if call["service"] == service]
    if not statuses:
        raise _BrokenError(f"{service} was not called")
    return statuses[0]


def _pods_of(cluster: Cluster, app: str) -> list[str]:
    path = f"/api/v1/namespaces/shop/pods?labelSelector=app%3D{app}"
    pods = cluster.objects.get(path)["items"]
    addresses = [pod["status"]["podIP"] for pod in pods if _serves(pod)]
    if not addresses:
        raise SandboxError("the shop is not there", "start it: `python -m sandbox up`")
    return addresses


def _serves(pod: Mapping[str, Any]) -> bool:
    return pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
