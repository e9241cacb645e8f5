# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Setting up: only what was made to the end counts, and only interpreters that work are taken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import environment, pythons, setup
from tools.environment import SetupError

MINOR = "{}.{}".format(*sys.version_info)


@pytest.fixture
def interpreter(tmp_path: Path) -> Path:
    """Makes a folder with bin/python in it, as -m venv does."""
    return script(tmp_path / "python", 'mkdir -p "$3/bin"; ln -sf "$0" "$3/bin/python"')


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was installed, with a cache and requirements of the test's own."""
    calls: list[str] = []
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    monkeypatch.setattr(environment, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(environment, "REQUIREMENTS", requirements)
    monkeypatch.setattr(
        environment, "install", lambda _folder, _arguments, what: calls.append(what)
    )
    monkeypatch.setattr(environment, "_add_collections", lambda _folder: None)
    return calls


def script(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_makes_an_environment_once(interpreter: Path, installed: list[str]) -> None:
    first = environment.ensure(interpreter, "development")
    assert environment.ensure(interpreter, "development") == first
    assert installed == ["installing the packages of development.txt"]


def test_makes_it_again_when_the_making_was_interrupted(
    interpreter: Path, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.ensure(interpreter, "development")
    environment.ensure(interpreter, "development")
    assert len(installed) == 1


def test_makes_another_when_a_requirement_changes(interpreter: Path, installed: list[str]) -> None:
    first = environment.ensure(interpreter, "development")
    (environment.REQUIREMENTS / "constraints.txt").write_text("a==2", encoding="utf-8")
    assert environment.ensure(interpreter, "development") != first
    assert len(installed) == 2


def test_makes_it_again_when_its_interpreter_has_gone(
    interpreter: Path, installed: list[str]
) -> None:
    folder = environment.ensure(interpreter, "development")
    (folder / "bin/python").unlink()
    (folder / "bin/python").symlink_to("/nowhere/python")
    environment.ensure(interpreter, "development")
    assert len(installed) == 2


def test_says_what_the_interpreter_said_when_it_cannot(
    tmp_path: Path, installed: list[str]
) -> None:
    broken = script(tmp_path / "broken", "echo no room left; exit 1")
    with pytest.raises(SetupError, match="no room left"):
        environment.ensure(broken, "development")
    assert installed == []


def test_finds_no_interpreter_in_broken_shims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minor in pythons.MINORS:
        script(tmp_path / f"bin/python{minor}", "echo command not found >&2; exit 127")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("HOME", str(tmp_path))
    # The one that runs this test is found by its own path.
    assert set(pythons.find()) <= {MINOR}


def test_finds_what_pyenv_has_behind_a_broken_shim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minor = next(minor for minor in pythons.MINORS if minor != MINOR)
    script(tmp_path / f"bin/python{minor}", "exit 127")
    script(tmp_path / f"pyenv/versions/{minor}.1/bin/python{minor}", f"echo {minor}; echo /real")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    assert pythons.find()[minor] == Path("/real")


def test_does_not_take_another_version_for_the_wanted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minor = next(minor for minor in pythons.MINORS if minor != MINOR)
    script(tmp_path / f"bin/python{minor}", "echo 3.9; echo /old")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert minor not in pythons.find()


def test_asks_for_python_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "find", dict)
    monkeypatch.setattr(setup, "install_debian_packages", lambda *_names: False)
    with pytest.raises(SetupError, match=r"3\.13, 3\.12, 3\.11.*apt install python3-venv"):
        setup.newest_python()


def test_links_a_checkout_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "CHECKOUT", tmp_path)
    setup.link_checkout()
    setup.link_checkout()
    link = tmp_path / ".collections/ansible_collections/meshwright/istio"
    assert link.resolve() == tmp_path
