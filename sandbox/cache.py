# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where built programs lie, under which key, and whether they still are what was put there."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.progress import Progress

MANIFEST = "manifest.json"
_PARTIAL = ".partial"


def root() -> Path:
    """The sandbox's folder in the user's cache; XDG says that a relative path does not count."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "meshwright-sandbox"


def key_of(pieces: Iterable[bytes]) -> str:
    """A short key of contents; the length of each piece keeps its border from moving unseen."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()[:16]


@contextmanager
def locked(progress: Progress) -> Iterator[None]:
    """One build at a time in this cache; the second waits and then finds the work done."""
    root().mkdir(parents=True, exist_ok=True)
    with (root() / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            progress.step(f"waiting for the build that process {lock.read().strip()} is doing")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def drop_leftovers() -> None:
    """Remove what killed builds had not finished; only for who holds the lock."""
    for partial in root().glob(f"*/*{_PARTIAL}"):
        shutil.rmtree(partial)
    shutil.rmtree(root() / "tmp", ignore_errors=True)


def drop_outdated(entries: Iterable[Entry]) -> None:
    """Remove older versions of these; the newest is kept, as another checkout may use it."""
    everything = list(root().glob("bin/*"))
    for entry in entries:
        versions = (path for path in everything if path.name.rpartition("-")[0] == entry.name)
        others = [path for path in versions if path != entry.folder]
        for path in sorted(others, key=lambda path: path.stat().st_mtime)[:-1]:
            shutil.rmtree(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One folder of files that were made together, named after what they were made from."""

    name: str
    key: str
    files: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return root() / "bin" / f"{self.name}-{self.key}"

    def is_there(self) -> bool:
        return self.folder.is_dir()

    def sums(self) -> dict[str, str]:
        """The sha256 of each file as it was stored."""
        return {name: str(record["sha256"]) for name, record in self._manifest().items()}

    def damaged(self) -> tuple[str, ...]:
        """The files that are missing or no longer as stored, or the manifest when that is."""
        try:
            manifest = self._manifest()
            return tuple(name for name in self.files if not self._is_sound(name, manifest[name]))
        except (OSError, ValueError, KeyError, TypeError):
            return (MANIFEST,)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder to fill; it takes its place, with its manifest, only if the block succeeds."""
        staged = self.folder.with_name(f"{self.folder.name}{_PARTIAL}")
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        yield staged
        manifest = {path.name: _record(path) for path in sorted(staged.iterdir())}
        (staged / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        shutil.rmtree(self.folder, ignore_errors=True)
        staged.rename(self.folder)

    def _manifest(self) -> dict[str, dict[str, str | int]]:
        content: dict[str, dict[str, str | int]] = json.loads((self.folder / MANIFEST).read_text())
        return content

    def _is_sound(self, name: str, record: dict[str, str | int]) -> bool:
        path = self.folder / name
        try:
            now = path.stat()
            if now.st_size != record["size"]:
                return False
            if now.st_mtime_ns == record["mtime_ns"]:
                return True
            if _sha256(path) != record["sha256"]:
                return False
            # The same bytes with another time, as after a copy: spares the next hash.
            os.utime(path, ns=(now.st_atime_ns, int(record["mtime_ns"])))
        except OSError:
            return False
        return True


def _record(path: Path) -> dict[str, str | int]:
    stat = path.stat()
    return {"sha256": _sha256(path), "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
