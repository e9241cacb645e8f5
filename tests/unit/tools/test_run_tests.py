# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make test` counts, and how it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from sandbox.pytest_plugin import CLUSTER, HANDED_ON
from tools import ansible_test, pythons, run_tests
from tools.environment import CHECKOUT
from tools.run_tests import count, environment, execute, run_all
from tools.stages import GROUPS, Lane, Stage, all_stages

REPORT = '<testsuites><testsuite tests="{}" failures="{}" errors="{}" skipped="{}"/></testsuites>'


def stage(code: str, reports: Path | None = None) -> Stage:
    return Stage(
        group="lint", name="a stage", command=(sys.executable, "-c", code), reports=reports
    )


@pytest.mark.parametrize(
    ("reports", "code", "counts"),
    [
        pytest.param([(5, 0, 0, 0)], 0, (5, 0), id="all well"),
        pytest.param([(5, 1, 2, 0)], 1, (2, 3), id="failures and errors"),
        pytest.param([(5, 0, 0, 2)], 0, (3, 2), id="a skip has shown nothing"),
        pytest.param([(5, 0, 0, 0), (3, 1, 0, 0)], 1, (7, 1), id="several reports"),
        pytest.param([(5, 0, 0, 0)], 2, (4, 1), id="too little covered"),
        pytest.param([(0, 0, 0, 0)], 0, (0, 1), id="nothing collected"),
        pytest.param([], 0, (0, 1), id="no report"),
        pytest.param(None, 0, (1, 0), id="a linter that is content"),
        pytest.param(None, 2, (0, 1), id="a linter that is not"),
    ],
)
def test_counts(
    tmp_path: Path,
    reports: list[tuple[int, ...]] | None,
    code: int,
    counts: tuple[int, int],
) -> None:
    for number, numbers in enumerate(reports or []):
        (tmp_path / f"{number}.xml").write_text(REPORT.format(*numbers), encoding="utf-8")
    assert count(stage("", None if reports is None else tmp_path), code) == counts


def test_does_not_count_the_report_of_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "old.xml").write_text(REPORT.format(5, 0, 0, 0), encoding="utf-8")
    result = execute(stage("", tmp_path))
    assert (result.passed, result.failed) == (0, 1)


@pytest.mark.parametrize(
    ("codes", "code", "last_line"),
    [((0, 0), 0, "2 passed, 0 failed"), ((1, 0), 1, "1 passed, 1 failed")],
    ids=["all well", "the first fails"],
)
def test_runs_every_stage_and_ends_with_the_sum(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    codes: tuple[int, ...],
    code: int,
    last_line: str,
) -> None:
    stages = [stage(f"raise SystemExit({code})") for code in codes]
    monkeypatch.setattr(run_tests, "all_stages", lambda: stages)
    monkeypatch.setattr(run_tests, "_show", lambda _data: None)
    monkeypatch.setattr(sys, "argv", ["run_tests"])
    assert run_tests.main() == code
    assert capsys.readouterr().out.splitlines()[-1] == last_line


def test_repeats_the_end_of_what_failed_where_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = "print(*range(100), sep='\\n')\nraise SystemExit(1)"
    monkeypatch.setattr(run_tests, "all_stages", lambda: [stage("print('fine')"), stage(bad)])
    monkeypatch.setattr(run_tests, "_show", lambda _data: None)
    monkeypatch.setattr(sys, "argv", ["run_tests"])
    run_tests.main()
    said = capsys.readouterr().out
    repeated = said.partition("==== again, the last lines of a stage\n")[2]
    assert repeated.splitlines()[:40] == [str(number) for number in range(60, 100)]
    assert "fine" not in said


def wait_for(path: Path) -> str:
    """A program that waits until there is a file, and fails when none comes."""
    return (
        "import os, time\nend = time.monotonic() + 60\n"
        f"while not os.path.exists({str(path)!r}):\n"
        "    time.sleep(0.01)\n    assert time.monotonic() < end\n"
    )


