# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""1,000 namespaces moved to another revision, by a whole play."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import moving, plays
from benchmarks.figure import Bench, Figure
from benchmarks.namespaces import namespaces
from benchmarks.row import Row, compare, limit
from benchmarks.samples import Samples

COUNT = 1000
_LOOP = 20
_AT_MOST = 1 / 3
_AIM = 1.6


def _measure(bench: Bench) -> Sequence[Row]:
    with namespaces(bench.artifacts, COUNT) as cluster:
        found = moving.measure(cluster, bench)
    loop = _loop(bench, found["empty"])
    return (
        compare(
            f"{COUNT:,} namespaces moved, whole play",
            found["ours"],
            moving.TEMPLATE,
            found["template"],
            at_most=_AT_MOST,
        ),
        limit("  against the aim", found["ours"], at_most=_AIM, unit="s"),
        compare("  processor time", found["ours cpu"], moving.TEMPLATE, found["template cpu"]),
        compare("  against a loop", found["ours"], f"k8s loop, from {_LOOP} extrapolated", loop),
        Row(what="  an empty play", ours=found["empty"]),
    )


def _loop(bench: Bench, empty: Samples) -> Samples:
    """What a loop would take for all, from one run of a few: the whole takes ten minutes."""
    bench.say(f"a loop of {_LOOP}, to be extrapolated")
    with namespaces(bench.artifacts, _LOOP) as cluster:
        task = cluster.loop_task(cluster.plane.kubeconfig())
        play = plays.write(cluster.plane.folder / "loop.yml", [task])
        an_item = (plays.run(play).seconds - empty.median) / _LOOP
    return Samples.of([empty.median + COUNT * an_item] * len(empty.values))


FIGURE = Figure(
    name="move_many",
    shows=f"{COUNT:,} namespaces moved by one task, against one k8s task with a template",
    measure=_measure,
)
