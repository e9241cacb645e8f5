# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of molecule knows nothing of one that was interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.environment import CHECKOUT

# Writes down what it was asked to, and fails where a file says so.
MOLECULE = """#!/bin/sh
echo "$@" >> "$SEEN"
test "$1" != "$FAILS"
"""


@pytest.mark.parametrize(
    ("fails", "code", "asked"),
    [
        ("", 0, ["reset --scenario-name default", "test --all --exclude x"]),
        ("test", 1, ["reset --scenario-name default", "test --all --exclude x"]),
        ("reset", 1, ["reset --scenario-name default"]),
    ],
    ids=["all well", "a scenario fails", "what was before stays"],
)
def test_what_was_before_is_forgotten_first(
    tmp_path: Path, fails: str, code: int, asked: list[str]
) -> None:
    program, seen = tmp_path / "molecule", tmp_path / "seen"
    program.write_text(MOLECULE)
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        [sys.executable, "-m", "tools.run_molecule", "--all", "--exclude", "x"],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": path, "SEEN": str(seen), "FAILS": fails},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, seen.read_text().splitlines()) == (code, asked)
    assert ("molecule reset" in ended.stderr) == (fails == "reset")
