# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The processes of a sandbox: each carries a mark in its environment by which it is found again.

The id in a file may belong to somebody else's process by the time it is read; the mark in the
environment of the process itself cannot. Whoever looks from outside of a container sees the
processes in it, too: those of a sandbox in there are not ours, so where it was started is marked.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox import packages
from sandbox.errors import SandboxError

MARK = "MESHWRIGHT_SANDBOX"
_PLACE = "MESHWRIGHT_SANDBOX_STARTED_IN"
_PROC = Path("/proc")
_LAST_LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process that carries a mark such as `a/kubelet`."""

    pid: int
    mark: str
    program: str

    @property
    def component(self) -> str:
        return self.mark.partition("/")[2]


def environment(mark: str, home: Path) -> dict[str, str]:
    """All that a program of the sandbox is told: nothing of the caller's shell."""
    return {
        "PATH": packages.SEARCH,
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        MARK: mark,
        _PLACE: _place(),
    }


def start(command: Sequence[str | Path], *, mark: str, log: Path) -> subprocess.Popen[bytes]:
    """Start a program that outlives us, with its output in the log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=environment(mark, log.parent),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def find(mark: str = "") -> list[Process]:
    """The live processes whose mark begins so."""
    return [process for process in _all_marked() if process.mark.startswith(mark)]


def kill(mark: str, *, timeout: float = 30.0) -> None:
    """End the processes whose mark begins so at once, and wait until they are gone."""
    end = time.monotonic() + timeout
    while alive := find(mark):
        with ExitStack() as opened:
            killed = [(process, _kill(process, opened)) for process in alive]
            left = [process for process, gone in killed if not gone(end - time.monotonic())]
        if left:
            names = ", ".join(f"{process.program} ({process.pid})" for process in left)
            raise SandboxError(f"{names} do not end", "look at them with ps, then run down again")


def marked(mark: str) -> dict[str, str]:
    """The caller's own environment with a mark: for helpers, which must not outlive us either."""
    return {**os.environ, MARK: mark, _PLACE: _place()}


@contextmanager
def ended_on_failure(mark: str) -> Iterator[None]:
    """End the processes when the block fails, so that no thread waits for what is vain."""
    try:
        yield
    except BaseException:
        kill(mark)
        raise


def wait_until(
    what: str,
    holds: Callable[[], bool],
    *,
    log: Path,
    check: Callable[[], None] = lambda: None,
    timeout: float = 180.0,
) -> None:
    """Wait for something that sends no event; `check`, once a second, may raise why it is vain."""
    start = checked = time.monotonic()
    while not holds():
        now = time.monotonic()
        if now - checked > 1:
            check()
            checked = now
        if now - start > timeout:
            raise SandboxError(
                f"{what} was not ready after {timeout:.0f} s: {last_lines(log)}",
                "free some memory and processor time and run up again",
            )
        time.sleep(0.02)


def listens(path: Path) -> bool:
    """Whether somebody listens at that socket; its file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def last_lines(log: Path, count: int = _LAST_LINES) -> str:
    """The end of a log, for a message."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "it has no log"
    return "\n".join(["its log ends with", *lines[-count:]]) if lines else "its log is empty"


def memory(pids: Sequence[int]) -> int:
    """Bytes of memory that only these processes keep in use; shared pages count in shares."""
    return sum(_share_of_memory(pid) for pid in pids)


def namespace(pid: int, kind: str) -> str:
    """Which namespace of that kind a process lives in; empty when it has gone."""
    try:
        return str((_PROC / str(pid) / "ns" / kind).readlink())
    except OSError:
        return ""


def ids() -> list[int]:
    return [int(folder.name) for folder in _PROC.iterdir() if folder.name.isdecimal()]


def _place() -> str:
    """The machine or the container that we are in, by its processes."""
    return namespace(os.getpid(), "pid")


def _all_marked() -> Iterator[Process]:
    place = _place()
    for pid in ids():
        with suppress(OSError):
            mark = _mark(pid, place)
            if mark is not None:
                program = (_PROC / str(pid) / "exe").readlink().name
                yield Process(pid=pid, mark=mark, program=program)


def _mark(pid: int, place: str) -> str | None:
    """The mark of a process that was started from here."""
    items = (_PROC / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
    variables = dict(item.split("=", 1) for item in items if item.startswith(MARK) and "=" in item)
    return variables.get(MARK) if variables.get(_PLACE, place) == place else None


def _kill(process: Process, opened: ExitStack) -> Callable[[float], bool]:
    """Kill the process if it still is the one that was found, and return how to wait for its end.

    The descriptor pins it. A process that dies has lost its environment long before it is gone: the
    init of a namespace stays until everything in there has ended.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return lambda _seconds: True
    opened.callback(os.close, descriptor)
    with suppress(OSError):
        if _mark(process.pid, _place()) != process.mark:
            return lambda _seconds: True
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)

    def gone(seconds: float) -> bool:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        ended = bool(poll.poll(max(seconds, 0) * 1000))
        with suppress(ChildProcessError):
            # One of our own children would stay in the table of processes.
            os.waitpid(process.pid, os.WNOHANG)
        return ended

    return gone


def _share_of_memory(pid: int) -> int:
    with suppress(OSError):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
