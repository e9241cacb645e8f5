# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cgroups of the clusters' pods, below one of ours in each hierarchy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sandbox.errors import SandboxError

NAME = "meshwright-sandbox"
MOUNTED = Path("/sys/fs/cgroup")
_TIMEOUT = 10.0
# Pods ask for little, so that many fit; against what else runs here they count as eight programs.
_SHARES = 8 * 1024
_WEIGHT = 800


def make(cluster: str) -> None:
    """Make the cgroup under which a cluster's kubelet keeps its pods."""
    for top in _tops():
        (top / NAME / cluster).mkdir(parents=True, exist_ok=True)
        for file, value in (("cpu.shares", _SHARES), ("cpu.weight", _WEIGHT)):
            if (top / NAME / file).exists():
                (top / NAME / file).write_text(str(value))


def members(cluster: str) -> set[int]:
    """The processes in the pods of a cluster."""
    found: set[int] = set()
    for top in _tops():
        for file in (top / NAME / cluster).rglob("cgroup.procs"):
            with suppress(OSError):
                found.update(int(pid) for pid in file.read_text().split())
    return found


def remove() -> None:
    """Remove ours in every hierarchy; the kernel lets go of dead members a little later."""
    end = time.monotonic() + _TIMEOUT
    while folders := list(_ours()):
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()
        if time.monotonic() > end:
            raise SandboxError(
                f"the cgroup {folders[0]} cannot be removed",
                "look for its processes in the file cgroup.procs in there",
            )


def _tops() -> list[Path]:
    """Version 2 has one hierarchy; version 1 one for each controller, some by several names."""
    if (MOUNTED / "cgroup.controllers").exists():
        return [MOUNTED]
    return [path for path in MOUNTED.iterdir() if path.is_dir() and not path.is_symlink()]


def _ours() -> Iterator[Path]:
    """The deepest first."""
    for top in _tops():
        if (top / NAME).is_dir():
            below = [folder for folder in (top / NAME).rglob("*") if folder.is_dir()]
            yield from sorted(below, key=lambda folder: len(folder.parts), reverse=True)
            yield top / NAME
