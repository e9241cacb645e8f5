# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run what the project is checked with, or only some groups of it.

The stages that need the mesh mostly wait, so there are two clusters, each of which takes the next
stage when it is done with another, then come those that need both. The stages without a mesh run
beside them, with less priority.

Ctrl-C or SIGTERM interrupts what runs, begins nothing else, and ends the clusters.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

from sandbox.pytest_plugin import CLUSTER, HANDED_ON
from tools.environment import CHECKOUT
from tools.running import SILENCE, run
from tools.stages import BY_DEFAULT, GROUPS, NO_CLUSTERS, TWO_CLUSTERS, Lane, Stage, all_stages

# Beside a mesh that is measured, what only computes gives way.
_GIVE_WAY = ("nice", "-n", "10")
# Of a stage that failed, the end is repeated: its place is far above when all have ended.
_REPEATED_LINES = 40
_screen = threading.RLock()
# Set by Ctrl-C and by SIGTERM: what runs is ended in order, and nothing else begins.
_stopped = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came out of a stage; a linter counts as one test."""

    stage: Stage
    passed: int
    failed: int
    seconds: float
    last_lines: str = ""

    def line(self) -> str:
        verdict = f"{self.failed} FAILED" if self.failed else "ok"
        return f"{self.stage.name:<34} {self.seconds:7.1f} s  {self.passed:5} passed  {verdict}"


def main() -> int:
    """Run all stages whatever fails, and end with the sum of what passed and failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="group", help=", ".join(GROUPS))
    wanted = parser.parse_args().groups or BY_DEFAULT
    if unknown := set(wanted) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))} (there are {', '.join(GROUPS)})")
    results = run_all([stage for stage in all_stages() if stage.group in wanted])
    for result in results:
        if result.failed:
            _say("", f"==== again, the last lines of {result.stage.name}", result.last_lines)
    _say("", "==== summary", *(result.line() for result in results))
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    _say(f"{passed} passed, {failed} failed")
    return 1 if failed or _stopped.is_set() else 0


def _stop(_number: int, _frame: object) -> None:
    """Have what runs interrupted; nothing is printed with a lock, which this thread may hold."""
    _stopped.set()
    os.write(sys.stderr.fileno(), b"\nstopping: what runs is interrupted, and the clusters ended\n")


def run_all(stages: Sequence[Stage]) -> list[Result]:
    """The results, of what ran beside the mesh first, then of one cluster and of the other."""
    lanes = {lane: [stage for stage in stages if stage.lane is lane] for lane in Lane}
    others = lanes.pop(Lane.BESIDE)
    if not any(lanes.values()):
        return [execute(stage) for stage in others]
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(lambda: [execute(stage, aside=_GIVE_WAY) for stage in others])
        results = _run_on_mesh(lanes)
        _wait_for(beside, "what runs beside")
        return [*beside.result(), *results]


def _run_on_mesh(lanes: Mapping[Lane, Sequence[Stage]]) -> list[Result]:
    """What one cluster is enough for on two at the same time, and then what needs the machine.

    Where there is nothing to share, it is the usual sandbox, with one cluster, started by itself.
    """
    needs_both = any(stage.needs_both for stage in lanes[Lane.ALONE])
    if not needs_both and len(lanes[Lane.ON_ONE]) < 2:
        one = [*lanes[Lane.ON_ONE], *lanes[Lane.ALONE]]
        env = {HANDED_ON: "1"} if len(one) > 1 else {}
        results = [execute(_with(stage, env)) for stage in one]
        return [*results, execute(NO_CLUSTERS)] if env and _stopped.is_set() else results
    started = execute(TWO_CLUSTERS)
    if started.failed:
        return [
            started,
            *(_not_run(stage, "it has no sandbox") for lane in lanes.values() for stage in lane),
        ]
    # The iterator of a list may be shared by threads: each stage is taken once.
    waiting = iter(lanes[Lane.ON_ONE])
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(lambda: _work_off(waiting, "b", aside=()))
        first = _work_off(waiting, "a")
        _wait_for(second, "what runs on the second cluster")
    alone = [execute(_with(stage, {HANDED_ON: "1"})) for stage in lanes[Lane.ALONE]]
    # Whatever came last, it may have found the clusters handed on and left them.
    return [started, *first, *second.result(), *alone, execute(NO_CLUSTERS)]


