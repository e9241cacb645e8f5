# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One command at a time may start or end sandboxes; the kernel frees the lock of a dead one."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import InTheWayError, MachineError
from sandbox.places import LOCK


@contextmanager
def held(command: str, path: Path = LOCK) -> Iterator[None]:
    """Hold the lock of this machine; refused at once when another command holds it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+")
    except OSError as error:
        raise MachineError(
            f"the lock {path} cannot be opened: {error.strerror}", "run the same command with sudo"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "not known by whom"
            raise InTheWayError(
                f"another command is at work on a sandbox: {holder}",
                "wait until it is done",
            ) from None
        lock.truncate(0)
        lock.write(f"`{command}`, process {os.getpid()}, since {time.strftime('%H:%M:%S')}\n")
        lock.flush()
        yield
        # The file itself stays: another command may be waiting on it with an open descriptor.
        lock.truncate(0)
