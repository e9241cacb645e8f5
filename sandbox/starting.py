# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start everything that was asked for, the clusters side by side."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import urllib3

from sandbox import (
    boot,
    gateway_api,
    haproxy,
    istio,
    limits,
    network,
    pki,
    processes,
    prometheus,
    reset,
    running,
    workloads,
)
from sandbox.build import Artifacts
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from sandbox.images import Archives
from sandbox.progress import Progress
from sandbox.running import Sandbox, Wish

_FIRST_ANSWER = 180.0


class Start:
    """The work of one `up`."""

    def __init__(self, wish: Wish, artifacts: Artifacts, progress: Progress) -> None:
        self._wish = wish
        self._progress = progress
        self._sandbox = Sandbox(
            wish=wish, started=time.strftime("%Y-%m-%d %H:%M:%S"), artifacts=artifacts
        )
        self._root = pki.authority("root of the sandbox")

    def run(self, archives: Archives) -> Sandbox:
        self._progress.step("starting " + _clusters(self._wish.names))
        limits.lift()
        network.reserve()
        self._each(lambda cluster: self._start(cluster, archives))
        if self._wish.clusters > 1:
            haproxy.start(self._sandbox.clusters)
        if self._wish.workloads and self._wish.istio:
            self._progress.step("waiting for the first answer through the ingress gateway")
            self._each(_wait_for_answer)
        self._each(reset.remember)
        running.record(self._sandbox)
        self._progress.rest()
        return self._sandbox

    def _each(self, do: Callable[[Cluster], None]) -> None:
        """The clusters side by side; the first error is the one that is told."""
        with ThreadPoolExecutor() as pool, processes.ended_on_failure(""):
            left = {pool.submit(do, cluster) for cluster in self._sandbox.clusters}
            while left:
                # A signal that comes just before a wait begins is seen only when it is over.
                ended, left = wait(left, timeout=0.2, return_when=FIRST_EXCEPTION)
                for each in ended:
                    each.result()

    def _start(self, cluster: Cluster, archives: Archives) -> None:
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
