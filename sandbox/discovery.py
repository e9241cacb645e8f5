# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch the pods of a cluster and write where Prometheus finds istiod, agents and Envoys.

Runs beside Prometheus for as long as the cluster lives: `python -m sandbox.discovery a`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from typing import Any

from sandbox.api import Object, Objects
from sandbox.errors import SandboxError
from sandbox.network import Addresses
from sandbox.places import Places
from sandbox.prometheus import targets_file

_PORTS = {"istiod": 15014, "agent": 15020, "envoy": 15090}
_FOREVER = 3600.0


def main() -> int:
    """Only the death of the cluster ends it; an API server that is away comes back."""
    addresses, places = Addresses(sys.argv[1]), Places(sys.argv[1])
    objects = Objects(addresses, places)
    written: dict[str, str] = {}

    def write(pods: list[Object]) -> str:
        for job, content in targets(pods).items():
            text = json.dumps(content, indent=1)
            if written.get(job) != text:
                path = targets_file(places, job)
                new = path.with_suffix(".partial")
                new.write_text(text)
                new.rename(path)
                written[job] = text
        return "the watch goes on"

    while True:
        try:
            objects.wait("/api/v1/pods", write, what="the watch", timeout=_FOREVER)
        except SandboxError as error:
            print(error, file=sys.stderr, flush=True)
            time.sleep(1)


def targets(pods: Iterable[Object]) -> dict[str, list[dict[str, Any]]]:
    """For each job its targets, with what a query wants to tell them apart by as labels."""
    found: dict[str, list[dict[str, Any]]] = {job: [] for job in _PORTS}
    for pod in sorted(pods, key=lambda pod: pod["metadata"]["name"]):
        if address := pod.get("status", {}).get("podIP"):
            for job in _jobs(pod):
                target = {"targets": [f"{address}:{_PORTS[job]}"], "labels": _labels(pod)}
                found[job].append(target)
    return found


def _jobs(pod: Object) -> Iterable[str]:
    if pod["status"].get("phase") != "Running":
        return
    if pod["metadata"].get("labels", {}).get("app") == "istiod":
        yield "istiod"
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
    if any(each["name"] == "istio-proxy" for each in containers):
        yield "agent"
        yield "envoy"


def _labels(pod: Object) -> dict[str, str]:
    metadata = pod["metadata"]
    labels = metadata.get("labels", {})
    wanted = {
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
        "app": labels.get("app"),
        "version": labels.get("version"),
        "revision": metadata.get("annotations", {}).get("istio.io/rev")
        or labels.get("istio.io/rev"),
    }
    return {name: value for name, value in wanted.items() if value}


if __name__ == "__main__":
    sys.exit(main())
