# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts where somebody has to take the old pods: one by one, each once the others are ready."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.tests.unit.support import restarting
from ansible_collections.meshwright.istio.tests.unit.support.restarting import (
    Cluster,
    restart,
    revisions,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import workload

ON_DELETE = {"type": "OnDelete"}
PULLING = {
    "phase": "Pending",
    "containerStatuses": [
        {"name": "istio-proxy", "state": {"waiting": {"reason": "ErrImagePull", "message": "no"}}}
    ],
}


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


def cluster(kind: str = "DaemonSet", replicas: int = 3) -> Cluster:
    return Cluster(workload("web", kind=kind, replicas=replicas, strategy=ON_DELETE))


def taken(api: Cluster) -> list[str]:
    return [name for verb, _kind, name in api.writes if verb == "delete"]


def test_takes_a_pod_that_is_not_ready_first() -> None:
    api = cluster()
    ill = api.controllers.pods("web")[1]
    name = ill["metadata"]["name"]
    api.controllers.never_ready.add(name)
    api.put({**ill, "status": {"phase": "Running"}})
    assert (restart(api)["rc"], revisions(api)) == (0, ["1-31"] * 3)
    assert (taken(api)[0], len(taken(api))) == (name, 3)


def test_stops_where_a_new_pod_does_not_get_ready() -> None:
    api = cluster()
    api.controllers.never_ready.add("web")
    api.controllers.trouble = PULLING
    result = restart(api)
    assert "ErrImagePull: container istio-proxy: no" in result["msg"]
    assert (len(taken(api)), revisions(api).count("1-30")) == (1, 2)


def test_a_refusal_that_no_budget_causes_is_a_failure() -> None:
    api = cluster()
    for pod in api.controllers.pods("web"):
        api.failures["delete", pod["metadata"]["name"]] = [ApiError("Grant it.", status=403)]
    assert "Grant it." in restart(api)["msg"]
    assert revisions(api) == ["1-30"] * 3


@pytest.mark.parametrize("budgets", ["respect", "ignore"])
def test_evicts_or_deletes(budgets: str, monkeypatch: pytest.MonkeyPatch) -> None:
    api, evicted = cluster(), []

    def evict(name: str, namespace: str) -> bool:
        evicted.append(name)
        return Cluster.evict(api, name, namespace)

    monkeypatch.setattr(api, "evict", evict)
    assert restart(api, disruption_budgets=budgets)["rc"] == 0
    assert len(evicted) == (3 if budgets == "respect" else 0)


def test_a_pod_that_is_let_go_is_none_of_a_plain_restart() -> None:
    api = cluster(replicas=2)
    pod = api.controllers.pods("web")[0]
    api.put({**pod, "metadata": {**pod["metadata"], "labels": {"app": "elsewhere"}}})
    result: dict[str, Any] = restart(api)
    assert (result["rc"], revisions(api).count("1-31")) == (0, 2)


def test_asks_after_all_where_the_rollout_of_somebody_else_ended_without_it() -> None:
    api = Cluster(workload("web", replicas=2))
    api.controllers.revision = "1-30"
    api.controllers.lag = 3
    restart(api, wait=False, drain="rollout")
    api.each_second = lambda _now: setattr(
        api.controllers, "revision", "1-30" if api.controllers.made["web"] < 2 else "1-31"
    )
    result = restart(api, drain="rollout")
    assert (result["rc"], result["workloads"][0]["action"]) == (0, "restarted")
    assert (revisions(api), len(api.writes)) == (["1-31"] * 2, 2)