def test_runs_the_others_beside_the_mesh_and_shows_each_in_one_piece(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The one on the mesh begins once the other has; both end once its line is on the screen."""
    begun, seen = tmp_path / "begun", tmp_path / "seen"
    show = run_tests._show

    def watched(data: bytes) -> None:
        show(data)
        # An unbuffered program writes the end of the line by itself.
        if b"mesh" in data:
            seen.touch()

    monkeypatch.setattr(run_tests, "_show", watched)
    begin = f"open({str(begun)!r}, 'w')\nprint('one', flush=True)\n"
    stages = [
        Stage(
            group="lint",
            name="other",
            command=(sys.executable, "-c", begin + wait_for(seen) + "print('two')"),
        ),
        Stage(
            group="molecule",
            name="mesh",
            command=(
                *(sys.executable, "-c"),
                wait_for(begun) + "print('mesh', flush=True)\n" + wait_for(seen),
            ),
            lane=Lane.ON_ONE,
        ),
    ]
    results = run_all(stages)
    assert [(each.stage.name, each.passed) for each in results] == [("other", 1), ("mesh", 1)]
    said = capfdbinary.readouterr().out.decode()
    assert re.search(r"==== other\none\ntwo\n---- other ", said), said
    assert said.index("==== mesh\nmesh") < said.index("==== other"), "it is shown as it goes"


def on_mesh(seen: Path, *lanes: Lane, needs_both: bool = False) -> list[Stage]:
    """Stages that write down the lane they are in, and what they are told of the sandbox."""
    code = (
        "import os, sys\nwith open(sys.argv[1], 'a') as file:\n"
        f"    told = os.environ.get({CLUSTER!r}), {HANDED_ON!r} in os.environ\n"
        "    print(sys.argv[2], *told, file=file)"
    )
    return [
        Stage(
            group="integration",
            name=lane,
            command=(sys.executable, "-c", code, str(seen), lane),
            lane=lane,
            needs_both=needs_both and lane is Lane.ALONE,
        )
        for lane in lanes
    ]


@pytest.mark.parametrize(
    ("lanes", "needs_both", "told"),
    [
        ([Lane.ON_ONE], False, ["on one None False"]),
        ([Lane.ON_ONE, Lane.ALONE], False, ["on one None True", "alone None True"]),
        ([Lane.ALONE], True, ["two", "alone None True", "none"]),
    ],
    ids=["one stage", "one cluster", "both clusters"],
)
def test_tells_each_stage_of_its_cluster(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    lanes: list[Lane],
    needs_both: bool,
    told: list[str],
) -> None:
    seen = tmp_path / "seen"
    for name, word in (("TWO_CLUSTERS", "two"), ("NO_CLUSTERS", "none")):
        say = f"with open({str(seen)!r}, 'a') as file: print({word!r}, file=file)"
        monkeypatch.setattr(run_tests, name, stage(say))
    results = run_all(on_mesh(seen, *lanes, needs_both=needs_both))
    lines = seen.read_text().splitlines()
    assert (sorted(lines), lines[-1]) == (sorted(told), told[-1])
    assert ("two" in told) == (lines[0] == "two")
    assert [each.failed for each in results] == [0] * len(told)


def test_each_cluster_takes_the_next_stage_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first one waits for the other three, so they were the other cluster's."""
    for name in ("TWO_CLUSTERS", "NO_CLUSTERS"):
        monkeypatch.setattr(run_tests, name, stage(""))
    seen = tmp_path / "seen"
    seen.mkdir()
    write = f"import os; open({str(seen)!r} + '/{{}} ' + os.environ[{CLUSTER!r}], 'w').close()"
    codes = [
        "import os, time\nend = time.monotonic() + 60\n"
        f"while len(os.listdir({str(seen)!r})) < 3 and time.monotonic() < end: time.sleep(0.02)\n"
        + write.format("first"),
        *(write.format(name) for name in ("second", "third", "fourth")),
    ]
    results = run_all([replace(stage(code), lane=Lane.ON_ONE) for code in codes])
    assert [each.failed for each in results] == [0] * 6
    clusters = dict(path.name.split() for path in seen.iterdir())
    assert len({clusters.pop("first")} | set(clusters.values())) == 2
    assert len(set(clusters.values())) == 1


def test_nothing_on_the_mesh_has_passed_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run_tests, "TWO_CLUSTERS", stage("raise SystemExit(4)"))
    results = run_all(on_mesh(tmp_path / "seen", Lane.ON_ONE, Lane.ON_ONE, Lane.ALONE))
    assert [(each.passed, each.failed) for each in results] == [(0, 1)] * 4
    assert not (tmp_path / "seen").exists()


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """As after Ctrl-C, once it is set."""
    event = threading.Event()
    monkeypatch.setattr(run_tests, "_stopped", event)
    return event


