# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining restarts, on a mesh whose Envoys ask each pod that they know of once a second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.modules import workload_restart
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, restarting
from ansible_collections.meshwright.istio.tests.unit.support.restarting import Cluster
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import KilledError
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    service,
    workload,
)


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A workload behind a Service, and how few pods may be behind that while it is drained."""

    item: dict[str, Any]
    fewest: int
    service: Mapping[str, Any] = field(default_factory=dict)

    def cluster(self) -> Cluster:
        name = self.item["metadata"]["name"]
        client = mesh_objects.pod("client", "outside", revision="1-30")
        return Cluster(self.item, service(name, **self.service), client)


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
    "legacy": Kind(item=workload("web", kind="DeploymentConfig"), fewest=1),
}


def run(api: Cluster, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"namespaces": ["shop"], "revision": "1-31", "drain_hold": 4, **arguments}
    return run_module(workload_restart, api, given, check=check)


def revisions(api: Cluster) -> list[str]:
    pods = api.controllers.pods("web")
    return sorted(pod["metadata"]["annotations"]["istio.io/rev"] for pod in pods)


@pytest.mark.parametrize("case", KINDS)
def test_loses_nothing_and_never_has_too_few(case: str) -> None:
    kind = KINDS[case]
    api = kind.cluster()
    result = run(api)
    assert result["rc"] == 0, result["msg"]
    replicas = kind.item["spec"]["replicas"]
    assert (revisions(api), api.marked()) == (["1-31"] * replicas, [])
    assert (api.network.lost, api.fewest["web"]) == ([], kind.fewest)
    assert api.controllers.made["web"] == replicas
    assert run(api)["changed"] is False


@pytest.mark.parametrize("later", [0, 5], ids=["at once", "seconds later"])
@pytest.mark.parametrize("eager", [True, False], ids=["eager controllers", "slow controllers"])
@pytest.mark.parametrize("case", sorted(KINDS.keys() - {"large", "headless"}))
def test_a_run_killed_after_any_write_is_finished_by_the_next(
    case: str, eager: bool, later: int
) -> None:
    kind = KINDS[case]
    replicas = kind.item["spec"]["replicas"]
    for number in range(1, 100):
        api = kind.cluster()
        api.controllers.eager, api.kill_after = eager, number
        try:
            run(api)
            break
        except KilledError:
            api.let_live()
        api.run_on(later)
        result = run(api)
        assert (number, result["rc"]) == (number, 0), result["msg"]
        assert (number, revisions(api), api.marked()) == (number, ["1-31"] * replicas, [])
        assert (number, api.network.lost) == (number, [])
        assert (number, api.fewest["web"]) == (number, kind.fewest)
        assert (number, api.controllers.made["web"]) == (number, replicas)
        assert run(api)["changed"] is False
    assert number > 2
