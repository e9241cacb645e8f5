# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users' requests go on while a second cluster takes over, and come back; and where it goes wrong.

What is said of shares and weights is read from HAProxy, beside the role and its modules.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sandbox.cluster import Cluster
from sandbox.load import LoadResult
from tools.prove import front
from tools.prove.both import Both, journal, reached
from tools.prove.front import Reading, Watch
from tools.prove.mesh import Lost, keep, seconds_since

_STREAMS = 8
_GATEWAY = ("deployment/istio-ingressgateway", "-n", "istio-ingress")
_PATIENCE = 600.0
# Of a step at 50 %, before its gateway is taken away.
_INTO_THE_STEP = 10.0
# About what a whole switchover takes on two processors, so that every phase is met. One that has
# ended before its moment was not killed, and another begins for those that are left.
_SHORTEST, _LONGEST = 3.0, 300.0
# A load lasts half an hour at most.
_KILLS_A_ROUND = 7
_SEED = 37
# The journal knows seconds only.
_RESOLUTION = 1.0


def prove(both: Both, options: argparse.Namespace) -> bool:
    """There and back again under load, until enough requests were sent: none is lost."""
    rounds: list[dict[str, Any]] = []
    both.reset()
    while sum(each["lost"]["sent"] for each in rounds) < options.requests:
        with both.load(_STREAMS) as running, Watch() as watch:
            legs = [
                _leg(both, watch, both.a, both.b),
                _leg(both, watch, both.b, both.a),
            ]
            running.stop()
            result = running.result()
        lost = Lost.of({"outside": result})
        broken = _broken(result, watch.readings, both.a.name)
        rounds.append({"legs": legs, "lost": asdict(lost), "broken": broken})
        print(f"switchover: round {len(rounds)}: {lost}; held connections: {broken}", flush=True)
    keep("switchover", rounds)
    return all(
        not each["lost"]["failed"]
        and not each["broken"]["before_the_drain"]
        and all(leg["code"] == 0 for leg in each["legs"])
        for each in rounds
    )


def _leg(both: Both, watch: Watch, source: Cluster, target: Cluster) -> dict[str, Any]:
    """One switchover, with what each of its steps has really brought."""
    seen = len(watch.readings)
    started = time.monotonic()
    # Streams that are held for ever are ended once everybody else has left.
    code = both.switch(source, target, switchover_shut_sessions=True, switchover_drain_timeout=30)
    took = seconds_since(started)
    found = list(front.steps(watch.readings[seen:], target.name))
    measured = measured_shares(journal(source))
    print(f"from {source.name} to {target.name}: {code} in {took} s", flush=True)
    print(front.table(found, measured), flush=True)
    return {
        "from": source.name,
        "to": target.name,
        "code": code,
        "message": both.failure() if code else "",
        "seconds": took,
        "steps": [{**asdict(step), "real": step.real} for step in found],
        "measured_by_the_role": measured,
    }


def measured_shares(content: Mapping[str, Any]) -> dict[int, float | None]:
    """By the share that was set, what the role has found at the gateways and put on record."""
    steps = [fact for name, fact in content.get("facts", {}).items() if name.startswith("wave_")]
    return {int(step["share"]): step["real_share"] for step in steps}


def _broken(result: LoadResult, readings: Sequence[Reading], name: str) -> dict[str, Any]:
    """When held connections broke: the source may be left only once it has no weight any more."""
    begin = datetime.fromisoformat(result.started).timestamp()
    moments = [begin + each.second for stream in result.streams for each in stream.breaks]
    shares = [front.share_at(readings, moment, name) for moment in moments]
    return {
        "opened": sum(stream.opened for stream in result.streams),
        "broken": len(moments),
        "before_the_drain": sum(share not in {0, 100} for share in shares),
        "at": sorted({round(moment - begin) for moment in moments}),
    }


def prove_gateway(both: Both, _options: argparse.Namespace) -> bool:
    """The target's gateway goes in the middle of a step: once HAProxy looks, once it does not."""
    figures = {
        "with health checks": _without_gateway(both, checks=True),
        "without health checks": _without_gateway(both, checks=False),
    }
    keep("switchover_gateway", figures)
    with_checks = figures["with health checks"]
    return not with_checks["lost"]["failed"] and all(
        each["code"] != 0 and each["end"] == {both.a.name: 100, both.b.name: 0}
        for each in figures.values()
    )


