# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the virtual environments that the project is worked on and checked with."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.running import run

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = CHECKOUT / "requirements"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "meshwright-istio"
# The modules need the first, the director dns the second; the third is another writer in tests.
COLLECTIONS = tuple(
    f"ansible_collections/{name}/" for name in ("kubernetes/core", "community/general", "amazon/aws")
)
_COMPLETE = "complete"


class SetupError(Exception):
    """Something that a person has to mend before the project can be set up."""


def say(text: str) -> None:
    """Tell the person; standard output is kept for the answer."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


def ensure(interpreter: Path, requirements: str) -> Path:
    """The environment of requirements/<requirements>.txt, made now if it is not there."""
    folder = CACHE / f"venv-{_key(interpreter, requirements)}"
    if not _is_complete(folder):
        with _only_one():
            if not _is_complete(folder):
                _make(folder, interpreter, requirements)
    return folder


def install(folder: Path, arguments: Sequence[str | Path], what: str) -> None:
    """Run `pip` of an environment, telling that it still works."""
    started = time.monotonic()
    say(what)
    command = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check", *arguments]
    ended = run(command, tick=lambda seconds: say(f"{what} ... {seconds:.0f} s"))
    if ended.code != 0:
        raise SetupError(
            f"{what} failed. pip's last words:\n{ended.tail()}\n"
            "If the package registry cannot be reached, set it in pip's configuration "
            "(PIP_INDEX_URL); then try again."
        )
    say(f"{what}: done in {time.monotonic() - started:.0f} s")


def _key(interpreter: Path, requirements: str) -> str:
    """Changes with the interpreter and with any file of requirements."""
    digest = hashlib.sha256(f"{interpreter} {requirements}".encode())
    for file in sorted(REQUIREMENTS.glob("*.txt")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _is_complete(folder: Path) -> bool:
    """Whether the making ended, and the interpreter that it was made from is still there."""
    return (folder / _COMPLETE).exists() and (folder / "bin/python").exists()


def _make(folder: Path, interpreter: Path, requirements: str) -> None:
    """An environment cannot be moved once it is made, so its last file marks it as whole."""
    shutil.rmtree(folder, ignore_errors=True)
    say(f"making {folder} with {interpreter}")
    ended = run([interpreter, "-m", "venv", folder], tick=lambda _seconds: say("still making it"))
    if ended.code != 0:
        raise SetupError(f"{interpreter} -m venv {folder} failed:\n{ended.tail()}")
    constraints, wanted = REQUIREMENTS / "constraints.txt", REQUIREMENTS / f"{requirements}.txt"
    install(
        folder,
        ["install", "-c", constraints, "-r", wanted],
        f"installing the packages of {requirements}.txt",
    )
    _add_collections(folder)
    (folder / _COMPLETE).touch()


def _add_collections(folder: Path) -> None:
    """Put them where ansible finds them, without Galaxy and without their many neighbours."""
    (packages,) = folder.glob("lib/python3.*/site-packages")
    with tempfile.TemporaryDirectory(dir=CACHE) as download:
        wanted = REQUIREMENTS / "collections.txt"
        install(
            folder,
            ["download", "--no-deps", "--only-binary=:all:", "-d", download, "-r", wanted],
            "fetching the collections",
        )
        (wheel,) = Path(download).glob("ansible-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.startswith(COLLECTIONS)]
            archive.extractall(packages, members)


@contextmanager
def _only_one() -> Iterator[None]:
    """Two setups at once would write into one folder: the second waits for the first."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "setup.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("waiting for another setup that is running")
                time.sleep(10)
            else:
                break
        yield
