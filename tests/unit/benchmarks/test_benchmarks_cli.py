# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command: what may be asked for, and its exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import cli
from benchmarks.errors import BenchmarkError
from benchmarks.figure import Bench, Figure
from benchmarks.figures import ALL
from benchmarks.row import Row, never_above
from benchmarks.samples import Samples


def _missed(_bench: Bench) -> Sequence[Row]:
    return [never_above("slow", Samples.of([2.0]), at_most=1, unit="s")]


def _broken(_bench: Bench) -> Sequence[Row]:
    raise BenchmarkError("no API server")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two figures that take no time, and nothing that is built."""
    both = [
        Figure(name="missed", shows="a goal that is missed", measure=_missed),
        Figure(name="broken", shows="what cannot be measured", measure=_broken),
    ]
    monkeypatch.setattr(cli, "ALL", both)
    monkeypatch.setattr(cli, "_NAMES", ("missed", "broken"))
    monkeypatch.setattr(cli.build, "ensure", lambda _progress: SimpleNamespace())
    monkeypatch.setattr(cli.conditions, "read", lambda: {"commit": "abc"})
    monkeypatch.setattr(cli.signal, "signal", lambda *_arguments: None)


@pytest.mark.usefixtures("figures")
def test_a_goal_that_was_missed_is_told_and_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "build" / "figures.json"
    assert cli.main(["--only", "missed", "--repeats", "1", "--output", str(output)]) == 0
    assert "never above 1 s  NO" in capsys.readouterr().out
    report = json.loads(output.read_text())
    assert (report["commit"], report["repeats"]) == ("abc", 1)
    assert [figure["name"] for figure in report["figures"]] == ["missed"]
    assert report["figures"][0]["rows"][0]["met"] is False


@pytest.mark.usefixtures("figures")
def test_what_could_not_be_measured_is_a_failure_and_keeps_the_rest(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    assert cli.main(["--output", str(output)]) == 1
    missed, broken = json.loads(output.read_text())["figures"]
    assert missed["rows"]
    assert broken["error"] == "no API server"


@pytest.mark.usefixtures("figures")
def test_the_list_measures_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "missed",
        "broken",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--only", "nonsense"], id="a figure that does not exist"),
        pytest.param(["--repeats", "0"], id="no round at all"),
        pytest.param(["--repeats", "many"], id="no number"),
    ],
)
def test_nonsense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parse(arguments)
    assert ended.value.code == 2


def test_every_figure_has_a_name_of_its_own_and_says_what_it_shows() -> None:
    assert len({figure.name for figure in ALL}) == len(ALL)
    assert all(figure.shows for figure in ALL)
