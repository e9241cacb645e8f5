# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mesh that is proven on: playbooks run on it, load from both sides, what is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox import load, reset
from sandbox.cluster import Cluster
from sandbox.load import LoadResult, LoadRun
from sandbox.load_result import Counts, in_words
from sandbox.progress import Progress
from tools.environment import CHECKOUT
from tools.prove.path import CANARY, UpgradePath

LOGS = CHECKOUT / "build" / "prove"
_SECONDS = 1700
_DRAINING = "meshwright.istio/draining"
REVISION = "istio.io/rev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """What a load has counted, from outside and from inside."""

    sent: int
    failed: int
    failures: Mapping[str, int]
    # Of each target that lost some: how, and when they were sent.
    by_target: Mapping[str, str]
    broken_streams: Mapping[str, int]
    environment: str

    @classmethod
    def of(cls, results: Mapping[str, LoadResult]) -> Lost:
        """The sum of both sides."""
        failures: dict[str, int] = {}
        targets: dict[str, str] = {}
        streams: dict[str, int] = {}
        for side, result in results.items():
            for name, count in result.total.failures.items():
                failures[name] = failures.get(name, 0) + count
            begin = datetime.fromisoformat(result.started)
            targets |= {f"{side} {t.name}": _how(t, begin) for t in result.targets if t.failed}
            streams |= {f"{side} {s.name}": s.broken for s in result.streams if s.broken}
        return cls(
            sent=sum(result.total.sent for result in results.values()),
            failed=sum(result.total.failed for result in results.values()),
            failures=failures,
            by_target=targets,
            broken_streams=streams,
            environment="; ".join(r.environment for r in results.values() if r.environment),
        )

    def __str__(self) -> str:
        busy = f"; the machine was too busy: {self.environment}" if self.environment else ""
        streams = dict(self.broken_streams)
        failed = f"{self.failed} failed {dict(self.failures)}"
        return f"{self.sent} requests, {failed}, broken streams {streams}{busy}"


@dataclass(slots=True, kw_only=True)
class Mesh:
    """One cluster of the sandbox, with the workloads `hard` or `shop`."""

    cluster: Cluster
    workloads: str
    progress: Progress
    rate: float
    path: UpgradePath = CANARY
    runs: int = field(default=0)

    def reset(self) -> None:
        """As it was when it was new."""
        self.progress.step("bringing the mesh back to how it was")
        reset.restore(self.cluster)

    @contextmanager
    def load(self, streams: int = 0) -> Iterator[dict[str, LoadRun]]:
        """Load from outside and from inside; the results are taken with `lost`."""
        with ExitStack() as stack:
            running = {}
            for side, share in (("outside", 0.7), ("inside", 0.3)):
                plan = load.plan_for(
                    self.workloads,
                    self.cluster,
                    rate=self.rate * share,
                    seconds=_SECONDS,
                    streams=streams,
                    inside=side == "inside",
                )
                run = load.start(self.cluster, plan, self.progress, inside=side == "inside")
                running[side] = stack.enter_context(run)
            for each in running.values():
                each.wait_until_measuring()
            yield running

    @staticmethod
    def lost(running: Mapping[str, LoadRun]) -> Lost:
        """End the load and count."""
        for each in running.values():
            each.stop()
        return Lost.of({side: each.result() for side, each in running.items()})

    def upgrade(self, *, kill_after: float | None = None, **variables: Any) -> int:
        """Go the path; the exit code, or -9 where it was killed. `variables` have no prefix."""
        return self._play_path(self.path.playbook, kill_after, variables)

    def roll_back(self) -> int:
        """Take it back; the exit code."""
        return self._play_path("roll_back", None, {})

    def _play_path(
        self, playbook: str, kill_after: float | None, variables: Mapping[str, Any]
    ) -> int:
        given = {
            "kubeconfig": str(self.cluster.kubeconfig),
            "sandbox_address": self.cluster.node_address,
            **self.path.given(
                self.cluster, **{"report_directory": str(LOGS / "reports"), **variables}
            ),
        }
        self.progress.step(f"running {playbook}, run {self.runs + 1}")
        file = CHECKOUT / "playbooks" / f"{playbook}.yml"
        files = ["-e", f"@{self.path.example}", "-e", json.dumps(given)]
        return self._play(file, files, kill_after)

    def play_file(self, file: Path, **variables: Any) -> int:
        """Run a playbook of a proof's own."""
        given = {"kubeconfig": str(self.cluster.kubeconfig), **variables}
        return self._play(file, ["-e", json.dumps(given)], None)

    def _play(self, file: Path, arguments: list[str], kill_after: float | None) -> int:
        self.runs += 1
        LOGS.mkdir(parents=True, exist_ok=True)
        for old in LOGS.glob(f"{self.runs:03}-*.log"):
            old.unlink()
        log = LOGS / f"{self.runs:03}-{file.stem}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["ansible-playbook", str(file), *arguments],
                cwd=CHECKOUT,
                env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".collections")},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                return process.wait(kill_after)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return -signal.SIGKILL

    def failure(self) -> str:
        """The last error that the last playbook has told."""
        [path] = LOGS.glob(f"{self.runs:03}-*.log")
        log = path.read_text(errors="replace")
        errors = [line for line in log.splitlines() if line.startswith("[ERROR]")]
        return errors[-1][:300] if errors else ""

    def pods(self) -> list[dict[str, Any]]:
        """Every pod with a proxy that is there to stay."""
        found = self.cluster.objects.get("/api/v1/pods")["items"]
        return [
            pod
            for pod in found
            if REVISION in pod["metadata"].get("annotations", {})
            and "deletionTimestamp" not in pod["metadata"]
            and pod["metadata"]["labels"].get("app") != "load"
        ]

    def orphans(self) -> list[str]:
        """The pods that are still on their way out."""
        return [
            pod["metadata"]["name"]
            for pod in self.pods()
            if _DRAINING in pod["metadata"]["annotations"]
        ]

    def proxies(self) -> dict[str, int]:
        """How many pods are on which revision and version."""
        counts: dict[str, int] = {}
        for pod in self.pods():
            name = f"{pod['metadata']['annotations'][REVISION]} ({version(pod)})"
            counts[name] = counts.get(name, 0) + 1
        return counts

    def unready(self) -> list[str]:
        """The pods that are not ready."""
        return [
            pod["metadata"]["name"]
            for pod in self.pods()
            if not any(
                each["type"] == "Ready" and each["status"] == "True"
                for each in pod["status"].get("conditions", ())
            )
        ]


def _how(target: Counts, begin: datetime) -> str:
    moments = [begin + timedelta(seconds=each.second) for each in target.failing]
    sent = ", ".join(f"{moment:%H:%M:%S}" for moment in moments)
    return f"{in_words(target.failures)}, sent at {sent}"


def version(pod: Mapping[str, Any]) -> str:
    """Of its proxy, which is a container or, as a sidecar by Kubernetes, an init container."""
    spec = pod["spec"]
    containers = (*spec["containers"], *spec.get("initContainers", ()))
    images = [each["image"] for each in containers if each["name"] == "istio-proxy"]
    return images[0].rpartition(":")[2] if images else "none"


def seconds_since(started: float) -> float:
    """For how long, as figures show it."""
    return round(time.monotonic() - started, 1)


def keep(name: str, figures: Any) -> Path:
    """Write the figures of a proof."""
    LOGS.mkdir(parents=True, exist_ok=True)
    path = LOGS / f"{name}.json"
    path.write_text(json.dumps(figures, indent=2) + "\n")
    return path
