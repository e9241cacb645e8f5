# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.report import files
from ansible_collections.meshwright.istio.plugins.module_utils.report.files import File


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one.html"
    path.write_text("old")
    plan = File.plan(path, "new")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(files.MeshError, match="No space left on device"):
        plan.write()
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("one.html", "old")]


def test_a_new_file_can_be_read_by_the_team(tmp_path: Path) -> None:
    path = tmp_path / "one.html"
    File.plan(path, "new").write()
    assert path.stat().st_mode & 0o777 == 0o644


def test_letters_that_no_file_can_hold_are_replaced(tmp_path: Path) -> None:
    File.plan(tmp_path / "one", "a\udce9b").write()
    assert (tmp_path / "one").read_text() == "a?b"


def test_a_folder_in_place_of_the_file_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(files.MeshError, match="Is a directory"):
        File.plan(tmp_path, "new")
