# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves of gateways that are killed after each of their writes, onward or back.

These are hundreds of runs, so they are not repeated under each ansible-core.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.gateways import (
    GatewayCluster,
    gateway,
    move,
    service,
)
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import KilledError

ON_OLD = {"istio.io/rev": "1-30"}
RECREATE = {"type": "Recreate"}


@pytest.mark.parametrize("later", [0, 5], ids=["at once", "seconds later"])
@pytest.mark.parametrize("eager", [True, False], ids=["eager controllers", "slow controllers"])
@pytest.mark.parametrize("strategy", [{}, RECREATE], ids=["rolling", "recreate"])
@pytest.mark.parametrize("target", ["1-31", "1-30"], ids=["onward", "back"])
def test_a_run_killed_after_any_write_is_finished_by_the_next(
    strategy: dict[str, Any], target: str, eager: bool, later: int
) -> None:
    for number in range(1, 100):
        edge = gateway(labels=ON_OLD, strategy=strategy)
        api = GatewayCluster(namespace("edge"), edge, service())
        api.controllers.eager, api.kill_after = eager, number
        try:
            move(api)
            break
        except KilledError:
            api.let_live()
        api.run_on(later)
        result = move(api, revision=target)
        assert (number, result["rc"]) == (number, 0), result["msg"]
        assert (number, api.revisions_of("edge-in")) == (number, [target] * 2)
        assert (number, api.marked(), api.network.lost) == (number, [], [])
        assert (number, api.fewest["edge-in"]) == (number, 2)
        assert (
            "meshwright.istio/original-rollout" not in api.deployment()["metadata"]["annotations"]
        )
        assert move(api, revision=target)["changed"] is False
    assert number > 4


@pytest.mark.parametrize("later", [0, 5], ids=["at once", "seconds later"])
@pytest.mark.parametrize("target", ["1-31", "1-30"], ids=["onward", "back"])
def test_the_same_where_the_namespace_decides(target: str, later: int) -> None:
    for number in range(1, 100):
        api = GatewayCluster(namespace("edge", rev="1-30"), gateway(), service())
        api.controllers.eager, api.kill_after = True, number
        api.point_namespace_at("1-31")
        try:
            move(api)
            break
        except KilledError:
            api.let_live()
        api.run_on(later)
        api.point_namespace_at(target)
        result = move(api, revision=target)
        assert (number, result["rc"]) == (number, 0), result["msg"]
        assert (number, api.revisions_of("edge-in")) == (number, [target] * 2)
        assert (number, api.marked(), api.network.lost) == (number, [], [])
        assert move(api, revision=target)["changed"] is False
    assert number > 4
