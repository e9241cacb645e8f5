# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._run_id import identify, is_alive


def machine(folder: Path, *, boot: str = "b-1", namespace: str = "pid:[1]") -> Path:
    """A /proc with process 7, whose program has an unkind name."""
    (folder / "sys/kernel/random").mkdir(parents=True)
    (folder / "sys/kernel/random/boot_id").write_text(boot)
    (folder / "self/ns").mkdir(parents=True)
    (folder / "self/ns/pid").symlink_to(namespace)
    start(folder, 7, ticks=500)
    return folder


def start(proc: Path, pid: int, *, ticks: int, state: str = "S") -> None:
    fields = [state, *map(str, range(18)), str(ticks), "0"]
    (proc / str(pid)).mkdir(exist_ok=True)
    (proc / str(pid) / "stat").write_text(f"{pid} (a) b (c) {' '.join(fields)}")


def test_a_run_lives_while_its_process_does(tmp_path: Path) -> None:
    proc = machine(tmp_path)
    run_id = identify(7, proc)
    assert "-7-500-" in run_id
    assert is_alive(run_id, proc)
    (proc / "7" / "stat").unlink()
    assert is_alive(run_id, proc) is False


@pytest.mark.parametrize(
    ("ticks", "state"), [(501, "S"), (500, "Z")], ids=["number used again", "zombie"]
)
def test_a_run_is_gone_when_another_process_has_its_number(
    tmp_path: Path, ticks: int, state: str
) -> None:
    proc = machine(tmp_path)
    run_id = identify(7, proc)
    start(proc, 7, ticks=ticks, state=state)
    assert is_alive(run_id, proc) is False


@pytest.mark.parametrize(
    "settings",
    [{"boot": "b-2"}, {"namespace": "pid:[2]"}],
    ids=["other machine or boot", "other container"],
)
def test_nothing_is_known_of_a_run_elsewhere(tmp_path: Path, settings: dict[str, str]) -> None:
    run_id = identify(7, machine(tmp_path / "here"))
    there = machine(tmp_path / "there", **settings)
    (there / "7" / "stat").unlink()
    assert is_alive(run_id, there) is None


@pytest.mark.parametrize("run_id", ["job-17", "a-1-2-zzzzzzzzzzzz", ""])
def test_nothing_is_known_of_a_run_with_a_name_of_its_own(run_id: str) -> None:
    assert is_alive(run_id) is None


def test_a_system_without_proc_still_names_the_run(tmp_path: Path) -> None:
    run_id = identify(7, tmp_path)
    assert run_id.endswith("-7")
    assert is_alive(run_id, tmp_path) is None


def test_real_processes() -> None:
    assert is_alive(identify(os.getpid()))
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run_id = identify(process.pid)
    assert is_alive(run_id)
    process.communicate()
    assert is_alive(run_id) is False
