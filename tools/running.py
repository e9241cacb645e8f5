# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a program so that nobody has to wonder whether it is still alive."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

SILENCE = 12.0
_LOOK_EVERY = 0.5
# What is interrupted may have clusters to end, and load that still counts.
_GRACE = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended, and what it wrote to both of its outputs."""

    code: int
    output: str

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.output.splitlines()[-lines:])


def run(  # noqa: PLR0913 - all that there is to say about how a program is run
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    show: Callable[[bytes], object] | None = None,
    tick: Callable[[float], object],
    silence: float = SILENCE,
    stop: threading.Event | None = None,
) -> Ended:
    """Run to the end; `show` gets the output as it comes, `tick` the seconds when none came.

    Once `stop` is set, the program and all that it started are interrupted, as by Ctrl-C, and
    killed if they do not heed it. Until then they hear of no Ctrl-C themselves.
    """
    started = shown = time.monotonic()
    kill_at: float | None = None
    chunks: list[bytes] = []
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=None if stop is None else 0,
    ) as process:
        descriptor = cast(IO[bytes], process.stdout).fileno()
        while True:
            # What it wrote before its end can be read by now, so nothing is left behind.
            is_over = process.poll() is not None
            data = _read(descriptor)
            if data:
                chunks.append(data)
                if show is not None:
                    show(data)
                    shown = time.monotonic()
            # A daemon that the program left behind may hold the pipe open for ever.
            elif data is not None or is_over:
                break
            if time.monotonic() - shown >= silence:
                shown = time.monotonic()
                tick(shown - started)
            if stop is not None and stop.is_set() and not is_over:
                kill_at = _interrupt(process, kill_at)
    return Ended(code=process.returncode, output=b"".join(chunks).decode(errors="replace"))


def _interrupt(process: subprocess.Popen[bytes], kill_at: float | None) -> float:
    """Interrupt it with all that it started, and kill them if they are there at that time."""
    now = time.monotonic()
    if kill_at is None:
        os.killpg(process.pid, signal.SIGINT)
        return now + _GRACE
    if now >= kill_at:
        os.killpg(process.pid, signal.SIGKILL)
    return kill_at


def _read(descriptor: int) -> bytes | None:
    """What is there to read, nothing at the end, None when nothing came for a moment."""
    ready = select.select([descriptor], [], [], _LOOK_EVERY)
    return os.read(descriptor, 65536) if ready[0] else None
