# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The status of 5,000 proxies, and the memory that 10,000 take."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import mesh, module_process, plays
from benchmarks.errors import BenchmarkError
from benchmarks.figure import Bench, Figure
from benchmarks.mesh import Mesh
from benchmarks.rounds import Contender, Readings, interleave
from benchmarks.row import Row, compare, limit
from benchmarks.samples import Samples

COUNT = 5_000
MANY = 10_000
_MODULE = "meshwright.istio.proxy_status"
_RIVAL = "istioctl proxy-status"
_AT_MOST = 0.5
_MIB = 150


def _measure(bench: Bench) -> Sequence[Row]:
    with mesh.mesh(bench) as found:
        bench.say(f"{COUNT:,} proxies connect")
        found.connect(COUNT)
        without = _times(found, bench)
        bench.say(f"{COUNT:,} pods are made")
        found.add_pods(range(COUNT))
        with_pods = _times(found, bench)
        bench.say(f"{MANY:,} proxies connect")
        found.plane.programs.stop(f"xdsfill-{COUNT}")
        found.connect(MANY)
        found.add_pods(range(COUNT, MANY))
        peaks = Samples.of(_peak(found, bench) for _round in range(bench.repeats))
    what = f"{COUNT:,} proxies"
    return (
        *_rows(f"{what} with their pods", with_pods),
        *_rows(f"{what} outside of the cluster", without),
        limit(f"{MANY:,} proxies with their pods, memory", peaks, at_most=_MIB, unit="MiB"),
    )


def _rows(what: str, found: dict[str, Samples]) -> Sequence[Row]:
    rival = found["istioctl"]
    return (
        compare(f"{what}, the module", found["module"], _RIVAL, rival, at_most=_AT_MOST),
        compare("  with the start of its process", found["process"], _RIVAL, rival),
        compare("  processor time of the module", found["cpu"], _RIVAL, found["istioctl cpu"]),
    )


def _times(found: Mesh, bench: Bench) -> dict[str, Samples]:
    return interleave(
        [
            Contender("ours", lambda: _ours(found, COUNT)),
            Contender(_RIVAL, lambda: _istioctl(found, COUNT)),
        ],
        bench.repeats,
        bench.say,
    )


def _ours(found: Mesh, count: int) -> Readings:
    ran = _run(found, count)
    return {"module": ran.seconds, "process": ran.whole, "cpu": ran.cpu}


def _peak(found: Mesh, bench: Bench) -> float:
    bench.say(f"the memory of {MANY:,} proxies")
    return _run(found, MANY).peak_mib


def _run(found: Mesh, count: int) -> module_process.Ran:
    arguments = {"kubeconfig": str(found.plane.kubeconfig())}
    ran = module_process.run(_MODULE, arguments, found.plane.folder)
    summary = ran.result["summary"]
    if summary["total"] != count or summary["by_state"]["synced"] != count:
        raise BenchmarkError(f"{count} proxies should be in sync: {summary}")
    return ran


def _istioctl(found: Mesh, count: int) -> Readings:
    plane = found.plane
    istioctl = plane.artifacts.path(f"istioctl-{mesh.MINOR}")
    options = (f"--kubeconfig={plane.kubeconfig()}", f"--revision={mesh.REVISION}")
    took = plays.timed([istioctl, "proxy-status", *options], home=plane.folder)
    if (lines := took.said.count("\n")) != count + 1:
        raise BenchmarkError(f"istioctl told of {lines - 1} proxies instead of {count}")
    return {"istioctl": took.seconds, "istioctl cpu": took.cpu}


FIGURE = Figure(
    name="proxy_status",
    shows=f"the status of {COUNT:,} proxies, against istioctl; the memory of {MANY:,}",
    measure=_measure,
)
