# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: what it takes, what it says, and the codes that it ends with."""

from __future__ import annotations

import argparse
import errno
import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sandbox import build, cli, doctor, down, features, lifecycle, load, status, trial
from sandbox.build import Artifacts
from sandbox.errors import ExitCode, MachineError, SandboxError
from sandbox.features import FeatureResult
from sandbox.findings import fine, missing
from sandbox.lifecycle import Sandbox, Wish
from sandbox.load import LoadResult
from sandbox.load_result import Baseline, Counts, Latency
from sandbox.progress import Progress

README = Path(cli.__file__).with_name("README.md")


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["start"], "invalid choice: 'start' (choose from", id="command"),
        pytest.param([], "the following arguments are required: COMMAND", id="no command"),
        pytest.param(["up", "--istio", "1.29"], "invalid choice: '1.29' (choose from", id="istio"),
        pytest.param(["up", "--clusters", "3"], "invalid choice: 3 (choose from", id="clusters"),
        pytest.param(["up", "--clusters", "two"], "invalid int value: 'two'", id="no number"),
        pytest.param(
            ["up", "--workloads", "x"], "invalid choice: 'x' (choose from", id="workloads"
        ),
        pytest.param(["up", "--revision", "1.30"], "'1.30' is no revision", id="revision"),
        pytest.param(["up", "--node", "2"], "unrecognized arguments: --node", id="option"),
        pytest.param(["install"], "required: --istio", id="nothing to install"),
        pytest.param(
            ["install", "--istio", "1.31", "--bad", "luck"], "invalid choice: 'luck'", id="bad"
        ),
        pytest.param(["load", "--cluster", "c"], "invalid choice: 'c' (choose from", id="cluster"),
        pytest.param(["load", "--rate", "many"], "invalid int value: 'many'", id="rate"),
        pytest.param(["load", "--inside", "--both"], "not allowed with", id="two sides"),
        pytest.param(["down", "now"], "unrecognized arguments: now", id="argument"),
    ],
)
def test_what_it_does_not_take_is_named(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == ExitCode.USAGE
    assert says in capsys.readouterr().err


def test_a_revision_of_no_istio_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["up", "--istio", "none", "--revision", "1-30"]) == ExitCode.USAGE
    assert "leave one of the two out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        pytest.param(
            SandboxError("etcd died", "run it again"), 1, "etcd died\n  -> run", id="ours"
        ),
        pytest.param(
            MachineError("no root", "use sudo"), 3, "no root\n  -> use sudo", id="machine"
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "/var/x"),
            1,
            "/var/x: No space left on device\n  -> free some space",
            id="full disk",
        ),
        pytest.param(KeyboardInterrupt(), 1, "interrupted", id="interrupted"),
    ],
)
def test_a_failure_is_a_sentence_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    says: str,
) -> None:
    monkeypatch.setattr(build, "ensure", raising(error))
    assert cli.main(["build"]) == code
    assert f"sandbox: {says}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "wish"),
    [
        ([], Wish()),
        (["--clusters", "2", "--workloads", "hard"], Wish(clusters=2, workloads="hard")),
        (["--istio", "1.31", "--revision", "1-31"], Wish(istio="1.31", revision="1-31")),
        (["--istio", "none"], Wish(istio="", workloads="")),
        (["--workloads", "none"], Wish(workloads="")),
    ],
)
def test_up_wishes_for_what_it_was_told(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], wish: Wish
) -> None:
    wishes = []

    def up(wish: Wish, _: Progress) -> Sandbox:
        wishes.append(wish)
        return Sandbox(wish=wish, started="now", artifacts=Artifacts(entries={}))

    monkeypatch.setattr(lifecycle, "up", up)
    monkeypatch.setattr(status, "read", lambda _: [])
    monkeypatch.setattr(status, "table", lambda *_: "the table")
    assert cli.main(["up", *arguments]) == ExitCode.OK
    assert wishes == [wish]


def test_doctor_ends_with_the_code_of_a_machine_that_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [fine("root", "yes")]
    monkeypatch.setattr(doctor, "examine", lambda _: findings)
    assert cli.main(["doctor"]) == ExitCode.OK
    findings.append(missing("disk", "full", "free some"))
    assert cli.main(["doctor"]) == ExitCode.MACHINE
    assert "-> free some" in capsys.readouterr().out


def test_up_refuses_a_machine_that_lacks_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lifecycle.lock, "held", lambda _: nullcontext())
    monkeypatch.setattr(lifecycle, "find", lambda: None)
    monkeypatch.setattr(doctor, "examine", lambda _: [missing("disk", "full", "free some")])
    for module, name in ((down, "clean"), (build, "ensure")):
        monkeypatch.setattr(module, name, raising(AssertionError(f"{name} was called")))
    assert cli.main(["up"]) == ExitCode.MACHINE
    assert "disk: full\n  -> free some" in capsys.readouterr().err