def _work_off(
    waiting: Iterator[Stage], cluster: str, aside: Sequence[str] | None = None
) -> list[Result]:
    """Run what nobody has taken yet, one after the other, on that cluster."""
    return [execute(_with(stage, {CLUSTER: cluster}), aside=aside) for stage in waiting]


def _with(stage: Stage, env: Mapping[str, str]) -> Stage:
    return replace(stage, env={**stage.env, **env})


def _not_run(stage: Stage, why: str) -> Result:
    """What was not run has not passed."""
    return Result(stage=stage, passed=0, failed=1, seconds=0, last_lines=why)


def _wait_for(others: Future[list[Result]], who: str) -> None:
    started = time.monotonic()
    while not others.done():
        try:
            others.exception(SILENCE)
        except TimeoutError:
            _say(f"     still at {who}, {time.monotonic() - started:.0f} s")


def execute(stage: Stage, *, aside: Sequence[str] | None = None) -> Result:
    """Run one stage, its output as it comes; aside from others, behind that, when it has ended."""
    for report in _reports(stage):
        report.unlink()
    # No cluster is left running, stopped or not.
    stop = threading.Event() if stage is NO_CLUSTERS else _stopped
    if stop.is_set():
        return _not_run(stage, "it was not begun: the run was stopped")
    started = time.monotonic()
    if aside is not None:
        command = (*aside, *stage.command)
        env = environment(stage)
        ended = run(command, cwd=CHECKOUT, env=env, tick=lambda _seconds: None, stop=stop)
    else:
        _say("", f"==== {stage.name}")
        ended = run(
            stage.command,
            cwd=CHECKOUT,
            env=environment(stage),
            show=_show,
            tick=lambda seconds: _say(f"     still at {stage.name}, {seconds:.0f} s"),
            stop=stop,
        )
    passed, failed = count(stage, ended.code)
    seconds = time.monotonic() - started
    result = Result(
        stage=stage,
        passed=passed,
        failed=failed,
        seconds=seconds,
        last_lines=ended.tail(_REPEATED_LINES),
    )
    with _screen:
        if aside is not None:
            _say("", f"==== {stage.name}")
            _show(ended.output.encode())
        _say(f"---- {result.line()}")
    return result


def environment(stage: Stage) -> dict[str, str]:
    """Ours, without what a person's shell says to Ansible and Python."""
    foreign = ("ANSIBLE_", "MOLECULE_", "PYTHONPATH", "PYTEST_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**own, **stage.env}


def count(stage: Stage, code: int) -> tuple[int, int]:
    """Passed and failed: a test that was skipped has shown nothing, so it has failed."""
    if stage.reports is None:
        return (1, 0) if code == 0 else (0, 1)
    total = bad = 0
    for report in _reports(stage):
        root = ElementTree.parse(report).getroot()  # noqa: S314 - pytest wrote it a moment ago
        for suite in root.iter("testsuite"):
            total += int(suite.get("tests", "0"))
            bad += sum(int(suite.get(key, "0")) for key in ("failures", "errors", "skipped"))
    # A failure that no test shows: too little covered, a crash, or nothing collected at all.
    if bad == 0 and (code != 0 or total == 0):
        bad = 1
    return max(total - bad, 0), bad


def _reports(stage: Stage) -> Sequence[Path]:
    return sorted(stage.reports.glob("*.xml")) if stage.reports else []


def _show(data: bytes) -> None:
    with _screen:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def _say(*lines: str) -> None:
    with _screen:
        print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    sys.exit(main())