def _without_gateway(both: Both, *, checks: bool) -> dict[str, Any]:
    both.reset(checks=checks)
    target = both.b.name
    with both.load() as running, Watch() as watch:
        long = {"switchover_steps": [50, 100], "switchover_soak": 120}
        with both.switching(both.a, both.b, **long) as process:
            watch.until(lambda reading: reading.share(target) == 50, _PATIENCE)
            time.sleep(_INTO_THE_STEP)
            gone = time.time()
            both.b.kubectl("scale", *_GATEWAY, "--replicas=0", "--timeout=0")
            # Without checks nothing but the role takes the weight away.
            back = watch.until(lambda reading: reading.share(target) == 0, _PATIENCE)
            code = process.wait(_PATIENCE)
        down = next((e for e in watch.readings if not e.servers[target].is_well), None)
        running.stop()
        lost = Lost.of({"outside": running.result()})
    figures = {
        "code": code,
        "message": both.failure(),
        "lost": asdict(lost),
        "seconds_until_weight_is_back": round(back.at - gone, 1),
        "seconds_until_haproxy_knows": round(down.at - gone, 1) if down else None,
        "end": {name: each.weight for name, each in watch.readings[-1].servers.items()},
    }
    checked = "with" if checks else "without"
    print(f"gateway gone, {checked} health checks: {lost}; {figures}", flush=True)
    return figures


def prove_kills(both: Both, options: argparse.Namespace) -> bool:
    """Kill it so many times in all; no weight leads where nothing was proven, and each arrives."""
    moments = random.Random(_SEED)  # noqa: S311 - the same moments each time
    figures: list[dict[str, Any]] = []
    left = options.kills
    while left:
        both.reset()
        killed: list[dict[str, Any]] = []
        guard = Guard(source=both.a, target=both.b)
        with both.load() as running, Watch(look=guard.look) as watch:
            code = -9
            while code == -9:
                may = left and len(killed) < _KILLS_A_ROUND
                after = moments.uniform(_SHORTEST, _LONGEST) if may else None
                code = both.switch(both.a, both.b, kill_after=after, switchover_soak=5)
                if code == -9 and after:
                    share = watch.readings[-1].share(both.b.name)
                    killed.append({"after": round(after, 1), "share": share})
                    left -= 1
            running.stop()
            lost = Lost.of({"outside": running.result()})
        end = {name: each.weight for name, each in watch.readings[-1].servers.items()}
        figures.append(
            {
                "killed": killed,
                "code": code,
                "message": both.failure() if code else "",
                "lost": asdict(lost),
                "unproven": guard.unproven,
                "end": end,
                "kept": front.kept(),
            }
        )
        print(f"kills: {len(killed)} in one switchover: {code}: {lost}; {figures[-1]}", flush=True)
    keep("switchover_kills", figures)
    arrived = {both.a.name: 0, both.b.name: 100}
    return all(
        each["code"] == 0
        and not each["lost"]["failed"]
        and not each["unproven"]
        and each["end"] == each["kept"] == arrived
        for each in figures
    )


class Guard:
    """Notes each moment in which the target has weight although no trial of it is on record."""

    def __init__(
        self,
        *,
        source: Cluster,
        target: Cluster,
        read: Callable[[Cluster], Mapping[str, Any]] = journal,
    ) -> None:
        self.unproven: list[str] = []
        self._clusters = (source, target)
        self._target = target.name
        self._read = read
        self._is_proven = False

    def look(self, reading: Reading) -> None:
        """Ask the journals at the first weight, and until they say that it was tried before."""
        if self._is_proven or not reading.share(self._target):
            return
        lacking = [each.name for each in self._clusters if not self._was_tried(each, reading.at)]
        if lacking:
            weight = reading.servers[self._target].weight
            told = f"weight {weight} at {reading.at:.1f}, no trial on record in {lacking}"
            self.unproven.append(told)
        self._is_proven = not lacking

    def _was_tried(self, cluster: Cluster, moment: float) -> bool:
        content = self._read(cluster)
        if "tried" not in reached(content):
            return False
        times = [each["time"] for each in content["history"] if each["phase"] == "tried"]
        first = min(datetime.fromisoformat(each).timestamp() for each in times)
        return first <= moment + _RESOLUTION
