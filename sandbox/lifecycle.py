# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole sandbox: started, found again, ended."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from sandbox import build, cache, doctor, down, haproxy, images, lock, network
from sandbox.errors import InTheWayError
from sandbox.places import Places
from sandbox.progress import Progress
from sandbox.running import Sandbox, Wish, find, require
from sandbox.starting import Start

__all__ = ["Sandbox", "Wish", "end", "find", "require", "up"]


def up(wish: Wish, progress: Progress) -> Sandbox:
    """Start a sandbox from nothing; what a dead one has left is taken away first."""
    with lock.held("python -m sandbox up"):
        _refuse_another()
        progress.step("looking at this machine")
        doctor.refuse(doctor.examine(wish.clusters))
        if down.is_anything_left():
            progress.step("taking away what another sandbox has left")
            down.clean()
        if wish.clusters > 1:
            haproxy.check_port()
        artifacts = build.ensure(progress)
        archives = images.archives(artifacts, progress, wish.istio)
        try:
            return Start(wish, artifacts, progress).run(archives)
        except BaseException:
            progress.note(f"taking away what was started; its logs go to {_failed()}")
            try:
                _keep_logs()
            finally:
                down.clean()
            raise


def end(progress: Progress) -> bool:
    """Take everything away; whether there was anything."""
    with lock.held("python -m sandbox down"):
        was = down.is_anything_left()
        if was:
            progress.step("ending processes, then networks, mounts, cgroups and folders")
        down.clean()
        progress.rest()
        return was


def _refuse_another() -> None:
    other = find()
    if other and not other.dead():
        raise InTheWayError(
            f"a sandbox has been running on this machine since {other.started}",
            "use it, or end it with `python -m sandbox down`",
        )


def _keep_logs() -> None:
    """Put the logs of a start that failed where they outlive it, if there is room for them."""
    kept = _failed()
    shutil.rmtree(kept, ignore_errors=True)
    for name in network.NAMES:
        with suppress(OSError):
            shutil.copytree(Places(name).logs, kept / name)


def _failed() -> Path:
    return cache.root() / "log" / "failed-up"
