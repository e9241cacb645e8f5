# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox import lock
from sandbox.errors import ExitCode, InTheWayError, MachineError


def test_a_second_command_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        lock.held("up", path),
        pytest.raises(InTheWayError, match="another command is at work") as caught,
        lock.held("down", path),
    ):
        pass
    assert caught.value.exit_code == ExitCode.IN_THE_WAY
    assert f"`up`, process {os.getpid()}, since " in caught.value.message


def test_it_is_free_again_also_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with pytest.raises(RuntimeError), lock.held("up", path):
        raise RuntimeError
    with lock.held("down", path):
        assert path.read_text().startswith("`down`")
    assert path.read_text() == ""


def test_a_lock_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(MachineError, match=r"cannot be opened: Is a directory; run the same"),
        lock.held("up", tmp_path),
    ):
        pass
