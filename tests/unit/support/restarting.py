# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh in memory whose workloads restart, on a clock that the test's own steps move."""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _drain,
    _leaving,
    _restart,
    _restart_run,
)
from ansible_collections.meshwright.istio.plugins.module_utils._arrivals import Arrivals
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed
from ansible_collections.meshwright.istio.plugins.module_utils._leaving import Leaving
from ansible_collections.meshwright.istio.plugins.module_utils._restart_window import Window
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness
from ansible_collections.meshwright.istio.plugins.modules import workload_restart
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import (
    KilledError,
    RunningMesh,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    by_reference,
    service,
    workload,
)


class Cluster(RunningMesh):
    """A mesh on 1-30 whose namespace points at 1-31, with the controllers of its workloads."""

    def __init__(self, *objects: Mapping[str, Any], revision: str = "1-31") -> None:
        super().__init__(
            *control_planes.revision("1-30"),
            *control_planes.revision("1-31"),
            *control_planes.unrevisioned(),
            mesh_objects.namespace("shop", rev=revision),
            mesh_objects.namespace("outside"),
            *objects,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A workload behind a Service, and how few pods may be behind that while it is drained."""

    item: dict[str, Any]
    fewest: int
    service: Mapping[str, Any] = field(default_factory=dict)
    lender: Mapping[str, Any] | None = None

    def cluster(self) -> Cluster:
        name = self.item["metadata"]["name"]
        client = mesh_objects.pod("client", "outside", revision="1-30")
        more = [self.lender] if self.lender else []
        return Cluster(self.item, service(name, **self.service), client, *more)


BORROWER, LENDER = by_reference(
    workload("web", kind="Rollout", replicas=2, strategy={"canary": {}}), "lender"
)
ON_DELETE = {"type": "OnDelete"}
LOCAL = {"internalTrafficPolicy": "Local"}
KINDS = {
    "deployment": Kind(item=workload("web", replicas=2), fewest=2),
    "single": Kind(item=workload("web"), fewest=1),
    "large": Kind(item=workload("web", replicas=9), fewest=9),
    "headless": Kind(item=workload("web", replicas=2), fewest=2, service={"clusterIP": "None"}),
    "stateful": Kind(item=workload("web", kind="StatefulSet", replicas=3), fewest=2),
    "daemon": Kind(item=workload("web", kind="DaemonSet", replicas=2), fewest=1),
    "on delete": Kind(
        item=workload("web", kind="DaemonSet", replicas=2, strategy=ON_DELETE), fewest=1
    ),
    "daemon of one": Kind(item=workload("web", kind="DaemonSet"), fewest=1),
    "local daemon": Kind(
        item=workload("web", kind="DaemonSet", replicas=2), fewest=2, service=LOCAL
    ),
    "rollout": Kind(item=workload("web", kind="Rollout", strategy={"canary": {}}), fewest=1),
    "rollout by reference": Kind(item=BORROWER, fewest=2, lender=LENDER),
    "legacy": Kind(item=workload("web", kind="DeploymentConfig"), fewest=1),
}


def one_client(*more: Mapping[str, Any], **of: Any) -> Cluster:
    """The workload `web` behind its Service, and a client in another namespace."""
    client = mesh_objects.pod("client", "outside", revision="1-30")
    return Cluster(workload("web", **of), service("web"), client, *more)


def kill(api: RunningMesh, after: int, **arguments: Any) -> None:
    """A run that is killed after so many writes, if it comes so far."""
    api.kill_after = after
    with contextlib.suppress(KilledError):
        restart(api, **arguments)
    api.let_live()


def restart(api: RunningMesh, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    """The result of workload_restart for the namespace shop; None takes an argument away."""
    given = {"namespaces": ["shop"], "revision": "1-31", "drain_hold": 4, **arguments}
    chosen = {key: value for key, value in given.items() if value is not None}
    return run_module(workload_restart, api, chosen, check=check)


def revisions(api: RunningMesh, name: str = "web") -> list[str]:
    """Those of the pods that were made for the workload of that name."""
    pods = api.controllers.pods(name)
    return sorted(pod["metadata"]["annotations"]["istio.io/rev"] for pod in pods)


def drained(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What became of the pods of the first workload."""
    found: list[dict[str, Any]] = result["workloads"][0]["drained"]
    return found


def tie_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait for news is one second of the mesh, and one on every clock."""
    watched: list[RunningMesh] = []

    def wait(feed: Feed, _seconds: float) -> bool:
        api = feed._api
        assert isinstance(api, RunningMesh)
        watched.append(api)
        api.step()
        feed.read()
        return True

    def clock() -> float:
        return float(watched[-1].now) if watched else 0.0

    class TimeOfDay(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Self:
            return cls.fromtimestamp(clock(), tz)

    monkeypatch.setattr(Feed, "wait", wait)
    monkeypatch.setattr(Feed, "follow", lambda _feed: None)
    monkeypatch.setattr(Witness, "start", start_witness)
    for each in (Window, Leaving, Witness):
        tied = functools.partial(each, clock=clock)
        monkeypatch.setattr(_restart_run, each.__name__, tied)
    monkeypatch.setattr(_drain, "Arrivals", functools.partial(Arrivals, clock=clock))
    times = SimpleNamespace(datetime=TimeOfDay, UTC=datetime.UTC)
    monkeypatch.setattr(_restart, "datetime", times)
    monkeypatch.setattr(_leaving, "_now", lambda: f"second {clock():.0f}")


def start_witness(witness: Witness) -> None:
    """Instead of a thread: the mesh lets it ask once a second."""
    api = witness._api
    assert isinstance(api, RunningMesh)
    if witness not in api.witnesses:
        witness._feed.read()
        api.witnesses.append(witness)
