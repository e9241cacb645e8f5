# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines for the person who waits: what is being done and for how long, never silent for long."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

# A line every 15 s is promised; a busy machine may wake the thread late.
INTERVAL = 10.0


class Progress:
    """Tells of steps at once and, while it is open, repeats the running one every `interval` s."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        interval: float = INTERVAL,
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._interval = interval
        self._started = self._said = self._step_since = clock()
        self._step = self._detail = ""
        self._resting = False
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Progress:
        self._closed.clear()
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    def step(self, text: str) -> None:
        """Begin something: said at once, and repeated with its age until the next step."""
        with self._lock:
            self._step, self._detail, self._step_since = text, "", self._clock()
            self._resting = False
            self._print(text)

    def tick(self, text: str) -> None:
        """Remember how far the running step is; it is told with the next repetition."""
        with self._lock:
            self._detail = text
        self.beat()

    def rest(self) -> None:
        """The running step is over and nothing else has begun: silent until the next one."""
        with self._lock:
            self._resting = True

    def note(self, text: str) -> None:
        """Say something at once that is not the running step, for work that is done beside it."""
        with self._lock:
            self._print(text)

    def beat(self) -> float:
        """Repeat the running step if nothing was said for `interval`; seconds until it is due."""
        with self._lock:
            if self._resting:
                self._said = self._clock()
            elif self._clock() - self._said >= self._interval:
                age = f"{self._clock() - self._step_since:.0f} s"
                detail = f", {self._detail}" if self._detail else ""
                self._print(f"{self._step or 'working'} ... {age}{detail}")
            return self._said + self._interval - self._clock()

    def _run(self) -> None:
        while not self._closed.wait(max(self.beat(), 0.01)):
            pass

    def _print(self, text: str) -> None:
        self._said = self._clock()
        print(f"{self._said - self._started:6.1f} s  {text}", file=self._stream, flush=True)
