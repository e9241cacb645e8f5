# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take away everything that a sandbox has made, also what a crash has left half-made.

Nothing is looked up in a record of what was started: what is found by its mark, its name or its
place goes, so that it does not matter how far an `up` or an earlier `down` has come.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sandbox import network, processes
from sandbox.errors import SandboxError
from sandbox.places import CGROUP, STATE

_CGROUPS = Path("/sys/fs/cgroup")
_TIMEOUT = 10.0


def is_anything_left() -> bool:
    """Whether a sandbox runs, or has left something that can be seen."""
    return STATE.exists() or bool(processes.find())


def clean() -> None:
    """Processes first, then what they would otherwise make again."""
    processes.kill("")
    for name in network.NAMES:
        network.disconnect(network.Addresses(name))
    network.release()
    _remove_cgroups()
    if STATE.exists():
        shutil.rmtree(STATE)


def _remove_cgroups() -> None:
    """Remove ours in every hierarchy; the kernel lets go of dead members a little later."""
    end = time.monotonic() + _TIMEOUT
    while folders := list(_cgroups()):
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()
        if time.monotonic() > end:
            raise SandboxError(
                f"the cgroup {folders[0]} cannot be removed",
                "look for its processes in the file cgroup.procs in there",
            )


def _cgroups() -> Iterator[Path]:
    """The deepest first; version 2 has one hierarchy, version 1 one for each controller."""
    for top in (_CGROUPS / CGROUP, *_CGROUPS.glob(f"*/{CGROUP}")):
        if top.is_dir() and not top.is_symlink():
            below = [folder for folder in top.rglob("*") if folder.is_dir()]
            yield from sorted(below, key=lambda folder: len(folder.parts), reverse=True)
            yield top
