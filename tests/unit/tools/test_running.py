# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs are run so that one sees them live, and their end is noticed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import running
from tools.running import run

# How long the programs below wait for what the test does; it matters only when one has failed.
PATIENCE = 60


@pytest.fixture
def heeded() -> Iterator[None]:
    """A shell that starts pytest in the background has it ignore Ctrl-C, and all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def until(path: Path, meanwhile: str = "") -> str:
    """A program that does something again and again, until there is a file."""
    return (
        f"import os, time\nend = time.monotonic() + {PATIENCE}\n"
        f"while not os.path.exists({str(path)!r}):\n"
        f"    time.sleep(0.05)\n    assert time.monotonic() < end\n    {meanwhile}\n"
    )


def test_returns_the_code_and_both_outputs() -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)"
    ended = run(python(code), tick=lambda _seconds: None)
    assert (ended.code, ended.output) == (3, "out\nerr\n")
    assert ended.tail(1) == "err"


def test_shows_the_output_before_the_program_has_ended(tmp_path: Path) -> None:
    """The program does not end before its first line was shown."""
    seen: list[bytes] = []

    def show(data: bytes) -> None:
        seen.append(data)
        (tmp_path / "shown").touch()

    code = f"print('early')\n{until(tmp_path / 'shown')}print('late')"
    ended = run(python(code), show=show, tick=lambda _seconds: None)
    assert (ended.code, b"".join(seen)) == (0, b"early\nlate\n")


def test_ticks_while_nothing_is_shown(tmp_path: Path) -> None:
    """The program does not end before there were two."""
    ticks: list[float] = []

    def tick(seconds: float) -> None:
        ticks.append(seconds)
        if len(ticks) == 2:
            (tmp_path / "ticked").touch()

    code = until(tmp_path / "ticked", "print('hidden')")
    assert run(python(code), tick=tick, silence=0.4).code == 0
    assert len(ticks) >= 2


def test_does_not_tick_while_output_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes only with each line that is shown, a machine that is busy or not."""
    shown: list[bytes] = []
    clock = SimpleNamespace(monotonic=lambda: float(b"".join(shown).count(b"\n")))
    monkeypatch.setattr(running, "time", clock)
    ticks: list[float] = []
    code = "import time\nfor _ in range(10): time.sleep(0.1); print('shown')"
    run(python(code), show=shown.append, tick=ticks.append, silence=0.8)
    assert (clock.monotonic(), ticks) == (10, [])


def test_ends_with_the_program_though_its_daemon_holds_the_pipe() -> None:
    code = f"import subprocess; print(subprocess.Popen(['sleep', '{PATIENCE}']).pid)"
    ended = run(python(code), tick=lambda _seconds: None)
    # Of a process that has ended, the kernel shows no program.
    assert Path(f"/proc/{int(ended.output)}/exe").exists(), "it has waited for the daemon"
    os.kill(int(ended.output), signal.SIGKILL)
    assert ended.code == 0


# Says so when it is interrupted, as does a program that it has started; both are ready for it when
# it says that it has begun.
INTERRUPTED = f"""
import os, subprocess, sys, time
try:
    inner = subprocess.Popen([sys.executable, "-u", "-c", '''
import os, time
try:
    os.write(1, b"ready")
    time.sleep({PATIENCE})
except KeyboardInterrupt:
    os.write(2, b"inner ")
'''], stdout=subprocess.PIPE)
    inner.stdout.read(5)
    os.write(1, b"begun ")
    time.sleep({PATIENCE})
except KeyboardInterrupt:
    inner.wait()
    os.write(1, b"outer")
    sys.exit(7)
"""


@pytest.mark.usefixtures("heeded")
def test_interrupts_the_program_and_what_it_started() -> None:
    stop = threading.Event()
    ended = run(python(INTERRUPTED), show=lambda _: stop.set(), tick=lambda _: None, stop=stop)
    assert (ended.code, ended.output) == (7, "begun inner outer")


def test_kills_what_does_not_heed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_GRACE", 0.2)
    stop = threading.Event()
    code = (
        "import signal, time; signal.signal(signal.SIGINT, lambda *_: print('no ', end=''))\n"
        f"print('begun ', end='')\nfor _ in range({PATIENCE}): time.sleep(1)"
    )
    ended = run(python(code), show=lambda _: stop.set(), tick=lambda _: None, stop=stop)
    assert (ended.code, ended.output) == (-signal.SIGKILL, "begun no ")
