# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _istioctl
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version

WANTED = Version(major=1, minor=31, patch=0)


def program(path: Path, *, executable: bool = True) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755 if executable else 0o644)
    return path


class Runner:
    """Stands in for AnsibleModule.run_command, and remembers what it ran."""

    def __init__(self, out: str = "", *, code: int = 0, error: str = "") -> None:
        self.answer = (code, out, error)
        self.commands: list[list[str]] = []
        self.environments: list[Mapping[str, str]] = []

    def __call__(
        self, args: list[str], *, environ_update: Mapping[str, str]
    ) -> tuple[int, str, str]:
        self.commands.append(args)
        self.environments.append(environ_update)
        return self.answer


def told(version: Any) -> str:
    return json.dumps({"clientVersion": {"version": version}})


@pytest.mark.parametrize(
    "layout",
    [
        "istioctl-1.31.0",
        "1.31.0/istioctl",
        "istio-1.31.0/bin/istioctl",
        "istioctl-1.31",
        "1.31/istioctl",
    ],
)
def test_finds_the_version_in_a_folder(tmp_path: Path, layout: str) -> None:
    expected = program(tmp_path / layout)
    assert _istioctl.locate(WANTED, None, str(tmp_path)) == str(expected)


def test_prefers_the_whole_version(tmp_path: Path) -> None:
    program(tmp_path / "istioctl-1.31")
    expected = program(tmp_path / "1.31.0/istioctl")
    assert _istioctl.locate(WANTED, None, str(tmp_path)) == str(expected)


def test_a_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = program(tmp_path / "mine")
    assert _istioctl.locate(WANTED, str(expected), None) == str(expected)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _istioctl.locate(WANTED, "~/mine", None) == str(expected)
    monkeypatch.setenv("PATH", str(program(tmp_path / "bin/istioctl").parent))
    assert _istioctl.locate(WANTED, None, None) == str(tmp_path / "bin/istioctl")


def absent(_folder: Path) -> tuple[str | None, str | None]:
    return None, None


def empty_folder(folder: Path) -> tuple[str | None, str | None]:
    return None, str(folder)


def missing_file(folder: Path) -> tuple[str | None, str | None]:
    return str(folder / "istioctl"), None


def not_executable(folder: Path) -> tuple[str | None, str | None]:
    return str(program(folder / "istioctl", executable=False)), None


def not_executable_in_folder(folder: Path) -> tuple[str | None, str | None]:
    program(folder / "istioctl-1.31.0", executable=False)
    return None, str(folder)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(absent, "There is no istioctl on PATH. Give the one of 1.31.0", id="PATH"),
        pytest.param(
            empty_folder, "has no istioctl of 1.31.0; right is a folder with one of", id="folder"
        ),
        pytest.param(missing_file, "istioctl_path: '.*istioctl' cannot be run", id="missing"),
        pytest.param(not_executable, "istioctl_path: .* permission to execute it", id="mode"),
        pytest.param(
            not_executable_in_folder,
            "istioctl_directory: '.*istioctl-1.31.0' cannot be run",
            id="mode in folder",
        ),
    ],
)
def test_says_what_is_not_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: Callable[[Path], tuple[str | None, str | None]],
    message: str,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(BadInputError, match=message):
        _istioctl.locate(WANTED, *given(tmp_path))


def test_asks_for_the_version_without_a_cluster() -> None:
    run = Runner(told("1.31.0"))
    _istioctl.require_version(run, "istioctl", WANTED)
    assert run.commands == [["istioctl", "version", "--remote=false", "-o", "json"]]
    assert run.environments == [{"KUBECONFIG": os.devnull}]


@pytest.mark.parametrize(
    ("run", "message"),
    [
        pytest.param(Runner(told("1.30.4")), "is 1.30.4 and renders that", id="other version"),
        pytest.param(Runner(told("unknown")), "is unknown and renders that", id="unknown version"),
        pytest.param(
            Runner(code=2, error="not an ELF\n  file"),
            r"\(exit code 2\): not an ELF file. Give an istioctl of 1.31.0",
            id="failed",
        ),
        pytest.param(Runner(told("1.31.0"), code=1), "exit code 1", id="failed and told it"),
        pytest.param(Runner(), r"\(exit code 0\): it says nothing", id="silent"),
        pytest.param(Runner("client version: 1.31.0"), "client version: 1.31.0", id="no JSON"),
        pytest.param(Runner("[]"), "does not tell its version", id="other JSON"),
        pytest.param(Runner('{"clientVersion": null}'), "does not tell", id="without a version"),
    ],
)
def test_refuses_what_is_not_the_istioctl_of_the_version(run: Runner, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        _istioctl.require_version(run, "istioctl", WANTED)


def test_renders_documents_that_nobody_else_can_read(tmp_path: Path) -> None:
    run = Runner("kind: List")
    documents = [{"spec": {"profile": "minimal"}}, {"spec": {"hub": "hub.example.org"}}]
    assert _istioctl.render(run, "istioctl", documents, str(tmp_path)) == "kind: List"
    paths = sorted(tmp_path.iterdir())
    files = [word for path in paths for word in ("-f", str(path))]
    assert run.commands == [["istioctl", "manifest", "generate", *files]]
    # Values may hold passwords.
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o600, 0o600]
    assert [json.loads(path.read_text()) for path in paths] == documents
    assert run.environments == [{"KUBECONFIG": os.devnull}]


def test_hands_on_why_it_cannot_render(tmp_path: Path) -> None:
    run = Runner(code=1, error="unknown field: " + "x" * 1000)
    with pytest.raises(BadInputError, match=r"unknown field: x+\. Correct them") as caught:
        _istioctl.render(run, "istioctl", [], str(tmp_path))
    assert len(caught.value.message) < 800