def test_a_start_that_fails_is_taken_away_even_if_its_logs_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch, progress: Progress
) -> None:
    cleaned: list[bool] = []
    monkeypatch.setattr(lifecycle.lock, "held", lambda _: nullcontext())
    monkeypatch.setattr(lifecycle, "find", lambda: None)
    monkeypatch.setattr(doctor, "examine", lambda _: [])
    monkeypatch.setattr(down, "is_anything_left", lambda: False)
    monkeypatch.setattr(down, "clean", lambda: cleaned.append(True))
    monkeypatch.setattr(build, "ensure", lambda _: Artifacts(entries={}))
    monkeypatch.setattr(lifecycle.images, "archives", lambda *_: ())
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(lifecycle.Start, "run", raising(full))
    monkeypatch.setattr(lifecycle.shutil, "copytree", raising(full))
    with pytest.raises(OSError, match="No space left"):
        lifecycle.up(Wish(), progress)
    assert cleaned == [True]


@pytest.mark.parametrize(
    ("workloads", "asked", "says"),
    [
        pytest.param("", [], "no workloads shop to send to", id="none there"),
        pytest.param("shop", ["--workloads", "hard"], "no workloads hard to send", id="only shop"),
    ],
)
def test_a_load_on_what_is_not_there_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    workloads: str,
    asked: list[str],
    says: str,
) -> None:
    _run(monkeypatch, workloads)
    assert cli.main(["load", *asked]) == ExitCode.USAGE
    assert says in capsys.readouterr().err


def _run(monkeypatch: pytest.MonkeyPatch, workloads: str) -> None:
    found = Sandbox(wish=Wish(workloads=workloads), started="", artifacts=Artifacts(entries={}))
    monkeypatch.setattr(lifecycle, "require", lambda: found)


NONE = Latency(p50=0, p90=0, p99=0, p999=0, max=0)
TOTAL = Counts(
    name="total",
    planned=10,
    sent=10,
    late=0,
    answered=10,
    failed=0,
    failures={},
    failing=(),
    replayed=0,
    latency=NONE,
    statuses={},
)
BASELINE = Baseline(seconds=5, sent=5, failed=0, failures={}, broken_streams=0, p50_ms=1, p99_ms=1)
RESULT = LoadResult(
    started="now",
    seconds=1,
    baseline=BASELINE,
    environment="",
    targets=(TOTAL,),
    total=TOTAL,
    per_second=(),
    streams=(),
)
LOST = replace(RESULT, total=replace(TOTAL, failed=1))
BUSY = replace(RESULT, environment="it was too slow")


class Load:
    """A load that has ended already."""

    def __init__(self, result: LoadResult) -> None:
        self._result = result

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def wait_until_measuring(self) -> None:
        pass

    def result(self) -> LoadResult:
        return self._result


@pytest.mark.parametrize(
    ("arguments", "results", "ok", "code"),
    [
        pytest.param([], [RESULT], True, ExitCode.OK, id="nothing lost"),
        pytest.param([], [LOST], True, ExitCode.FAILED, id="a request lost"),
        pytest.param([], [RESULT], False, ExitCode.FAILED, id="a feature broken"),
        pytest.param([], [BUSY], True, ExitCode.TOO_BUSY, id="too busy"),
        pytest.param(["--inside"], [RESULT], True, ExitCode.OK, id="inside"),
        pytest.param(["--both"], [RESULT, LOST], True, ExitCode.FAILED, id="one of both lost"),
    ],
)
def test_load_ends_with_the_code_of_what_it_saw(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    results: list[LoadResult],
    ok: bool,
    code: ExitCode,
) -> None:
    _run(monkeypatch, "shop")
    left = iter(results)
    monkeypatch.setattr(load, "start", lambda *_, **__: Load(next(left)))
    feature = FeatureResult(name="tracing", ok=ok, detail="it was lost")
    monkeypatch.setattr(features, "check", lambda _: [feature])
    output = tmp_path / "result.json"
    assert cli.main(["load", *arguments, f"--output={output}"]) == code
    written = json.loads(output.read_text())
    sides = {"--inside": ["inside"], "--both": ["outside", "inside"]}
    assert list(written["loads"]) == sides.get("".join(arguments), ["outside"])
    assert list(written["features"]) == ["before", "during", "after"]


def test_table_of_features_explains_what_is_broken() -> None:
    works, broken = (FeatureResult(name="tracing", ok=ok, detail="lost") for ok in (True, False))
    assert trial.table({"before": [works], "during": [broken], "after": [works]}).splitlines() == [
        "feature             before    during    after     ",
        "tracing             works     BROKEN    works",
        "during: tracing: lost",
    ]


def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"cannot be written to .*: No such file .*; name a"):
        trial._write(tmp_path / "none" / "result.json", {})


def test_the_readme_lists_every_command_and_code() -> None:
    text = README.read_text()
    [action] = [
        each for each in cli.parser()._actions if isinstance(each, argparse._SubParsersAction)
    ]
    for command in action.choices:
        assert f"\n| `{command}` | " in text
    for exit_code in ExitCode:
        assert f"\n| {exit_code.value} | " in text
