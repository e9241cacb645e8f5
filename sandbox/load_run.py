# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The program `load` while it runs: as a process of this machine, or as a pod of the mesh."""

from __future__ import annotations

import json
import secrets
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from sandbox.images import PROGRAMS
from sandbox.load_result import LoadResult
from sandbox.progress import Progress

NAMESPACE = "shop"
MEASURING = "measuring from now on"
_ENDING = 30.0
# From the pod's creation to the program's first line: scheduling, the proxy, the name service.
_STARTING = 120.0
_POLL = 2.0


class LoadRun(ABC):
    """A load under way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def wait_until_measuring(self) -> None:
        """Come back when the baseline is over; from then on, failures are the caller's doing."""

    @abstractmethod
    def stop(self) -> None:
        """End it early; the result counts what was done until now."""

    @abstractmethod
    def result(self) -> LoadResult:
        """Wait for the end."""

    @abstractmethod
    def close(self) -> None:
        """Leave nothing behind, whether it has ended or not."""


class ProcessRun(LoadRun):
    """A process on this machine; its lines become ticks of the progress."""

    def __init__(
        self, program: Path, plan: str, progress: Progress, *, plot: Path | None = None
    ) -> None:
        self._progress = progress
        self._measuring = threading.Event()
        self._last_line = ""
        self._output = ""
        command: list[str | Path] = [program, "--targets=-", "--out=-"]
        if plot:
            command.append(f"--plot={plot}")
        try:
            # A Ctrl-C at the terminal is the caller's to handle: it decides what the load is told.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        except OSError as error:
            remedy = "run `python -m sandbox build`"
            raise SandboxError(f"{program} cannot be run: {error.strerror}", remedy) from error
        self._threads = [
            threading.Thread(target=reader, daemon=True) for reader in (self._relay, self._read)
        ]
        for thread in self._threads:
            thread.start()
        # It may refuse its flags and be gone; what it said then is told by `result`.
        with suppress(BrokenPipeError):
            self._pipe("stdin").write(plan)
        with suppress(BrokenPipeError):
            self._pipe("stdin").close()

    def wait_until_measuring(self) -> None:
        self._measuring.wait()
        if self._process.poll() not in {None, 0}:
            self.result()

    def stop(self) -> None:
        self._process.terminate()

    def result(self) -> LoadResult:
        self._process.wait()
        for thread in self._threads:
            thread.join()
        if self._process.returncode:
            said = self._last_line.removeprefix("load: ") or "it said nothing"
            raise SandboxError(
                f"load ended with code {self._process.returncode}: {said}", "see what it was told"
            )
        return LoadResult.from_json(last_line(self._output))

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_ENDING)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for thread in self._threads:
            thread.join()
        for name in ("stdout", "stderr"):
            self._pipe(name).close()

    def _pipe(self, name: str) -> Any:
        return getattr(self._process, name)

    def _relay(self) -> None:
        for line in self._pipe("stderr"):
            self._last_line = line.strip()
            self._progress.tick(self._last_line)
            if self._last_line.startswith(MEASURING):
                self._measuring.set()
        self._process.wait()
        self._measuring.set()

    def _read(self) -> None:
        self._output = self._pipe("stdout").read()


class PodRun(LoadRun):
    """A pod with a sidecar; its log holds its lines, and the result as the last one."""

    def __init__(self, cluster: Cluster, plan: str, progress: Progress, *, longest: float) -> None:
        self.name = f"load-{secrets.token_hex(3)}"
        self._cluster = cluster
        self._progress = progress
        self._deadline = time.monotonic() + _STARTING + longest
        cluster.apply([pod(self.name, plan)])

    def wait_until_measuring(self) -> None:
        while self._terminated() is None and MEASURING not in self._log():
            self._pause("was not measuring")

    def stop(self) -> None:
        self._kubectl("exec", self.name, "-c=load", "--", "sh", "-c", "kill -TERM 1")

    def result(self) -> LoadResult:
        while (ended := self._terminated()) is None:
            if not (line := last_line(self._log())).startswith("{"):
                self._progress.tick(line)
            self._pause("had not ended")
        log = self._kubectl("logs", self.name, "-c=load")
        if ended["exitCode"]:
            raise SandboxError(
                f"load in pod {self.name} ended with code {ended['exitCode']}: {last_line(log)}",
                "see what it was told",
            )
        return LoadResult.from_json(last_line(log))

    def close(self) -> None:
        self._kubectl("delete", "pod", self.name, "--ignore-not-found", "--wait=false")

    def _kubectl(self, *arguments: str) -> str:
        return self._cluster.kubectl(f"--namespace={NAMESPACE}", *arguments)

    def _log(self) -> str:
        # A container that has not started has no log, and kubectl calls that a failure.
        with suppress(SandboxError):
            return self._kubectl("logs", self.name, "-c=load", "--tail=20")
        return ""

    def _terminated(self) -> dict[str, Any] | None:
        """How the program ended, while its sidecar may well run on."""
        try:
            found = json.loads(self._kubectl("get", "pod", self.name, "--output=json"))
        except SandboxError:
            # The API server may be away for a moment in the middle of an upgrade.
            if time.monotonic() > self._deadline:
                raise
            return None
        for status in found["status"].get("containerStatuses", []):
            if status["name"] == "load":
                ended: dict[str, Any] | None = status["state"].get("terminated")
                return ended
        return None

    def _pause(self, what: str) -> None:
        if time.monotonic() > self._deadline:
            raise SandboxError(
                f"load in pod {self.name} {what} in time: {last_line(self._log()) or 'no log'}",
                f"look at the events of namespace {NAMESPACE}",
            )
        time.sleep(_POLL)


def pod(name: str, plan: str) -> dict[str, Any]:
    """The pod; its proxy is ready before the first request, and does not outlive the last."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {"app": "load"},
            "annotations": {
                "sidecar.istio.io/nativeSidecar": "true",
                "proxy.istio.io/config": "holdApplicationUntilProxyStarts: true",
            },
        },
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 5,
            "containers": [
                {
                    "name": "load",
                    "image": PROGRAMS,
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["/usr/local/bin/load", "--inside", "--targets=env:LOAD_PLAN"],
                    "env": [{"name": "LOAD_PLAN", "value": plan}],
                    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                }
            ],
        },
    }


def last_line(text: str) -> str:
    """The last line that holds anything."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")
