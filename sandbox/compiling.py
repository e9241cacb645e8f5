# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compile parts with the `go` client, in a build cache that is dropped when all is built."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox import cache, toolchain
from sandbox.commands import Runner
from sandbox.errors import MachineError
from sandbox.parts import Part, executable_of
from sandbox.progress import Progress
from sandbox.toolchain import Go

# Whoever works on the module files names a Go build cache here; it is used and never dropped.
OWN_GO_CACHE = "MESHWRIGHT_SANDBOX_GOCACHE"
GIB = 1024**3
# The compiler collects garbage less often: measured, a sixth less processor time for a third more
# memory of each process.
_GARBAGE = "300"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A Go toolchain with its build cache and log."""

    go: Go
    progress: Progress

    def download(self, parts: Sequence[Part]) -> None:
        """Fetch all modules at once, so that a missing registry is known before any work."""
        self.progress.step("downloading Go modules")
        runner, count = self._runner(), 0

        def on_line(line: str) -> None:
            nonlocal count
            if line.startswith("go: downloading "):
                count += 1
                self.progress.tick(f"{count} modules so far")

        for part in filter(_has_programs, parts):
            what = f"downloading the Go modules of {part.name}"
            command = self._go("list", "-deps", "-f", "", *part.flags(), *part.packages.values())
            runner.run(what, command, folder=part.module, on_line=on_line)

    def build(self, part: Part) -> None:
        """Make all programs of a part; they take their place in the cache together."""
        runner, count = self._runner(), 0

        def on_line(_package: str) -> None:
            nonlocal count
            count += 1
            self.progress.tick(f"{count} packages compiled")

        with part.entry(self.go.version).staging() as staged:
            if _has_programs(part):
                what = f"building {part.name}"
                flags = ["-v", *part.flags(), "-o", f"{staged}/"]
                command = self._go("build", *flags, *part.packages.values())
                runner.run(what, command, folder=part.module, on_line=on_line)
            for name, package in part.packages.items():
                (staged / executable_of(package)).rename(staged / name)
            for name, (module, path) in part.copies.items():
                shutil.copyfile(self._folder_of(module, part) / path, staged / name)

    def _folder_of(self, module: str, part: Part) -> Path:
        """Where the module's files are; they are fetched if no program needed them yet."""
        what = f"fetching {module}"
        command = self._go("mod", "download", "-json", module)
        said = self._runner().run(what, command, folder=part.module)
        return Path(json.loads(said[said.index("{") :])["Dir"])

    def _go(self, *arguments: str) -> list[str]:
        return [str(self.go.program), *arguments]

    def _runner(self) -> Runner:
        temporary = cache.root() / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        environment = self.go.environment(go_cache()) | {"GOTMPDIR": str(temporary)}
        environment.setdefault("GOGC", _GARBAGE)
        return Runner(log=cache.root() / "log" / "go.log", environment=environment)


def _has_programs(part: Part) -> bool:
    return bool(part.packages)


def go_cache() -> Path:
    """Where compiled packages lie until all parts are built."""
    own = os.environ.get(OWN_GO_CACHE)
    return Path(own) if own else _default_go_cache()


def is_unfinished() -> bool:
    """Whether an interrupted build left its Go build cache."""
    return _default_go_cache().exists()


def drop_go_cache() -> None:
    """Give back the many GiB that only an unfinished build has a use for."""
    shutil.rmtree(_default_go_cache(), ignore_errors=True)


def _default_go_cache() -> Path:
    return cache.root() / "go-build"


def prepare(parts: Sequence[Part], progress: Progress) -> Compiler:
    """A compiler with everything at hand that these parts need."""
    compiler = Compiler(go=toolchain.ensure(progress), progress=progress)
    check_disk(parts)
    compiler.download(parts)
    return compiler


def check_disk(parts: Sequence[Part]) -> None:
    """Refuse to begin what the disk cannot hold; what an interrupted build left counts."""
    have = shutil.disk_usage(cache.root()).free + _size(go_cache())
    need = sum(part.disk for part in parts)
    if have < need:
        raise MachineError(
            f"building takes {need / GIB:.0f} GiB under {cache.root()}"
            f" and only {have / GIB:.0f} GiB are free",
            "free some space, or let XDG_CACHE_HOME name a folder on a larger disk",
        )


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
