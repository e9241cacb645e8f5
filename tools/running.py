# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a program so that nobody has to wonder whether it is still alive."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

SILENCE = 12.0
_LOOK_EVERY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended, and what it wrote to both of its outputs."""

    code: int
    output: str

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.output.splitlines()[-lines:])


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    show: Callable[[bytes], object] | None = None,
    tick: Callable[[float], object],
    silence: float = SILENCE,
) -> Ended:
    """Run to the end; `show` gets the output as it comes, `tick` the seconds when none came."""
    started = shown = time.monotonic()
    chunks: list[bytes] = []
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
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
    return Ended(code=process.returncode, output=b"".join(chunks).decode(errors="replace"))


def _read(descriptor: int) -> bytes | None:
    """What is there to read, nothing at the end, None when nothing came for a moment."""
    ready = select.select([descriptor], [], [], _LOOK_EVERY)
    return os.read(descriptor, 65536) if ready[0] else None
