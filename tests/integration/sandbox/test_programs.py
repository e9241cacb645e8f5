# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that are our own have tests of their own, in Go."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sandbox import parts, toolchain
from sandbox.progress import Progress

PROGRAMS = parts.HERE / "programs"


def test_the_tests_of_the_programs_pass(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With a Go build cache that is gone afterwards, as after a build."""
    go = toolchain.ensure(Progress())
    folder = tmp_path_factory.mktemp("go-build")
    # Most of the time they wait, so many at once do no harm.
    command = [go.program, "test", "-parallel=16", "./..."]
    done = subprocess.run(
        command,
        cwd=PROGRAMS,
        env=go.environment(_cache(folder)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _cache(folder: Path) -> Path:
    return folder / "cache"
