# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.meshwright.istio.plugins.plugin_utils import _controller
from ansible_collections.meshwright.istio.plugins.plugin_utils._controller import (
    end_with_controller,
)

# As ansible-playbook starts its workers, in a process with no other thread: one forks safely.
RUN = """
import importlib.util, json, multiprocessing, os, subprocess, sys

file, leads = sys.argv[1:]
spec = importlib.util.spec_from_file_location("controller", file)
controller = importlib.util.module_from_spec(spec)
spec.loader.exec_module(controller)


def task():
    if leads == "True":
        os.setsid()
    controller.end_with_controller(every=0.05)
    module = subprocess.Popen(["sleep", "60"])
    print(json.dumps([os.getpid(), module.pid]), flush=True)
    module.wait()


worker = multiprocessing.get_context("fork").Process(target=task)
worker.start()
worker.join()
"""


def lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def ends(pid: int) -> bool:
    end = time.monotonic() + 20
    while lives(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return not lives(pid)


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Callable[[bool], tuple[int, int, int]]:
    """Starts controller, worker and module; gives the number of each."""

    def start(leads: bool) -> tuple[int, int, int]:
        command = [sys.executable, "-c", RUN, _controller.__file__, str(leads)]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert run.stdout is not None
        task, module = json.loads(run.stdout.readline())
        pids = (run.pid, task, module)
        request.addfinalizer(run.communicate)
        request.addfinalizer(lambda: [os.kill(pid, signal.SIGKILL) for pid in pids if lives(pid)])
        return pids

    return start


def test_task_and_module_end_with_a_killed_controller(
    start: Callable[[bool], tuple[int, int, int]],
) -> None:
    run, task, module = start(True)
    time.sleep(0.5)
    assert lives(task)
    assert lives(module)
    os.kill(run, signal.SIGKILL)
    assert ends(task)
    assert ends(module)


def test_only_the_task_ends_where_others_share_its_group(
    start: Callable[[bool], tuple[int, int, int]],
) -> None:
    run, task, module = start(False)
    os.kill(run, signal.SIGKILL)
    assert ends(task)
    assert lives(module)


def test_whoever_is_no_worker_is_not_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: None)
    before = threading.active_count()
    end_with_controller(every=0.01)
    assert threading.active_count() == before
