# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox import limits
from sandbox.findings import Severity

NAME = "fs.inotify.max_user_instances"
ENOUGH = limits.NEEDED[NAME]


@pytest.fixture
def sysctls(tmp_path: Path) -> Path:
    folder = tmp_path / "fs" / "inotify"
    folder.mkdir(parents=True)
    (folder / "max_user_instances").write_text("128\n")
    return tmp_path


def value(sysctls: Path) -> int:
    return int((sysctls / "fs" / "inotify" / "max_user_instances").read_text())


def test_a_low_limit_is_raised_and_put_back(sysctls: Path, tmp_path: Path) -> None:
    record = tmp_path / "state" / "limits.json"
    limits.lift(sysctls, record)
    assert value(sysctls) == ENOUGH
    limits.restore(sysctls, record)
    assert value(sysctls) == 128


def test_a_limit_that_is_high_enough_is_left_alone(sysctls: Path, tmp_path: Path) -> None:
    (sysctls / "fs" / "inotify" / "max_user_instances").write_text("8192")
    limits.lift(sysctls, tmp_path / "limits.json")
    assert not (tmp_path / "limits.json").exists()
    limits.restore(sysctls, tmp_path / "limits.json")
    assert value(sysctls) == 8192


def test_a_limit_that_somebody_has_set_since_is_left_alone(sysctls: Path, tmp_path: Path) -> None:
    limits.lift(sysctls, tmp_path / "limits.json")
    (sysctls / "fs" / "inotify" / "max_user_instances").write_text("4096")
    limits.restore(sysctls, tmp_path / "limits.json")
    assert value(sysctls) == 4096


@pytest.mark.parametrize("text", ["", "{", '{"kernel.other": 1}'])
def test_a_record_that_was_cut_off_restores_nothing(
    sysctls: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "limits.json").write_text(text)
    limits.restore(sysctls, tmp_path / "limits.json")
    assert value(sysctls) == 128


def test_check(sysctls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.check(sysctls).severity is Severity.FINE
    monkeypatch.setattr(os, "access", lambda *_: False)
    lacking = limits.check(sysctls)
    assert lacking.severity is Severity.MISSING
    assert lacking.remedy == f"raise it where it can be: `sysctl {NAME}={ENOUGH}`"