@pytest.mark.parametrize("number", [1, 2, 3], ids=["one stage", "one cluster", "both clusters"])
def test_ends_the_clusters_when_it_is_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stopped: threading.Event, number: int
) -> None:
    """The first stage that has begun stops it; one that is alone ends its own sandbox."""
    begun, ended, wrongly = (tmp_path / name for name in ("begun", "ended", "wrongly"))
    monkeypatch.setattr(run_tests, "TWO_CLUSTERS", stage(""))
    monkeypatch.setattr(run_tests, "NO_CLUSTERS", stage(f"open({str(ended)!r}, 'w')"))
    begins = stage(f"open({str(begun)!r}, 'w').close()\n{wait_for(tmp_path / 'never')}")
    last = stage(f"open({str(wrongly)!r}, 'w')")
    lanes = [Lane.ON_ONE, Lane.ALONE] if number == 2 else [Lane.ON_ONE] * number
    codes = [begins, last, last][:number]
    stages = [replace(code, lane=lane) for code, lane in zip(codes, lanes, strict=True)]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_all, stages)
        while not begun.exists() and not running.done():
            time.sleep(0.02)
        stopped.set()
        results = running.result()
    assert ended.exists() == (number > 1)
    [interrupted] = [each for each in results if each.stage.command == begins.command]
    assert (interrupted.passed, interrupted.failed) == (0, 1)
    # The second cluster may have taken the others before it was stopped.
    if number == 2:
        assert results[1].last_lines == "it was not begun: the run was stopped"
        assert not wrongly.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_runs_and_is_counted_as_a_failure(
    tmp_path: Path, number: signal.Signals
) -> None:
    begun = tmp_path / "begun"
    codes = [
        f"import time\ntry:\n    open({str(begun)!r}, 'w').close()\n    time.sleep(60)\n"
        "except KeyboardInterrupt:\n    print('in order')",
        "print('next')",
    ]
    script = (
        "import runpy, sys\nfrom tools import stages\n"
        "def make(code):\n    command = sys.executable, '-c', code\n"
        "    return stages.Stage(group='lint', name='s', command=command)\n"
        f"stages.all_stages = lambda: [make(code) for code in {codes!r}]\n"
        "sys.argv = ['run_tests', 'lint']\n"
        "runpy.run_module('tools.run_tests', run_name='__main__')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as process:
        while not begun.exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(number)
        said, _none = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "in order" in said
    assert "next" not in said
    assert said.splitlines()[-1] == "1 passed, 1 failed"


def test_refuses_a_group_that_does_not_exist(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run_tests", "lnit"])
    with pytest.raises(SystemExit):
        run_tests.main()
    assert "no such group: lnit" in capsys.readouterr().err


def test_forgets_what_the_shell_says_to_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", "/elsewhere")
    assert "ANSIBLE_COLLECTIONS_PATH" not in environment(stage(""))


def test_every_group_has_stages_in_its_place() -> None:
    order = list(dict.fromkeys(stage.group for stage in all_stages()))
    assert order == [group for group in GROUPS if group in order]
    assert set(GROUPS) - set(order) <= {"compatibility"}, "only other Pythons may be missing"


@pytest.mark.parametrize("minors", [("3.13",), ("3.13", "3.11"), ("3.13", "3.12", "3.11")])
def test_ansible_test_runs_the_unit_tests_once(
    monkeypatch: pytest.MonkeyPatch, minors: tuple[str, ...]
) -> None:
    monkeypatch.setattr(pythons, "find", lambda: dict.fromkeys(minors, Path(sys.executable)))
    assert [stage.reports for stage in all_stages()].count(ansible_test.REPORTS) == 1


def test_what_needs_both_clusters_runs_while_nothing_else_does() -> None:
    both = [stage for stage in all_stages() if stage.needs_both]
    assert {stage.group for stage in both} == {"switchover"}
    assert {stage.lane for stage in both} == {Lane.ALONE}
    # The last stage ends the clusters that the others are handed.
    [last] = [stage for stage in all_stages() if "alone" in stage.command]
    assert all_stages()[-1] == last


def test_each_scenario_is_run_once() -> None:
    names = [path.name for path in (CHECKOUT / "extensions/molecule").glob("*_*")]
    commands = [each.command for each in all_stages() if "tools.run_molecule" in each.command]
    [one] = [command for command in commands if "--all" in command]
    [both] = [command for command in commands if command is not one]
    excluded, included = one[-1], both[-1]
    assert one[-3:-1] == ("--all", "--exclude")
    assert excluded == included
    for name in names:
        assert fnmatchcase(name, included) == name.startswith("switchover_")
