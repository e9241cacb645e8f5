# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of many Deployments whose pods can be brought from one revision to the other."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks import injection, kubelets, plays
from benchmarks.api import MERGE, Api, Object, each
from benchmarks.control_plane import ControlPlane, control_plane
from benchmarks.credentials import COUNTED
from benchmarks.errors import BenchmarkError
from benchmarks.rollout_log import is_complete
from sandbox.build import Artifacts

NAMESPACE = "shop"
SELECTOR = "benchmark=rollouts"
_NODES = 5
_NAMESPACE = f"/api/v1/namespaces/{NAMESPACE}"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
_CONTAINER = {"name": "app", "image": "localhost/app:1", "resources": {}}
_PATIENCE = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollouts:
    """A control plane with so many Deployments of one pod, all of them on one revision."""

    plane: ControlPlane
    count: int

    def point_at(self, revision: str) -> None:
        """Label the namespace; its pods stay what they are until they are replaced."""
        body = {"metadata": {"labels": {injection.REVISION: revision}}}
        self.plane.api.send("PATCH", _NAMESPACE, body, content_type=MERGE)

    def arguments(self, revision: str, parallel: int) -> Mapping[str, Any]:
        """What `workload_restart` is told."""
        return {
            "kubeconfig": str(self.plane.kubeconfig(COUNTED)),
            "namespaces": [NAMESPACE],
            "revision": revision,
            "max_parallel": parallel,
        }

    def generations(self) -> tuple[dict[str, int], str]:
        """The generation of each Deployment, and the version of that list."""
        listed = self.plane.api.get(DEPLOYMENTS)
        found = {
            item["metadata"]["name"]: item["metadata"]["generation"] for item in listed["items"]
        }
        return found, listed["metadata"]["resourceVersion"]

    def when_all_have_begun(self) -> threading.Event:
        """Set once each of them has a newer generation than now."""
        before, version = self.generations()
        begun = threading.Event()

        def look() -> None:
            waiting = set(before)
            for _kind, item in self.plane.api.watch(DEPLOYMENTS, version):
                metadata = item["metadata"]
                if metadata.get("generation", 0) > before.get(metadata.get("name", ""), 0):
                    waiting.discard(metadata["name"])
                if not waiting:
                    begun.set()
                    return

        threading.Thread(target=look, daemon=True).start()
        return begun

    def wait_until_complete(self) -> None:
        """Until every Deployment has its pod and nothing goes on any more."""
        end = time.monotonic() + _PATIENCE
        while not all(map(is_complete, self.plane.api.get(DEPLOYMENTS)["items"])):
            if time.monotonic() > end:
                raise BenchmarkError(f"the Deployments were not ready after {_PATIENCE:g} s")
            time.sleep(0.2)


@contextmanager
def rollouts(artifacts: Artifacts, count: int) -> Iterator[Rollouts]:
    """A control plane of its own with simulated nodes and Deployments on the old revision."""
    with control_plane(artifacts) as plane:
        injection.add_webhooks(plane, injection.OLD, injection.NEW)
        injection.inject_all_pods(plane)
        plane.start_controllers()
        for number in range(_NODES):
            kubelets.add_node(plane.api, f"node-{number}")
        command = (sys.executable, "-m", "benchmarks.kubelets")
        arguments = (str(plane.credentials.file("")), str(plane.port))
        plane.programs.start("kubelets", (*command, *arguments), plays.environment(plane.folder))
        metadata = {"name": NAMESPACE, "labels": {injection.REVISION: injection.OLD}}
        plane.api.send(
            "POST",
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata},
        )
        cluster = Rollouts(plane=plane, count=count)
        # Pods cannot be made before the controllers have made the account that they run as.
        account = f"{_NAMESPACE}/serviceaccounts/default"
        plane.programs.wait_until(
            "a service account", lambda: bool(plane.api.send("GET", account, allowed=(404,)))
        )
        plane.programs.wait_until("the injection policy", lambda: _is_injected(plane.api))
        each(lambda number: plane.api.send("POST", DEPLOYMENTS, _deployment(number)), range(count))
        cluster.wait_until_complete()
        yield cluster


def _is_injected(api: Api) -> bool:
    """Whether the policy is in force, which it is not at once."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "trial-"},
        "spec": {"containers": [_CONTAINER]},
    }
    made = api.send("POST", f"{_NAMESPACE}/pods?dryRun=All", pod)
    return injection.REVISION in made["metadata"].get("annotations", {})


def _deployment(number: int) -> Object:
    labels = {"benchmark": "rollouts", "app": f"app-{number:03}"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": labels["app"], "labels": labels},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": labels["app"]}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [_CONTAINER], "terminationGracePeriodSeconds": 1},
            },
        },
    }
