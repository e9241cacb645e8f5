# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole sandbox: started, found again, ended."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import urllib3

from sandbox import (
    boot,
    build,
    cache,
    doctor,
    down,
    enclosure,
    gateway_api,
    haproxy,
    images,
    istio,
    lock,
    network,
    pki,
    processes,
    prometheus,
    reset,
    workloads,
)
from sandbox.build import Artifacts
from sandbox.cluster import Cluster
from sandbox.errors import InTheWayError, SandboxError
from sandbox.places import STATE
from sandbox.progress import Progress

_RECORD = STATE / "sandbox.json"
_FIRST_ANSWER = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: clusters, the Istio on them (none: empty), workloads (none: empty)."""

    clusters: int = 1
    istio: str = "1.30"
    revision: str = ""
    """Empty for a control plane without one."""
    workloads: str = "shop"

    @property
    def names(self) -> tuple[str, ...]:
        return network.NAMES[: self.clusters]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox that runs."""

    wish: Wish
    started: str
    artifacts: Artifacts

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        return tuple(Cluster(name, self.artifacts) for name in self.wish.names)

    def cluster(self, name: str) -> Cluster:
        """A cluster by its name, which must be one of this sandbox."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise SandboxError(
            f"this sandbox has no cluster {name}", f"it has {', '.join(self.wish.names)}"
        )

    def dead(self) -> tuple[str, ...]:
        """The programs that should run and do not, such as `a/kubelet`."""
        found = []
        for name in self.wish.names:
            lives = enclosure.find(Cluster(name, self.artifacts).places)
            for component in boot.COMPONENTS:
                if lives is None or not lives.runs(component):
                    found.append(f"{name}/{component}")
        if self.wish.clusters > 1 and not processes.find(haproxy.MARK):
            found.append(haproxy.MARK)
        return tuple(found)


def find() -> Sandbox | None:
    """The sandbox that runs on this machine; nothing when none was started to the end."""
    try:
        record = json.loads(_RECORD.read_text())
    except (OSError, ValueError):
        return None
    return Sandbox(wish=Wish(**record["wish"]), started=record["started"], artifacts=build.locate())


def require() -> Sandbox:
    """The sandbox that runs; raises when there is none."""
    if found := find():
        return found
    raise SandboxError("no sandbox runs on this machine", "start one: `python -m sandbox up`")


def up(wish: Wish, progress: Progress) -> Sandbox:
    """Start a sandbox from nothing; what a dead one has left is taken away first."""
    with lock.held("python -m sandbox up"):
        _refuse_another()
        progress.step("looking at this machine")
        doctor.refuse(doctor.examine(wish.clusters))
        if down.is_anything_left():
            progress.step("taking away what another sandbox has left")
            down.clean()
        if wish.clusters > 1:
            haproxy.check_port()
        artifacts = build.ensure(progress)
        archives = images.archives(artifacts, progress)
        try:
            return _Start(wish, artifacts, progress).run(archives)
        except BaseException:
            kept = _keep_logs()
            progress.note(f"taking away what was started; its logs are in {kept}")
            down.clean()
            raise


def end(progress: Progress) -> bool:
    """Take everything away; whether there was anything."""
    with lock.held("python -m sandbox down"):
        was = down.is_anything_left()
        if was:
            progress.step("ending processes, then networks, mounts, cgroups and folders")
        down.clean()
        progress.rest()
        return was


def _refuse_another() -> None:
    other = find()
    if other and not other.dead():
        raise InTheWayError(
            f"a sandbox has been running on this machine since {other.started}",
            "use it, or end it with `python -m sandbox down`",
        )


def _keep_logs() -> Path:
    """The logs of a start that failed, where they outlive it."""
    kept = cache.root() / "log" / "failed-up"
    shutil.rmtree(kept, ignore_errors=True)
    for name in network.NAMES:
        logs = Cluster(name, Artifacts(entries={})).places.logs
        if logs.is_dir():
            shutil.copytree(logs, kept / name)
    return kept


class _Start:
    """The work of one `up`."""

    def __init__(self, wish: Wish, artifacts: Artifacts, progress: Progress) -> None:
        self._wish = wish
        self._progress = progress
        self._sandbox = Sandbox(
            wish=wish, started=time.strftime("%Y-%m-%d %H:%M:%S"), artifacts=artifacts
        )
        self._root = pki.authority("root of the sandbox")

    def run(self, archives: Iterable[Path]) -> Sandbox:
        self._progress.step("starting " + _clusters(self._wish.names))
        network.reserve()
        paths = tuple(archives)
        self._each(lambda cluster: self._start(cluster, paths))
        if self._wish.clusters > 1:
            haproxy.start(self._sandbox.clusters)
        if self._wish.workloads and self._wish.istio:
            self._progress.step("waiting for the first answer through the ingress gateway")
            self._each(_wait_for_answer)
        self._each(reset.remember)
        record = {"wish": asdict(self._wish), "started": self._sandbox.started}
        unfinished = _RECORD.with_suffix(".partial")
        unfinished.write_text(json.dumps(record))
        unfinished.rename(_RECORD)
        self._progress.rest()
        return self._sandbox

    def _each(self, do: Callable[[Cluster], None]) -> None:
        """The clusters side by side; the first error is the one that is told."""
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(do, cluster) for cluster in self._sandbox.clusters]:
                done.result()

    def _start(self, cluster: Cluster, archives: tuple[Path, ...]) -> None:
        lives = boot.start(cluster, archives, self._progress, self._install)
        prometheus.start(cluster, lives)
        if self._wish.istio:
            istio.wait_for_gateways(cluster)
            self._progress.note(f"cluster {cluster.name}: the gateways are ready")
        if self._wish.workloads and self._wish.istio:
            workloads.wait_ready(cluster, self._wish.workloads)
            self._progress.note(f"cluster {cluster.name}: the workloads are ready")

    def _install(self, cluster: Cluster) -> None:
        """What needs no more than an API server that answers, while the node is coming up."""
        if not self._wish.istio:
            return
        gateway_api.install(cluster)
        istio.give_authority(cluster, self._root)
        istio.install(cluster, self._wish.istio, self._wish.revision)
        self._progress.note(f"cluster {cluster.name}: Istio {self._wish.istio} is installed")
        istio.install_gateways(cluster)
        if self._wish.workloads == "hard":
            istio.set_tag(cluster, self._wish.istio, workloads.TAG, self._wish.revision)
        if self._wish.workloads:
            workloads.deploy(cluster, self._wish.workloads)


def _wait_for_answer(cluster: Cluster) -> None:
    end = time.monotonic() + _FIRST_ANSWER
    seen = "nothing"
    with urllib3.PoolManager() as pool:
        while time.monotonic() < end:
            try:
                answer = pool.request("GET", cluster.ingress_url, timeout=2, retries=False)
            except urllib3.exceptions.HTTPError as error:
                seen = str(error)
            else:
                if answer.status == 200:
                    return
                seen = f"status {answer.status}"
            time.sleep(0.1)
    raise SandboxError(
        f"the ingress gateway of cluster {cluster.name} did not answer 200 within"
        f" {_FIRST_ANSWER:.0f} s, but {seen}",
        "free some memory and processor time and run up again",
    )


def _clusters(names: tuple[str, ...]) -> str:
    return f"cluster {names[0]}" if len(names) == 1 else f"clusters {' and '.join(names)}"
