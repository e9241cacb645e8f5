# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""100 rollouts: how late the waiter knows that the last is complete, and how many go on at once."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from benchmarks import audit, injection, module_process, plays, rollout_log, rollouts
from benchmarks.errors import BenchmarkError
from benchmarks.figure import Bench, Figure
from benchmarks.module_process import ModuleProcess
from benchmarks.rollouts import Rollouts
from benchmarks.rounds import Contender, Readings, interleave
from benchmarks.row import Row, never_above
from benchmarks.samples import Samples

COUNT = 100
PARALLEL = 10
_MODULE = "meshwright.istio.workload_restart"
_RIVAL = "kubernetes.core.k8s_info"
_LATE = 50.0
_PATIENCE = 300


def _measure(bench: Bench) -> Sequence[Row]:
    with rollouts.rollouts(bench.artifacts, COUNT) as cluster:
        revisions = itertools.cycle((injection.NEW, injection.OLD))
        found = interleave(
            [
                Contender("all at once", lambda: _all_at_once(cluster, next(revisions))),
                Contender(f"{PARALLEL} at once", lambda: _some(cluster, next(revisions))),
            ],
            bench.repeats,
            bench.say,
        )
    late = found["late"]
    return (
        _lateness(late, "kubectl rollout status -l", found["kubectl late"], goal=True),
        _lateness(late, "k8s_info, wait: true", found["k8s_info late"], goal=False),
        never_above("  too early by", _early(late), at_most=0, unit="ms"),
        Row(what="  too early by, k8s_info", ours=_early(found["k8s_info late"]), unit="ms"),
        never_above(
            f"most at once with max_parallel: {PARALLEL}",
            found["at once"],
            at_most=PARALLEL,
            unit="rollouts",
        ),
        Row(what=f"  {COUNT} restarts, all at once", ours=found["all seconds"]),
        Row(what=f"  {COUNT} restarts, {PARALLEL} at once", ours=found["some seconds"]),
    )


def _early(late: Samples) -> Samples:
    return Samples.of(max(0.0, -value) for value in late.values)


def _lateness(late: Samples, rival: str, theirs: Samples, *, goal: bool) -> Row:
    return Row(
        what=f"{COUNT} rollouts, late by",
        ours=late,
        unit="ms",
        rival=rival,
        theirs=theirs,
        # One that was early has no ratio; it was wrong.
        ratio=late.over(theirs) if min(theirs.least, late.least) > 0 else None,
        goal=f"at most {_LATE:.0f} ms" if goal else "",
        met=late.median <= _LATE if goal else None,
    )


def _all_at_once(cluster: Rollouts, revision: str) -> Readings:
    """Ours restarts and waits; the rivals wait for the same rollouts as soon as all have begun."""
    cluster.wait_until_complete()
    cluster.point_at(revision)
    begun = cluster.when_all_have_begun()
    ended: dict[str, float] = {}

    def work() -> None:
        arguments = cluster.arguments(revision, COUNT)
        process = ModuleProcess(_MODULE, arguments, cluster.plane.folder)
        if not begun.wait(_PATIENCE):
            raise BenchmarkError("the restarts did not begin")
        rivals = [
            _beside(lambda: ended.update(kubectl=_kubectl(cluster))),
            _beside(lambda: ended.update(k8s_info=_k8s_info(cluster))),
        ]
        ran = process.finish()
        ended.update(ours=ran.ended, seconds=ran.seconds)
        for rival in rivals:
            rival.join()

    log = rollout_log.read(audit.lines_during(cluster.plane.audit_log, work))
    if len(ended) < 4 or len(log.begun) != COUNT:
        raise BenchmarkError(f"not all have waited for {COUNT} rollouts: {ended}, {len(log.begun)}")
    return {
        "late": (ended["ours"] - log.end) * 1000,
        "kubectl late": (ended["kubectl"] - log.end) * 1000,
        "k8s_info late": (ended["k8s_info"] - log.end) * 1000,
        "all seconds": ended["seconds"],
    }


def _some(cluster: Rollouts, revision: str) -> Readings:
    cluster.wait_until_complete()
    cluster.point_at(revision)
    seconds = []

    def work() -> None:
        arguments = cluster.arguments(revision, PARALLEL)
        ran = module_process.run(_MODULE, arguments, cluster.plane.folder)
        seconds.append(ran.seconds)

    log = rollout_log.read(audit.lines_during(cluster.plane.audit_log, work))
    return {"at once": log.most_at_once, "some seconds": seconds[0]}


def _beside(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def _kubectl(cluster: Rollouts) -> float:
    """When `kubectl rollout status` returns."""
    command = [
        str(cluster.plane.artifacts.path("kubectl")),
        f"--kubeconfig={cluster.plane.kubeconfig()}",
        *("rollout", "status", "deployment", "-n", rollouts.NAMESPACE, "-l", rollouts.SELECTOR),
    ]
    subprocess.run(
        command,
        env=plays.environment(cluster.plane.folder),
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=_PATIENCE,
    )
    return time.time()


def _k8s_info(cluster: Rollouts) -> float:
    """When kubernetes.core's own wait returns; it is given the shortest pause that it takes."""
    arguments = {
        "kubeconfig": str(cluster.plane.kubeconfig()),
        "api_version": "apps/v1",
        "kind": "Deployment",
        "namespace": rollouts.NAMESPACE,
        "label_selectors": [rollouts.SELECTOR],
        "wait": True,
        "wait_sleep": 1,
        "wait_timeout": _PATIENCE,
    }
    return module_process.run(_RIVAL, arguments, cluster.plane.folder).ended


FIGURE = Figure(
    name="wait_for_rollouts",
    shows=f"{COUNT} rollouts: how late the waiter knows, and how many go on at once",
    measure=_measure,
)
