# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of workloads between the plan and their turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.tests.unit.support import restarting
from ansible_collections.meshwright.istio.tests.unit.support.restarting import (
    Cluster,
    kill,
    restart,
    revisions,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    service,
    workload,
)


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


def actions(result: Mapping[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["action"] for entry in result["workloads"]}


@pytest.mark.parametrize("drain", ["endpoints", "rollout"])
def test_a_workload_that_is_deleted_before_its_turn_is_no_failure(drain: str) -> None:
    api = Cluster(*(workload(f"w{number}", kind="StatefulSet", replicas=2) for number in range(3)))

    def remove(now: int) -> None:
        if now == 2:
            api.remove(_kinds.STATEFUL_SET, "w1", "shop")
            for pod in api.controllers.pods("w1"):
                api.controllers.remove_pod(pod)

    api.each_second = remove
    result = restart(api, max_parallel=1, drain=drain)
    assert result["rc"] == 0, result["msg"]
    assert actions(result) == {"w0": "restarted", "w2": "restarted"}
    (left,) = result["not_restarted"]
    assert (left["name"], left["reason"]) == ("w1", "it was deleted before its turn")
    assert {result["counts"][each] for each in ("not_begun", "failed")} == {1, 0}


@pytest.mark.parametrize("drain", ["endpoints", "rollout"])
def test_a_workload_that_somebody_else_restarts_before_its_turn_is_not_restarted(
    drain: str,
) -> None:
    names = ("w0", "w1")
    items = [workload(name, replicas=2) for name in names]
    api = Cluster(*items, *map(service, names))
    template = {"spec": {"containers": [{"name": "app", "image": "shop:2"}]}}

    def patch(now: int) -> None:
        if now == 1:
            api.patch(_kinds.DEPLOYMENT, "w1", {"spec": {"template": template}}, "shop")
            api.controllers.run(6)
            api.writes.clear()

    api.each_second = patch
    result = restart(api, max_parallel=1, drain=drain)
    assert actions(result) == {"w0": "restarted", "w1": "awaited"}, result["msg"]
    assert result["workloads"][1]["reason"].endswith("what is wanted before its turn")
    assert (revisions(api, "w1"), api.controllers.made["w1"]) == (["1-31"] * 2, 2)
    assert not [write for write in api.writes if write[2].startswith("w1")]


def test_pods_that_a_run_before_has_let_go_are_not_forgotten_with_their_workload() -> None:
    names = ("w0", "w1")
    api = Cluster(*(workload(name, replicas=2) for name in names), *map(service, names))
    kill(api, 1, names=["w1"])
    soon = api.now + 2
    api.each_second = lambda now: (
        api.remove(_kinds.DEPLOYMENT, "w1", "shop") if now == soon else None
    )
    result = restart(api, max_parallel=1)
    assert (result["rc"], actions(result)) == (1, {"w0": "restarted", "w1": "failed"})
    (marked,) = api.marked()
    assert marked.startswith("w1-")
