# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""20 namespaces moved to another revision, by a whole play."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import moving
from benchmarks.figure import Bench, Figure
from benchmarks.namespaces import namespaces
from benchmarks.row import Row, compare

COUNT = 20
_AT_MOST = 0.75


def _measure(bench: Bench) -> Sequence[Row]:
    with namespaces(bench.artifacts, COUNT) as cluster:
        found = moving.measure(cluster, bench)
    return (
        compare(
            f"{COUNT} namespaces moved, whole play",
            found["ours"],
            moving.TEMPLATE,
            found["template"],
            at_most=_AT_MOST,
        ),
        compare("  processor time", found["ours cpu"], moving.TEMPLATE, found["template cpu"]),
        Row(what="  an empty play", ours=found["empty"]),
    )


FIGURE = Figure(
    name="move_few",
    shows=f"{COUNT} namespaces moved by one task, against one k8s task with a template",
    measure=_measure,
)
