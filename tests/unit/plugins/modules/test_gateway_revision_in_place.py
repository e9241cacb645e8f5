# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways that istiod deploys, where their istiod is replaced and keeps its revision."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.api_gateways import (
    NAME,
    SERVED,
    ApiGatewayCluster,
    names,
    served,
)
from ansible_collections.meshwright.istio.tests.unit.support.gateways import move
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import KilledError

OLD, NEW = "1.30.4", "1.31.0"


def go(api: ApiGatewayCluster, version: str, **arguments: Any) -> dict[str, Any]:
    return move(api, revision="1-30", version=version, **arguments)


def hold(api: ApiGatewayCluster, version: str) -> dict[str, Any]:
    result = go(api, version, state="held")
    assert result["rc"] == 0, result.get("msg")
    return result


def replace_plane(api: ApiGatewayCluster, version: str) -> None:
    api.replace_plane("1-30", version)
    api.run_on(5)


def versions(api: ApiGatewayCluster) -> set[str]:
    images = (
        container["image"]
        for pod in api.controllers.pods(NAME)
        for container in pod["spec"]["containers"]
        if container["name"] == "istio-proxy"
    )
    return {image.rpartition(":")[2] for image in images}


def test_without_a_hold_the_new_istiod_cuts_what_is_open() -> None:
    api = ApiGatewayCluster()
    api.network.hold(api.controllers.pods(NAME)[0], 20, until=500)
    replace_plane(api, NEW)
    api.run_on(20)
    assert api.network.lost != []


def test_held_it_stays_while_its_istiod_is_replaced_and_then_moves() -> None:
    api = ApiGatewayCluster()
    spec, old = api.spec, names(api)
    assert hold(api, NEW)["changed"] is True
    assert hold(api, NEW)["changed"] is False
    replace_plane(api, NEW)
    assert (names(api), versions(api)) == (old, {OLD})
    result = go(api, NEW)
    assert (result["rc"], result["changed"]) == (0, True), result.get("msg")
    assert [each["pod"] for each in result["gateways"][0]["drained"]] == old
    assert (versions(api), served(api), api.spec, api.marked()) == ({NEW}, SERVED, spec, [])
    assert go(api, NEW)["changed"] is False


def test_the_way_back_before_it_has_moved_lets_it_go_with_the_pods_that_it_had() -> None:
    api = ApiGatewayCluster()
    before, old = api.deployment(NAME), names(api)
    hold(api, NEW)
    replace_plane(api, NEW)
    hold(api, OLD)
    replace_plane(api, OLD)
    assert go(api, OLD)["changed"] is True
    api.run_on(10)
    assert (names(api), api.deployment(NAME), served(api)) == (old, before, SERVED)


def test_the_way_back_holds_it_first() -> None:
    api = ApiGatewayCluster()
    before = api.deployment(NAME)
    hold(api, NEW)
    replace_plane(api, NEW)
    go(api, NEW)
    assert hold(api, OLD)["changed"] is True
    replace_plane(api, OLD)
    assert versions(api) == {NEW}
    assert go(api, OLD)["rc"] == 0
    assert (versions(api), served(api), api.deployment(NAME)) == ({OLD}, SERVED, before)


def test_where_the_new_pods_do_not_serve_it_is_held_until_the_old_istiod_is_back() -> None:
    api = ApiGatewayCluster()
    before, spec, old = api.deployment(NAME), api.spec, names(api)
    hold(api, NEW)
    replace_plane(api, NEW)
    api.controllers.never_ready.add(NAME)
    assert go(api, NEW, wait_timeout=30)["rc"] == 1
    api.run_on(10)
    assert (names(api), api.spec) == (old, {**spec, "paused": True})
    api.controllers.never_ready.clear()
    hold(api, OLD)
    replace_plane(api, OLD)
    assert go(api, OLD)["rc"] == 0
    api.run_on(10)
    assert (names(api), api.deployment(NAME), served(api)) == (old, before, SERVED)


def test_an_istiod_that_does_not_write_it_is_named() -> None:
    api = ApiGatewayCluster()
    old = names(api)
    hold(api, NEW)
    api.dead.add("1-30")
    replace_plane(api, NEW)
    result = go(api, NEW, wait_timeout=20)
    assert "the istiod of 1.31.0 has not written the gateway edge/public-istio yet" in result["msg"]
    assert (names(api), versions(api)) == (old, {OLD})


@pytest.mark.parametrize("writes", range(1, 12))
@pytest.mark.parametrize("back", [False, True])
def test_killed_after_any_write_the_next_run_ends_it(writes: int, *, back: bool) -> None:
    api = ApiGatewayCluster()
    spec = api.spec
    hold(api, NEW)
    replace_plane(api, NEW)
    api.kill_after = writes
    with contextlib.suppress(KilledError):
        go(api, NEW)
    api.let_live()
    version = OLD if back else NEW
    if back:
        hold(api, OLD)
        replace_plane(api, OLD)
    result = go(api, version)
    assert result["rc"] == 0, result["msg"]
    api.run_on(20)
    assert (versions(api), api.marked(), served(api)) == ({version}, [], SERVED)
    assert api.spec == spec
