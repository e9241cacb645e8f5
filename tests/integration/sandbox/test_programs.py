# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that are our own have tests of their own, in Go."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sandbox import parts, toolchain
from sandbox.progress import Progress

PROGRAMS = parts.HERE / "programs"


def test_the_tests_of_the_programs_pass() -> None:
    go = toolchain.ensure(Progress())
    environment = go.environment(Path())
    # The person's own, as with any `go test`: the next run takes a tenth of the time.
    del environment["GOCACHE"]
    done = subprocess.run(
        # Most of the time they wait, so many at once do no harm.
        [go.program, "test", "-parallel=16", "./..."],
        cwd=PROGRAMS,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
