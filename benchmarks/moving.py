# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole plays that move namespaces, in turn: ours, one k8s task with a template, an empty play."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import plays
from benchmarks.figure import Bench
from benchmarks.namespaces import Namespaces
from benchmarks.plays import Task
from benchmarks.rounds import Contender, Readings, interleave
from benchmarks.samples import Samples

TEMPLATE = "k8s task, template"


def measure(cluster: Namespaces, bench: Bench) -> dict[str, Samples]:
    """The seconds of `ours`, `template` and `empty`, and as `ours cpu` those of the processor."""
    kubeconfig = cluster.plane.kubeconfig()
    tasks: dict[str, Sequence[Task]] = {
        "ours": [cluster.our_task(kubeconfig)],
        "template": [cluster.template_task(kubeconfig)],
        "empty": [],
    }

    def contender(name: str) -> Contender:
        play = plays.write(cluster.plane.folder / f"{name}.yml", tasks[name])

        def run() -> Readings:
            took = plays.run(play)
            if tasks[name]:
                cluster.check_moved(name)
            return {name: took.seconds, f"{name} cpu": took.cpu}

        return Contender(name, run, cluster.move_back)

    return interleave([contender(name) for name in tasks], bench.repeats, bench.say)
