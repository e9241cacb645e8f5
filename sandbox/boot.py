# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start a cluster: its control plane and its node, each part as soon as what it needs is there."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import (
    cgroups,
    control_plane,
    credentials,
    enclosure,
    network,
    node,
    packages,
    processes,
)
from sandbox.api import ApiError, Object
from sandbox.cluster import Cluster
from sandbox.enclosure import Enclosure
from sandbox.errors import SandboxError
from sandbox.images import Archives
from sandbox.progress import Progress

COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "containerd",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
)


def start(
    cluster: Cluster,
    archives: Archives,
    progress: Progress,
    install: Callable[[Cluster], None] = lambda _: None,
) -> Enclosure:
    """Start everything, until the node is ready, `install` is done and all images are there.

    `install` begins as soon as the API server answers, beside the import of the first images: a
    node that has a pod before it has the image would try to pull it, and then wait long.
    """
    return _Boot(cluster, progress).run(archives, install)


class _Boot:
    def __init__(self, cluster: Cluster, progress: Progress) -> None:
        self._cluster = cluster
        self._addresses = cluster.addresses
        self._places = cluster.places
        self._progress = progress
        self._places.make()
        self._enclosure = enclosure.create(self._places)
        self._started: list[str] = []

    def run(self, archives: Archives, install: Callable[[Cluster], None]) -> Enclosure:
        network.connect(self._addresses, self._enclosure.init)
        self._start("etcd", *control_plane.etcd(self._places))
        credentials.write(self._addresses, self._places)
        node.write(self._addresses, self._places)
        self._start("kube-apiserver", *control_plane.api_server(self._addresses, self._places))
        self._start("containerd", f"--config={self._places.config / 'containerd.toml'}")
        ours = processes.ended_on_failure(f"{self._cluster.name}/")
        with ThreadPoolExecutor(2) as pool, ours:
            importing = pool.submit(self._import, archives.first)
            self._wait("kube-apiserver", self._api_answers)
            self._say("the API server answers")
            self._start_what_needs_the_api()
            installing = pool.submit(install, self._cluster)
            importing.result()
            self._say("the first images are there")
            self._start_node()
            importing = pool.submit(self._import, archives.later)
            self._wait_for_node()
            self._say("the node is ready")
            installing.result()
            importing.result()
        return self._enclosure

    def _start_what_needs_the_api(self) -> None:
        addresses, places = self._addresses, self._places
        controllers = control_plane.controller_manager(addresses, places)
        self._start("kube-controller-manager", *controllers)
        self._start("kube-scheduler", *control_plane.scheduler(places))
        self._cluster.apply_manifest("coredns", dns_service=addresses.dns_service)

    def _start_node(self) -> None:
        cgroups.make(self._places.name)
        self._start("kubelet", *control_plane.kubelet(self._addresses, self._places))
        self._start("kube-proxy", f"--config={self._places.config / 'kube-proxy.yml'}")

    def _start(self, component: str, *arguments: str) -> None:
        ours = self._cluster.artifacts.path
        program = packages.program(component) if component == "containerd" else ours(component)
        self._enclosure.run(component, *arguments, program=program)
        self._started.append(component)

    def _api_answers(self) -> bool:
        try:
            return self._cluster.objects.text("/readyz") == "ok"
        except ApiError:
            return False

    def _wait(self, component: str, holds: Callable[[], bool]) -> None:
        what = f"{component} of cluster {self._cluster.name}"
        processes.wait_until(what, holds, log=self._places.log(component), check=self._check)

    def _check(self) -> None:
        """Everything that was started must still be there."""
        for component in self._started:
            if not self._enclosure.runs(component):
                log = self._places.log(component)
                raise SandboxError(
                    f"{component} of cluster {self._cluster.name} has died:"
                    f" {processes.last_lines(log)}",
                    "run `python -m sandbox doctor`",
                )

    def _wait_for_node(self) -> None:
        what = f"the node of cluster {self._cluster.name}"
        self._cluster.objects.wait("/api/v1/nodes", _lacking, what=what, timeout=180)

    def _import(self, archives: Sequence[Path]) -> None:
        self._wait("containerd", lambda: processes.listens(self._places.socket))
        ctr: list[str | Path] = [
            packages.program("ctr"),
            f"--address={self._places.socket}",
            "--namespace=k8s.io",
        ]
        for archive in archives:
            command: list[str | Path] = [*ctr, "images", "import", archive]
            mark = processes.marked(f"{self._cluster.name}/ctr")
            done = subprocess.run(command, env=mark, capture_output=True, text=True, check=False)
            if done.returncode:
                self._check()
                # Whatever is wrong with it: the next time it is put together anew.
                archive.unlink(missing_ok=True)
                said = done.stderr.strip().splitlines() or ["no reason given"]
                raise SandboxError(
                    f"the images in {archive} cannot be imported: {said[-1]}",
                    "run up again, which puts them together anew",
                )

    def _say(self, text: str) -> None:
        self._progress.note(f"cluster {self._cluster.name}: {text}")


def _lacking(nodes: list[Object]) -> str:
    conditions = [each for item in nodes for each in item["status"].get("conditions", ())]
    ready = [each for each in conditions if each["type"] == "Ready"]
    if any(each["status"] == "True" for each in ready):
        return ""
    return ready[0]["message"] if ready else "it has not registered itself"
