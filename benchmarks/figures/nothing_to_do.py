# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""1,000 namespaces that are right already, or are only looked at in check mode."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import audit, moving, plays
from benchmarks.credentials import COUNTED
from benchmarks.figure import Bench, Figure
from benchmarks.namespaces import Namespaces, namespaces
from benchmarks.plays import Task
from benchmarks.rounds import Contender, Readings, interleave
from benchmarks.row import Row, compare, limit
from benchmarks.samples import Samples

COUNT = 1000
_AT_MOST = 0.3
# The template took 8.23 s where that goal comes from; a machine half as fast needs twice the time.
_OF_TEMPLATE = _AT_MOST / 8.23
_LIST = "list namespaces"
_KUBECTL = "kubectl label"


def _measure(bench: Bench) -> Sequence[Row]:
    with namespaces(bench.artifacts, COUNT) as cluster:
        requests = _requests(cluster, bench)
        found = _times(cluster, bench)
    nothing = found["ours"].less(found["empty"])
    check = found["check"].less(found["empty"])
    return (
        limit("nothing to do, over the empty play", nothing, at_most=_AT_MOST, unit="s"),
        limit("check mode, over the empty play", check, at_most=_AT_MOST, unit="s"),
        _beside("nothing to do", nothing, found["template"]),
        _beside("check mode", check, found["template check"]),
        compare("nothing to do, whole play", found["ours"], moving.TEMPLATE, found["template"]),
        compare("check mode, whole play", found["check"], moving.TEMPLATE, found["template check"]),
        # Less than this no module can cost: it starts, and does nothing.
        Row(what="  ping, over the empty play", ours=found["ping"].less(found["empty"])),
        Row(what="  an empty play", ours=found["empty"]),
        _count("nothing to do", requests, "ours", moving.TEMPLATE),
        _count("nothing to do", requests, "ours", _KUBECTL),
        _count("check mode", requests, "ours, check", f"{moving.TEMPLATE}, check"),
    )


def _beside(what: str, ours: Samples, template: Samples) -> Row:
    what = f"  {what}, of a template's play"
    return compare(what, ours, moving.TEMPLATE, template, at_most=_OF_TEMPLATE)


def _times(cluster: Namespaces, bench: Bench) -> dict[str, Samples]:
    """In check mode all of them would be moved; otherwise they are right already."""
    play = _plays(cluster, cluster.plane.kubeconfig())

    def move() -> None:
        plays.run(play["ours"])

    def contender(name: str, which: str, prepare: Callable[[], None], *options: str) -> Contender:
        def run() -> Readings:
            return {name: plays.run(play[which], *options).seconds}

        return Contender(name, run, prepare)

    return interleave(
        [
            contender("ours", "ours", move),
            contender("template", "template", move),
            contender("check", "ours", cluster.move_back, "--check"),
            contender("template check", "template", cluster.move_back, "--check"),
            contender("ping", "ping", move),
            contender("empty", "empty", move),
        ],
        bench.repeats,
        bench.say,
    )


def _requests(cluster: Namespaces, bench: Bench) -> dict[str, Counter[str]]:
    """What the API server was asked, by its own audit log; the time is not taken here."""
    kubeconfig = cluster.plane.kubeconfig(COUNTED)
    play = _plays(cluster, kubeconfig)

    def count(name: str, work: Callable[[], object]) -> Counter[str]:
        bench.say(f"counting the requests: {name}")
        return audit.count(audit.lines_during(cluster.plane.audit_log, work))

    counts = {
        "ours, check": count("ours, check", lambda: plays.run(play["ours"], "--check")),
        f"{moving.TEMPLATE}, check": count(
            "template, check", lambda: plays.run(play["template"], "--check")
        ),
    }
    plays.run(play["ours"])
    counts["ours"] = count("ours", lambda: plays.run(play["ours"]))
    counts[moving.TEMPLATE] = count("template", lambda: plays.run(play["template"]))
    counts[_KUBECTL] = count(_KUBECTL, lambda: cluster.kubectl(kubeconfig))
    return counts


def _plays(cluster: Namespaces, kubeconfig: Path) -> dict[str, Path]:
    tasks: dict[str, Sequence[Task]] = {
        "ours": [cluster.our_task(kubeconfig)],
        "template": [cluster.template_task(kubeconfig)],
        "ping": [{"ansible.builtin.ping": {}}],
        "empty": [],
    }
    folder = cluster.plane.folder
    return {name: plays.write(folder / f"{name}.yml", tasks[name]) for name in tasks}


def _count(what: str, requests: dict[str, Counter[str]], ours: str, rival: str) -> Row:
    mine, theirs = requests[ours], requests[rival]
    asked = ", ".join(f"{number} {name}" for name, number in sorted(mine.items()))
    return Row(
        what=f"{what}, requests: {asked}",
        ours=Samples.of([mine.total()]),
        rival=rival,
        theirs=Samples.of([theirs.total()]),
        unit="requests",
        goal="one LIST of namespaces, no write",
        met=mine[_LIST] == 1 and audit.writes(mine) == 0,
    )


FIGURE = Figure(
    name="nothing_to_do",
    shows=f"{COUNT:,} namespaces that are right already, or check mode: time and requests",
    measure=_measure,
)
