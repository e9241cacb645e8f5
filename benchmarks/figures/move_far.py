# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""1,000 namespaces moved where the API server is 10 ms away."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import module_process, plays, ports
from benchmarks.control_plane import ControlPlane
from benchmarks.figure import Bench, Figure
from benchmarks.namespaces import MODULE, Namespaces, namespaces
from benchmarks.rounds import Contender, Readings, interleave
from benchmarks.row import Row, compare

COUNT = 1000
ROUND_TRIP = 0.010
_AT_MOST = 1 / 10
_RIVAL = "kubectl label"


def _measure(bench: Bench) -> Sequence[Row]:
    with namespaces(bench.artifacts, COUNT) as cluster:
        kubeconfig = far_away(cluster.plane)
        found = interleave(
            [
                Contender("ours", _play(cluster, kubeconfig), cluster.move_back),
                Contender("ours, the module", _module(cluster, kubeconfig), cluster.move_back),
                Contender(_RIVAL, _kubectl(cluster, kubeconfig), cluster.move_back),
            ],
            bench.repeats,
            bench.say,
        )
    rival = found["kubectl"]
    what = f"{COUNT:,} namespaces, {ROUND_TRIP * 1000:.0f} ms away"
    return (
        compare(f"{what}, whole play", found["play"], _RIVAL, rival, at_most=_AT_MOST),
        compare("  the module alone", found["module"], _RIVAL, rival, at_most=_AT_MOST),
    )


def far_away(plane: ControlPlane) -> Path:
    """A kubeconfig that leads through the relay."""
    [port] = ports.free(1)
    relay = (sys.executable, "-m", "benchmarks.delay_proxy", str(port), str(plane.port))
    env = plays.environment(plane.folder)
    plane.programs.start("delay-proxy", (*relay, str(ROUND_TRIP)), env)
    plane.programs.wait_until("the relay", lambda: ports.listens(port))
    return plane.kubeconfig(port=port)


def _play(cluster: Namespaces, kubeconfig: Path) -> Callable[[], Readings]:
    play = plays.write(cluster.plane.folder / "ours.yml", [cluster.our_task(kubeconfig)])

    def run() -> Readings:
        took = plays.run(play)
        cluster.check_moved("our play")
        return {"play": took.seconds}

    return run


def _module(cluster: Namespaces, kubeconfig: Path) -> Callable[[], Readings]:
    def run() -> Readings:
        arguments = cluster.arguments(kubeconfig)
        ran = module_process.run(MODULE, arguments, cluster.plane.folder)
        cluster.check_moved("our module")
        return {"module": ran.seconds}

    return run


def _kubectl(cluster: Namespaces, kubeconfig: Path) -> Callable[[], Readings]:
    def run() -> Readings:
        took = cluster.kubectl(kubeconfig)
        cluster.check_moved(_RIVAL)
        return {"kubectl": took.seconds}

    return run


FIGURE = Figure(
    name="move_far",
    shows=f"{COUNT:,} namespaces moved over a round trip of 10 ms, against kubectl label",
    measure=_measure,
)
