# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks and tasks, run by ansible-playbook as a person runs it, and what came of each task."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
CHECKED_OUT = CHECKOUT / ".collections"
_CALLBACKS = Path(__file__).parent / "callback"
# It matters only when one does not end at all.
_TIMEOUT = 1800
# What Ansible's wrapper does with a module once it has unpacked it.
_ALONE = """
import importlib, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = sys.stdin.buffer.read(), "legacy"
importlib.import_module(sys.argv[1]).main()
"""
_MODULES = "ansible_collections.meshwright.istio.plugins.modules"

Task = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one task on one host."""

    host: str
    name: str
    action: str
    status: str
    result: Mapping[str, Any]

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def message(self) -> str:
        return str(self.result.get("msg", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A run that has ended."""

    code: int
    output: str
    seconds: float
    outcomes: Sequence[Outcome]

    def of(self, action: str) -> list[Outcome]:
        """What came of the tasks of one module of ours that were not skipped."""
        name = f"meshwright.istio.{action}"
        return [each for each in self.outcomes if each.action == name and each.status != "skipped"]

    @property
    def changed(self) -> list[str]:
        """The names of the tasks that changed something."""
        return [each.name for each in self.outcomes if each.changed]

    @property
    def failure(self) -> str:
        """The message of the task that ended the run."""
        return next(each.message for each in reversed(self.outcomes) if each.status == "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ansible:
    """Runs on one cluster, by its kubeconfig, with the collection that lies in a folder."""

    kubeconfig: Path
    scratch: Path
    collections: Path = CHECKED_OUT
    variables: Mapping[str, Any] = field(default_factory=dict)

    def tasks(self, *tasks: Task, check: bool = False, fails: bool = False) -> Played:
        """Run tasks of one play on localhost."""
        content = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "module_defaults": {
                "group/meshwright.istio.istio": {"kubeconfig": str(self.kubeconfig)}
            },
            "tasks": list(tasks),
        }
        path = self.scratch / "tasks.yml"
        path.write_text(yaml.safe_dump([content]), encoding="utf-8")
        return self.play(path, check=check, fails=fails)

    def module(
        self, module: str, *, check: bool = False, fails: bool = False, **options: Any
    ) -> Outcome:
        """Run one module of ours; what came of it, which is a failure where one is expected."""
        played = self.tasks({f"meshwright.istio.{module}": options}, check=check, fails=fails)
        [outcome] = played.of(module)
        return outcome

    def alone(
        self, module: str, *, check: bool = False, fails: bool = False, **options: Any
    ) -> Outcome:
        """Run one module without a play around it, which takes a third of the processor's time.

        For what is about the module only; what a play adds to it is shown by `module`.
        """
        modes = {"_ansible_check_mode": check, "_ansible_diff": check}
        arguments = {"kubeconfig": str(self.kubeconfig), **options, **modes}
        done = subprocess.run(
            [sys.executable, "-c", _ALONE, f"{_MODULES}.{module}"],
            cwd=self.scratch,
            env={**_own_environment(), "PYTHONPATH": str(self.collections)},
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
        assert (done.returncode != 0) == fails, f"ended with {done.returncode}:\n{done.stdout}"
        return Outcome(
            host="localhost",
            name=module,
            action=f"meshwright.istio.{module}",
            status="failed" if fails else "ok",
            result=json.loads(done.stdout),
        )

    def play(
        self,
        playbook: str | Path,
        *options: str,
        check: bool = False,
        fails: bool = False,
        **variables: Any,
    ) -> Played:
        """Run a playbook by its path or its full name."""
        outcomes = self.scratch / "outcomes.jsonl"
        outcomes.unlink(missing_ok=True)
        started = time.monotonic()
        done = subprocess.run(
            self.command(playbook, *options, check=check, **variables),
            cwd=self.scratch,
            env=self.environment(outcomes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
        played = Played(
            code=done.returncode,
            output=done.stdout,
            seconds=time.monotonic() - started,
            outcomes=read(outcomes),
        )
        assert (played.code != 0) == fails, f"ended with {played.code}:\n{played.output}"
        return played

    def command(
        self, playbook: str | Path, *options: str, check: bool = False, **variables: Any
    ) -> list[str]:
        """The command line; check mode comes with the diff, as people use it."""
        extra = {"kubeconfig": str(self.kubeconfig), **self.variables, **variables}
        modes = ["--check", "--diff"] if check else []
        return ["ansible-playbook", str(playbook), *modes, *options, "-e", json.dumps(extra)]

    def environment(self, outcomes: Path) -> dict[str, str]:
        """A person's, and where to find what a run needs."""
        return {
            **_own_environment(),
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_CALLBACK_PLUGINS": str(_CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "outcomes",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "MESHWRIGHT_OUTCOMES": str(outcomes),
        }


def _own_environment() -> dict[str, str]:
    """A person's, without what their shell says to Ansible and Kubernetes."""
    foreign = ("ANSIBLE_", "K8S_AUTH_", "KUBECONFIG")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def kill(run: subprocess.Popen[bytes], outcomes: Path) -> None:
    """SIGKILL to a run and to all that it has started: its workers are in sessions of their own."""
    run.kill()
    run.wait()
    mark = f"MESHWRIGHT_OUTCOMES={outcomes}".encode()
    while pids := list(_marked(mark)):
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _marked(mark: bytes) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        # One that has ended meanwhile has no environment.
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


def read(outcomes: Path) -> list[Outcome]:
    """What the callback has written so far."""
    if not outcomes.exists():
        return []
    lines = outcomes.read_text(encoding="utf-8").splitlines()
    return [Outcome(**json.loads(line)) for line in lines]
