# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Load on a cluster while something is done to it: requests at a fixed rate, and held streams.

Outside it comes to the ingress gateway from this machine; inside it comes from a pod of the mesh,
so that the sidecars of both ends have a part in it.
"""

from __future__ import annotations

from pathlib import Path

from sandbox.cluster import Cluster
from sandbox.errors import UsageError
from sandbox.load_plan import LoadPlan, Stream, Target
from sandbox.load_result import LoadResult
from sandbox.load_run import LoadRun, PodRun, ProcessRun
from sandbox.plans import default_plan, hard_plan, plan_for
from sandbox.progress import Progress

__all__ = [
    "LoadPlan",
    "LoadResult",
    "LoadRun",
    "Stream",
    "Target",
    "default_plan",
    "hard_plan",
    "plan_for",
    "run",
    "start",
]


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
