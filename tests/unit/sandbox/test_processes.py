# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real processes: what is found by its mark and ended, and what must be left alone."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox import processes
from sandbox.errors import SandboxError
from sandbox.processes import MARK


@pytest.fixture
def mark() -> str:
    """A mark that no running sandbox has: this test must not end one."""
    return f"test-{secrets.token_hex(4)}"


def wait_until_shown(process: subprocess.Popen[bytes]) -> None:
    """Wait for the environment: the kernel shows it a moment after the program has taken over."""
    end = time.monotonic() + 20
    while not Path(f"/proc/{process.pid}/environ").read_bytes() and time.monotonic() < end:
        time.sleep(0.01)


def wait_for(seen: Callable[[], Any]) -> Any:
    """What comes to be seen in a moment."""
    end = time.monotonic() + 20
    while not (found := seen()) and time.monotonic() < end:
        time.sleep(0.01)
    assert found
    return found


@contextmanager
def sleeping(**variables: str) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["/bin/sleep", "60"], env=variables) as process:
        try:
            if variables:
                wait_until_shown(process)
            yield process
        finally:
            process.kill()


def test_what_was_started_is_found_and_ended(mark: str, tmp_path: Path) -> None:
    started = processes.start(["/bin/sleep", "60"], mark=f"{mark}/kubelet", log=tmp_path / "log")
    wait_until_shown(started)
    [found] = processes.find(mark)
    assert (found.pid, found.component) == (started.pid, "kubelet")
    assert processes.find(f"{mark}/kubelet") == [found]
    processes.kill(mark)
    assert processes.find(mark) == []


def test_others_of_the_same_name_are_left_alone(mark: str) -> None:
    with sleeping() as bare, sleeping(**{MARK: f"other-{mark}"}) as marked:
        processes.kill(mark)
        assert (bare.poll(), marked.poll()) == (None, None)


def test_what_was_started_in_a_container_is_left_alone(mark: str) -> None:
    place = {"MESHWRIGHT_SANDBOX_STARTED_IN": "pid:[1]"}
    with sleeping(**{MARK: mark, **place}) as theirs:
        assert processes.find(mark) == []
        processes.kill(mark)
        assert theirs.poll() is None


def test_what_helps_is_ended_when_something_fails(mark: str) -> None:
    with sleeping(**processes.marked(f"{mark}/kubectl")) as helper:
        with pytest.raises(KeyboardInterrupt), processes.ended_on_failure(mark):
            raise KeyboardInterrupt
        helper.wait(60)
        assert processes.find(mark) == []
        assert "PATH" in processes.marked(mark), "it keeps the caller's environment"


def test_the_end_of_what_holds_a_namespace_is_awaited(mark: str) -> None:
    """An init has no environment any more while it waits until all in its namespace are gone."""
    alone = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
    with subprocess.Popen([*alone, "sleep", "60"], env={**os.environ, MARK: mark}):
        init = wait_for(
            lambda: next((p for p in processes.find(mark) if p.program == "sleep"), None)
        )
        # What it starts in there stays dead and unburied as long as its parent out here is stopped.
        enter = ("nsenter", f"--target={init.pid}", "--user", "--pid")
        with subprocess.Popen([*enter, "--preserve-credentials", "sleep", "60"]) as outside:
            wait_for(lambda: Path(f"/proc/{outside.pid}/task/{outside.pid}/children").read_text())
            outside.send_signal(signal.SIGSTOP)
            try:
                with pytest.raises(SandboxError, match=rf"sleep \({init.pid}\).* do not end"):
                    processes.kill(mark, timeout=0.5)
                assert processes.find(mark) == [], "that it is dying cannot be seen by its mark"
            finally:
                outside.send_signal(signal.SIGCONT)


def test_a_program_is_told_nothing_of_the_callers_shell(
    mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://192.0.2.1")
    log = tmp_path / "log"
    assert processes.start(["/usr/bin/env"], mark=mark, log=log).wait() == 0
    lines = log.read_text().splitlines()
    assert f"{MARK}={mark}" in lines
    assert f"HOME={tmp_path}" in lines
    assert not [line for line in lines if "PROXY" in line]


def test_waiting_ends_with_the_last_words_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(f"line {number}" for number in range(20)))
    with pytest.raises(SandboxError, match=r"etcd was not ready after 0 s: its log .*\nline 12\n"):
        processes.wait_until("etcd", lambda: False, log=log, timeout=0.01)
    assert processes.last_lines(tmp_path / "none") == "it has no log"


def test_waiting_ends_when_it_is_vain(tmp_path: Path) -> None:
    def check() -> None:
        raise SandboxError("it has died", "look")

    with pytest.raises(SandboxError, match="it has died"):
        processes.wait_until("etcd", lambda: False, log=tmp_path, check=check, timeout=5)


def test_memory_of_a_process_is_known_and_of_none_is_none() -> None:
    assert processes.memory([os.getpid()]) > 1024**2
    assert processes.memory([2**22 + 1]) == 0


def test_a_socket_that_is_there_may_not_be_listened_at_yet(tmp_path: Path) -> None:
    path = tmp_path / "server.sock"
    assert not processes.listens(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert path.exists()
        assert not processes.listens(path)
        server.listen()
        assert processes.listens(path)
    assert not processes.listens(path)
