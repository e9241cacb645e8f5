# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load on a cluster while something is done to it: requests at a fixed rate, and held streams.

Outside it comes to the ingress gateway from this machine; inside it comes from a pod of the mesh,
so that the sidecars of both ends have a part in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from sandbox.cluster import Cluster
from sandbox.errors import UsageError
from sandbox.load_result import LoadResult
from sandbox.load_run import LoadRun, PodRun, ProcessRun
from sandbox.progress import Progress

__all__ = ["LoadPlan", "LoadResult", "LoadRun", "Stream", "Target", "default_plan", "run", "start"]

# The program refuses the same; here it is refused before a pod is made for it.
MAX_RATE = 2000
MAX_MINUTES = 30
MAX_STREAMS = 200

StreamKind = Literal["stream", "websocket", "tcp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One kind of request, which gets its share of the rate."""

    name: str
    url: str
    share: float
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    # For what is slow by design: at random moments, and not part of the judged latency.
    delay_offset_random: bool = False
    expect: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Streams that are held open all the time."""

    name: str
    kind: StreamKind
    url: str
    count: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """What is sent where for how long; `baseline` seconds come before the measured ones."""

    rate: float
    seconds: float
    targets: tuple[Target, ...] = ()
    streams: tuple[Stream, ...] = ()
    baseline: float = 5
    timeout: float = 10

    def __post_init__(self) -> None:
        for problem in self._problems():
            raise UsageError(f"this load is not allowed: {problem}", "plan a smaller one")

    def _problems(self) -> Iterator[str]:
        streams = sum(stream.count for stream in self.streams)
        if not self.targets and not self.streams:
            yield "it has neither targets nor streams"
        if self.targets and not 0 < self.rate <= MAX_RATE:
            yield f"{self.rate:g} requests a second, and {MAX_RATE} are the most"
        if not 0 < self.seconds <= 60 * MAX_MINUTES:
            yield f"{self.seconds:g} s, and {MAX_MINUTES} minutes are the most"
        if streams > MAX_STREAMS:
            yield f"{streams} streams, and {MAX_STREAMS} are the most"

    @property
    def longest(self) -> float:
        """Seconds after which it has surely ended."""
        return self.baseline + self.seconds + self.timeout + 5

    def to_json(self) -> str:
        """The form that the program `load` reads."""
        return json.dumps(
            {
                "rate": self.rate,
                "duration": f"{self.seconds}s",
                "baseline": f"{self.baseline}s",
                "timeout": f"{self.timeout}s",
                "targets": [asdict(target) for target in self.targets],
                "streams": [asdict(stream) for stream in self.streams],
            }
        )


def default_plan(
    cluster: Cluster,
    rate: float = 300,
    seconds: float = 60,
    *,
    inside: bool = False,
    streams: int = 0,
) -> LoadPlan:
    """The shop's everyday: mostly reads, many orders, and now and then somebody who waits."""
    home = "http://frontend.shop" if inside else cluster.ingress_url
    catalog = "http://catalog.shop" if inside else cluster.ingress_url
    order = '{"item": "book", "count": 1}'
    json_body = {"Content-Type": "application/json"}
    return LoadPlan(
        rate=rate,
        seconds=seconds,
        targets=(
            # Takes every part of the shop, the others one or two.
            Target(name="home", url=f"{home}/", share=0.1),
            Target(name="catalog", url=f"{catalog}/catalog", share=0.3),
            Target(
                name="orders",
                method="POST",
                url=f"{home}/orders",
                body=order,
                headers=json_body,
                share=0.4,
            ),
            Target(name="account", url=f"{home}/account", share=0.195),
            Target(
                name="slow", url=f"{home}/account?delay=3s", share=0.005, delay_offset_random=True
            ),
        ),
        streams=tuple(_streams(home, streams, inside=inside)),
    )


def _streams(home: str, count: int, *, inside: bool) -> Iterator[Stream]:
    """`count` streams, spread evenly over the kinds; raw TCP has no way in from outside."""
    urls: dict[StreamKind, str] = {
        "stream": f"{home}/stream",
        "websocket": f"{home.replace('http', 'ws', 1)}/socket",
    }
    if inside:
        urls["tcp"] = "tcp://catalog.shop:9000"
    for index, (kind, url) in enumerate(urls.items()):
        if share := (count + len(urls) - 1 - index) // len(urls):
            yield Stream(name=kind, kind=kind, url=url, count=share)


def start(
    cluster: Cluster,
    plan: LoadPlan,
    progress: Progress,
    *,
    inside: bool = False,
    plot: Path | None = None,
) -> LoadRun:
    """Begin the load; the caller waits for the measured time, does its work, and takes the result.

    Use it in a `with` statement, so that the load ends whatever happens.
    """
    if inside:
        if plot:
            raise UsageError("a load from a pod draws no plot", "leave out the plot, or inside")
        return PodRun(cluster, plan.to_json(), progress, longest=plan.longest)
    return ProcessRun(cluster.artifacts.path("load"), plan.to_json(), progress, plot=plot)


def run(
    cluster: Cluster,
    plan: LoadPlan,
    progress: Progress,
    *,
    inside: bool = False,
    plot: Path | None = None,
) -> LoadResult:
    """Load the cluster and wait for the end."""
    with start(cluster, plan, progress, inside=inside, plot=plot) as running:
        return running.result()
