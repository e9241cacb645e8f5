# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from ansible_collections.meshwright.istio.plugins.module_utils._progress import (
    FILE_NAME,
    Progress,
)


def said(folder: Path) -> list[str]:
    return (folder / FILE_NAME).read_text(encoding="utf-8").splitlines()


def test_say_writes_a_line_at_most_every_two_seconds(tmp_path: Path) -> None:
    times = iter([0.0, 1.0, 1.5, 3.0, 9.0])
    progress = Progress(SimpleNamespace(tmpdir=str(tmp_path)), clock=lambda: next(times))
    progress.say("1 of 3")
    progress.say("2 of 3")
    progress.say("failed", at_once=True)
    progress.say("3 of 3")
    progress.say("done,\nall of it")
    assert said(tmp_path) == ["1 of 3", "failed", "done, all of it"]


def test_say_does_not_repeat_itself(tmp_path: Path) -> None:
    times = iter([0.0, 100.0])
    progress = Progress(SimpleNamespace(tmpdir=str(tmp_path)), clock=lambda: next(times))
    progress.say("waiting")
    progress.say("waiting", at_once=True)
    assert said(tmp_path) == ["waiting"]
