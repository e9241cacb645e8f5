# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run everything that the project is checked with, or only some groups of it.

The stages that need the mesh mostly wait, so the others run beside them, with less priority.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

from sandbox.pytest_plugin import HANDED_ON
from tools.environment import CHECKOUT
from tools.running import SILENCE, run
from tools.stages import GROUPS, ON_THE_MESH, Stage, all_stages

# Beside a mesh that is measured, what only computes gives way.
_GIVE_WAY = ("nice", "-n", "10")
# Of a stage that failed, the end is repeated: its place is far above when all have ended.
_REPEATED_LINES = 40
_screen = threading.RLock()


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
    wanted = parser.parse_args().groups or GROUPS
    if unknown := set(wanted) - set(GROUPS):
        parser.error(f"no such group: {', '.join(sorted(unknown))} (there are {', '.join(GROUPS)})")
    results = run_all([stage for stage in all_stages() if stage.group in wanted])
    for result in results:
        if result.failed:
            _say("", f"==== again, the last lines of {result.stage.name}", result.last_lines)
    _say("", "==== summary", *(result.line() for result in results))
    passed, failed = sum(r.passed for r in results), sum(r.failed for r in results)
    _say(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def run_all(stages: Sequence[Stage]) -> list[Result]:
    """The results in the order of the stages."""
    on_mesh = [stage for stage in stages if stage.group in ON_THE_MESH]
    others = [stage for stage in stages if stage.group not in ON_THE_MESH]
    if not on_mesh:
        return [execute(stage) for stage in others]
    if len(on_mesh) > 1:
        on_mesh = [replace(stage, env={**stage.env, HANDED_ON: "1"}) for stage in on_mesh]
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(lambda: [execute(stage, aside=True) for stage in others])
        results = [execute(stage) for stage in on_mesh]
        _wait_for(beside)
        return [*beside.result(), *results]


def _wait_for(beside: Future[list[Result]]) -> None:
    started = time.monotonic()
    while not beside.done():
        try:
            beside.exception(SILENCE)
        except TimeoutError:
            _say(f"     still at what runs beside, {time.monotonic() - started:.0f} s")


def execute(stage: Stage, *, aside: bool = False) -> Result:
    """Run one stage, its output as it comes; aside from others only when it has ended."""
    for report in _reports(stage):
        report.unlink()
    started = time.monotonic()
    if aside:
        command = (*_GIVE_WAY, *stage.command)
        ended = run(command, cwd=CHECKOUT, env=environment(stage), tick=lambda _seconds: None)
    else:
        _say("", f"==== {stage.name}")
        ended = run(
            stage.command,
            cwd=CHECKOUT,
            env=environment(stage),
            show=_show,
            tick=lambda seconds: _say(f"     still at {stage.name}, {seconds:.0f} s"),
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
        if aside:
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
    sys.exit(main())
