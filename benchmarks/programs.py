# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The programs that a benchmark starts; none of them outlives it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.errors import BenchmarkError

# The kernel ends them even if nobody here is left to do so.
_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
_LAST_LINES = 8


class Programs:
    """Programs with their logs in one folder; leaving the context ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, *_exception: object) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def start(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> int:
        """Start one from the main thread, as the kernel ends it with the thread that started it."""
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(
                [*_WITH_US, *command],
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for us: we end them in their order.
                start_new_session=True,
            )
        self._running[name] = process
        return process.pid

    def stop(self, name: str) -> None:
        """End one at once: nothing that it holds is needed any longer."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def wait_until(self, what: str, holds: Callable[[], bool], *, timeout: float = 60.0) -> None:
        """Wait for something that sends no event; a program that ends meanwhile is an error."""
        end = time.monotonic() + timeout
        while not holds():
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise BenchmarkError(f"{name} has ended: {self.last_words(name)}")
            if time.monotonic() > end:
                words = "\n".join(f"{name}: {self.last_words(name)}" for name in self._running)
                raise BenchmarkError(f"{what} did not happen within {timeout:g} s.\n{words}")
            time.sleep(0.02)

    def last_words(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:]) or "it said nothing"

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"
