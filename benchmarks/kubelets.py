# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Simulated kubelets: a pod that was scheduled gets ready, and one that is deleted goes.

`python -m benchmarks.kubelets PKI PORT` does so for every node until it is ended. No container
runs: what a rollout waits for is the status of pods, and that is written as a kubelet writes it.
"""

from __future__ import annotations

import datetime
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.api import STRATEGIC, Api, Object
from benchmarks.credentials import Credentials

# How long a pod takes until it is ready, and until it has ended, in seconds.
_START = (0.5, 3.0)
_END = (0.1, 0.5)
_PODS = "/api/v1/pods"
_AT_ONCE = 256


class Kubelets:
    """All kubelets of a cluster in one."""

    def __init__(self, api: Api, executor: ThreadPoolExecutor) -> None:
        self._api = api
        self._executor = executor
        self._started: set[str] = set()
        self._ended: set[str] = set()

    def run(self) -> None:
        """Do what kubelets do, for ever."""
        while True:
            listed = self._api.get(_PODS)
            for pod in listed["items"]:
                self._see(pod)
            for kind, pod in self._api.watch(_PODS, listed["metadata"]["resourceVersion"]):
                if kind in ("ADDED", "MODIFIED"):
                    self._see(pod)

    def _see(self, pod: Object) -> None:
        metadata = pod["metadata"]
        uid = metadata["uid"]
        if "deletionTimestamp" in metadata:
            self._once(self._ended, uid, _END, lambda: self._end(pod))
        elif pod["spec"].get("nodeName") and pod["status"].get("phase") == "Pending":
            self._once(self._started, uid, _START, lambda: self._start(pod))

    def _once(
        self, known: set[str], uid: str, within: tuple[float, float], work: Callable[[], Any]
    ) -> None:
        if uid in known:
            return
        known.add(uid)
        seconds = random.uniform(*within)  # noqa: S311 - nobody has to be unable to guess it

        def later() -> None:
            time.sleep(seconds)
            work()

        self._executor.submit(later)

    def _start(self, pod: Object) -> None:
        self._api.send(
            "PATCH",
            f"{_path(pod)}/status",
            {"status": running(pod, len(self._started))},
            content_type=STRATEGIC,
            allowed=(404, 409),
        )

    def _end(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
        self._api.send("DELETE", _path(pod), body, allowed=(404, 409))


def running(pod: Object, number: int) -> Object:
    """The status of a pod that runs and is ready; the number makes its address."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    address = f"10.251.{number // 250 % 250}.{number % 250 + 1}"
    names = ("Initialized", "PodReadyToStartContainers", "ContainersReady", "Ready")
    return {
        "phase": "Running",
        "conditions": [
            {"type": name, "status": "True", "lastTransitionTime": now} for name in names
        ],
        "hostIP": "127.0.0.1",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": container["image"],
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": now}},
            }
            for container in pod["spec"]["containers"]
        ],
    }


def add_node(api: Api, name: str, *, port: int = 10250) -> None:
    """A node that is ready for any number of pods, its kubelet at a port of loopback."""
    room = {"cpu": "1000", "memory": "1000Gi", "pods": "20000"}
    api.send(
        "POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    )
    api.send(
        "PATCH",
        f"/api/v1/nodes/{name}/status",
        {
            "status": {
                "capacity": room,
                "allocatable": room,
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            }
        },
        content_type=STRATEGIC,
    )


def _path(pod: Object) -> str:
    metadata = pod["metadata"]
    return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"


if __name__ == "__main__":
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        Kubelets(Api(Credentials(Path(sys.argv[1])), int(sys.argv[2])), threads).run()
