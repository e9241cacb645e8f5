# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a load sends where: the shop's everyday, or every kind of server that upgrades find hard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sandbox import gateway_api
from sandbox.cluster import INGRESS_PORT, TCP_PORT, Cluster
from sandbox.load_plan import LoadPlan, Stream, StreamKind, Target
from sandbox.workloads import HARD
from sandbox.workloads.servers import HTTP2_PORT, OnSigterm
from sandbox.workloads.servers import TCP_PORT as SERVER_TCP_PORT

STREAMS = "streams"
_JSON = {"Content-Type": "application/json"}
_ORDER = '{"item": "book", "count": 1}'
# The shop's part of a load on everything.
_SHOP = 0.2
_SLOW = ("3s", "8s")
_SHARE_OF_SLOW = 0.005
# A request of 8 s that Envoy tries again, and some time to spare.
_TIMEOUT = 20.0


def default_plan(
    cluster: Cluster,
    rate: float = 300,
    seconds: float = 60,
    *,
    inside: bool = False,
    streams: int = 0,
    front: str = "",
) -> LoadPlan:
    """The shop's everyday: mostly reads, many orders, and now and then somebody who waits.

    From outside it is asked at the cluster's gateway, or at what stands in front of it.
    """
    home = "http://frontend.shop" if inside else front or cluster.ingress_url
    catalog = "http://catalog.shop" if inside else home
    targets = (
        # Takes every part of the shop, the others one or two.
        Target(name="home", url=f"{home}/", share=0.1),
        Target(name="catalog", url=f"{catalog}/catalog", share=0.3),
        _post("orders", f"{home}/orders", 0.4),
        Target(name="account", url=f"{home}/account", share=0.195),
        Target(name="slow", url=f"{home}/account?delay=3s", share=0.005, delay_offset_random=True),
    )
    urls: dict[StreamKind, str] = {
        "stream": f"{home}/stream",
        "websocket": f"{home.replace('http', 'ws', 1)}/socket",
    }
    # Raw TCP has no way into the shop from outside.
    if inside:
        urls["tcp"] = f"tcp://catalog.shop:{SERVER_TCP_PORT}"
    return LoadPlan(
        rate=rate, seconds=seconds, targets=targets, streams=tuple(_streams(urls, streams))
    )


def hard_plan(
    cluster: Cluster,
    rate: float = 150,
    seconds: float = 60,
    *,
    inside: bool = False,
    streams: int = 0,
) -> LoadPlan:
    """The shop, and every server of `hard` in each way in which it can be asked."""
    shop = default_plan(cluster, inside=inside).targets
    return LoadPlan(
        rate=rate,
        seconds=seconds,
        targets=(
            *(replace(each, share=each.share * _SHOP) for each in shop),
            *_shared(1 - _SHOP, _fast(cluster, inside=inside), _slow(cluster, inside=inside)),
        ),
        streams=tuple(_streams(_hard_urls(cluster, inside=inside), streams)),
        timeout=_TIMEOUT,
    )


def plan_for(
    workloads: str,
    cluster: Cluster,
    *,
    rate: float,
    seconds: float,
    streams: int = 0,
    inside: bool = False,
) -> LoadPlan:
    """The plan for `shop` or `hard`."""
    make = hard_plan if workloads == "hard" else default_plan
    return make(cluster, rate, seconds, inside=inside, streams=streams)


def _fast(cluster: Cluster, *, inside: bool) -> list[Target]:
    """By each kind of end, with Envoy's retries and without; the others by how they are run."""
    found = []
    for kind in OnSigterm:
        for once in (False, True):
            url = _url(cluster, kind, once=once, inside=inside)
            name = f"{kind} once" if once else str(kind)
            found += [Target(name=f"{name} GET", url=url, share=1), _post(f"{name} POST", url, 1)]
    for server in HARD:
        if server.answers and server.name not in {*OnSigterm, STREAMS, "slow"}:
            url = _url(cluster, server.name, namespace=server.namespace, inside=inside)
            found.append(_post(server.name, url, 1))
    address = f"http://{gateway_api.NAME}-istio.hard" if inside else gateway_api.url(cluster)
    return [*found, _post("Gateway API", f"{address}/", 1)]


def _slow(cluster: Cluster, *, inside: bool) -> list[Target]:
    """Orders that take so long that a restart meets some of them under way."""
    return [
        replace(
            _post(f"{name} {delay}", f"{_url(cluster, name, inside=inside)}?delay={delay}", 1),
            delay_offset_random=True,
        )
        for name in ("slow", *OnSigterm)
        for delay in _SLOW
    ]


def _shared(whole: float, fast: list[Target], slow: list[Target]) -> Iterator[Target]:
    """Each gets its share: the slow ones little, as many of them are under way at once."""
    rest = (whole - _SHARE_OF_SLOW * len(slow)) / len(fast)
    yield from (replace(target, share=rest) for target in fast)
    yield from (replace(target, share=_SHARE_OF_SLOW) for target in slow)


def _hard_urls(cluster: Cluster, *, inside: bool) -> dict[StreamKind, str]:
    if inside:
        host = f"{STREAMS}.hard"
        return {
            "stream": f"http://{host}/stream",
            "http2": f"http://{host}:{HTTP2_PORT}/stream",
            "websocket": f"ws://{host}/socket",
            "tcp": f"tcp://{host}:{SERVER_TCP_PORT}",
        }
    return {
        "stream": f"{cluster.ingress_url}/hard/{STREAMS}/stream",
        "http2": f"{cluster.ingress_url}/hard/{STREAMS}-http2/stream",
        "websocket": f"{_at(cluster, 'ws', INGRESS_PORT)}/hard/{STREAMS}/socket",
        "tcp": _at(cluster, "tcp", TCP_PORT),
    }


def _streams(urls: dict[StreamKind, str], count: int) -> Iterator[Stream]:
    """`count` streams, spread evenly over the kinds."""
    for index, (kind, url) in enumerate(urls.items()):
        if share := (count + len(urls) - 1 - index) // len(urls):
            yield Stream(name=kind, kind=kind, url=url, count=share)


def _post(name: str, url: str, share: float) -> Target:
    return Target(name=name, method="POST", url=url, body=_ORDER, headers=_JSON, share=share)


def _url(
    cluster: Cluster, name: str, *, inside: bool, once: bool = False, namespace: str = "hard"
) -> str:
    """Any page but the first, for which a server would call others."""
    if inside:
        return f"http://{name}.{namespace}/{'once/' if once else ''}orders"
    return f"{cluster.ingress_url}/hard/{name}{'-once' if once else ''}/orders"


def _at(cluster: Cluster, scheme: str, port: int) -> str:
    return f"{scheme}://{cluster.node_address}:{port}"
