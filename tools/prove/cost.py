# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a draining restart costs beside a plain one: seconds, and pods that there are more."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import istio
from sandbox.workloads.servers import Server
from tools.prove.mesh import LOGS, Mesh, keep, seconds_since
from tools.prove.watching import every_second

_SPACE = "cost"
# How many workloads, and of how many pods each: a hundred Envoys are more than two cores can feed.
_SIZES = ((2, 2), (10, 2), (50, 1))
_AT_ONCE = 5
_PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - meshwright.istio.workload_restart:
        kubeconfig: "{{ kubeconfig }}"
        namespaces: [cost]
        revision: "{{ revision }}"
        drain: "{{ drain }}"
        max_parallel: 5
"""


def prove(mesh: Mesh, _options: argparse.Namespace) -> bool:
    """2, 10 and 50 workloads, both ways in turn, between two revisions."""
    mesh.reset()
    istio.install(mesh.cluster, "1.31", "1-31")
    playbook = LOGS / "cost.yml"
    LOGS.mkdir(parents=True, exist_ok=True)
    playbook.write_text(_PLAY)
    figures = []
    for size, pods in _SIZES:
        mesh.progress.step(f"starting {size} workloads")
        _deploy(mesh, size, pods)
        revision = "default"
        for drain in ("rollout", "endpoints"):
            revision = "1-31" if revision == "default" else "default"
            _label(mesh, revision)
            mesh.progress.step(f"restarting {size} workloads, drain: {drain}")
            with _most_pods(mesh) as most:
                started = time.monotonic()
                code = mesh.play_file(playbook, revision=revision, drain=drain)
                took = seconds_since(started)
            figures.append(
                {
                    "workloads": size,
                    "pods": pods,
                    "drain": drain,
                    "code": code,
                    "seconds": took,
                    "more_pods": most[0] - pods * size,
                }
            )
            print(f"cost: {figures[-1]}", flush=True)
    mesh.cluster.kubectl("delete", "namespace", _SPACE, "--wait=false")
    keep("cost", figures)
    return all(each["code"] == 0 for each in figures)


def _deploy(mesh: Mesh, size: int, pods: int) -> None:
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": _SPACE, "labels": {"istio-injection": "enabled"}},
    }
    servers = [
        Server(name=f"server-{number}", namespace=_SPACE, replicas=pods) for number in range(size)
    ]
    mesh.cluster.apply([space])
    # So many pods that start at once leave the API server no time to answer anybody.
    for first in range(0, size, _AT_ONCE):
        some = servers[first : first + _AT_ONCE]
        mesh.cluster.apply(each for server in some for each in server.objects())
        mesh.cluster.kubectl("rollout", "status", "deployment", "-n", _SPACE, "--timeout=600s")
    _label(mesh, "default")


def _label(mesh: Mesh, revision: str) -> None:
    labels = (
        ("istio.io/rev-", "istio-injection=enabled")
        if revision == "default"
        else ("istio-injection-", f"istio.io/rev={revision}")
    )
    mesh.cluster.kubectl("label", "namespace", _SPACE, *labels, "--overwrite")


@contextmanager
def _most_pods(mesh: Mesh) -> Iterator[list[int]]:
    """The largest number of pods that run at a time."""
    most = [0]

    def look() -> None:
        items = mesh.cluster.objects.get(f"/api/v1/namespaces/{_SPACE}/pods")["items"]
        live = [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]
        most[0] = max(most[0], len(live))

    with every_second(look):
        yield most
