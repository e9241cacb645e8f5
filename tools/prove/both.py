# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two clusters behind HAProxy that are proven on: load at the front, switchovers between them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import haproxy, load
from sandbox.api import ApiError
from sandbox.cluster import Cluster
from sandbox.load import LoadRun
from sandbox.progress import Progress
from tests.integration.support import pairing, playing, switching
from tests.integration.support.switching import Switching
from tools.environment import CHECKOUT
from tools.prove.mesh import LOGS

_SECONDS = 1700
_JOURNAL = "/api/v1/namespaces/istio-system/configmaps/meshwright-upgrade"


@dataclass(slots=True, kw_only=True)
class Both:
    """Cluster a has the traffic when they are new, and an older Istio than b."""

    a: Cluster
    b: Cluster
    progress: Progress
    rate: float
    runs: int = field(default=0)

    def reset(self, *, checks: bool = True) -> None:
        """As they were when they were new; with `checks`, HAProxy looks after their gateways."""
        self.progress.step("bringing both clusters back to how they were")
        pairing.restored()
        haproxy.restart((self.a, self.b), checks=checks)

    @contextmanager
    def load(self, streams: int = 0) -> Iterator[LoadRun]:
        """Load on the front; in the `with` statement it is measured."""
        plan = load.default_plan(self.a, self.rate, _SECONDS, streams=streams, front=haproxy.URL)
        with load.start(self.a, plan, self.progress) as running:
            running.wait_until_measuring()
            yield running

    def switch(
        self, source: Cluster, target: Cluster, *, kill_after: float | None = None, **given: Any
    ) -> int:
        """Switch over; the exit code, or -9 where it was killed. `given` are variables."""
        with self.switching(source, target, **given) as process:
            try:
                return process.wait(kill_after)
            except subprocess.TimeoutExpired:
                playing.kill(process, self._outcomes)
                return -signal.SIGKILL

    @contextmanager
    def switching(
        self, source: Cluster, target: Cluster, **given: Any
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A switchover that runs meanwhile; it has ended, one way or the other, afterwards."""
        self.runs += 1
        LOGS.mkdir(parents=True, exist_ok=True)
        self._outcomes.unlink(missing_ok=True)
        inventory = switching.write_inventory(LOGS / "clusters.yml", self.a, self.b)
        ansible = Switching(inventory=inventory, scratch=LOGS)
        variables = {
            **switching.settings(source, target),
            "switchover_report_directory": str(LOGS / "reports"),
            **given,
        }
        self.progress.step(f"switching from {source.name} to {target.name}, run {self.runs}")
        with (LOGS / f"switchover-{self.runs:03}.log").open("w") as output:
            process = subprocess.Popen(
                ansible.command(switching.PLAYBOOK, **variables),
                cwd=CHECKOUT,
                env=ansible.environment(self._outcomes),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                if process.poll() is None:
                    playing.kill(process, self._outcomes)

    @property
    def _outcomes(self) -> Path:
        return LOGS / f"switchover-{self.runs:03}.jsonl"

    def failure(self) -> str:
        """The message of the task that ended the last run."""
        failed = [each for each in playing.read(self._outcomes) if each.status == "failed"]
        return failed[-1].message[:500] if failed else ""


def journal(cluster: Cluster) -> dict[str, Any]:
    """The record of the last switchover in that cluster; empty where there is none."""
    try:
        found = cluster.objects.get(_JOURNAL)
    except ApiError as error:
        if error.status != 404:
            raise
        return {}
    content: dict[str, Any] = json.loads(found["data"]["journal.json"])
    return content


def reached(content: Mapping[str, Any]) -> set[str]:
    """The phases that a journal has on record."""
    return {entry["phase"] for entry in content.get("history", ())}
