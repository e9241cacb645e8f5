# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for gateways that istiod deploys from a Gateway of the Gateway API."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.modules import upgrade_plan
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.canary_meshes import (
    Object,
    mesh,
    pod,
)
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import selecting

DOOR = "lab/Deployment/door-istio"
TWO_WAVES = [{"name": "pilots", "namespaces": ["lab"]}, {"name": "everybody", "share": 100}]
RECORD = "meshwright.istio/original-rollout"


def door(
    namespace: str = "lab",
    *,
    label: str | None = None,
    revision: str = "1-30",
    controller: str = "istio.io-gateway-controller",
    held: bool = False,
) -> list[Object]:
    """A Gateway with the Deployment and the pod that istiod has made for it."""
    asking = selecting("gateway.networking.k8s.io/v1", "Gateway", "door", namespace, {})
    asking["metadata"]["labels"] = {"istio.io/rev": label} if label else {}
    labels = {"gateway.istio.io/managed": controller}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {}}}
    item = selecting("apps/v1", "Deployment", "door-istio", namespace, spec)
    item["metadata"]["labels"] = labels
    item["metadata"]["ownerReferences"] = [{"kind": "Gateway", "name": "door", "uid": "g"}]
    item["metadata"]["annotations"] = {RECORD: '{"templates": []}'} if held else {}
    made = pod("door-istio", namespace, revision)
    made["metadata"]["labels"] |= labels
    return [asking, item, made]


def plan(*objects: Object, **arguments: Any) -> dict[str, Any]:
    given = {"revision": "1-31", "version": "1.31.0", "waves": TWO_WAVES, **arguments}
    result = run_module(upgrade_plan, mesh(*objects), given)
    assert result["rc"] == 0, result["msg"]
    found: dict[str, Any] = result["plan"]
    return found


def moving(found: dict[str, Any]) -> list[str]:
    return [each["reference"] for each in found["gateways"]]


def held(found: dict[str, Any]) -> dict[str, list[str]]:
    return {wave["name"]: wave["gateways"] for wave in found["waves"]}


def test_one_that_follows_its_namespace_is_held_in_its_wave_and_moves_with_the_gateways() -> None:
    found = plan(*door())
    assert found["gateways"] == [{"reference": DOOR, "revision": "1-30", "pods": 1}]
    assert held(found) == {"pilots": [DOOR], "everybody": []}
    assert DOOR not in str([wave["workloads"] for wave in found["waves"]])


@pytest.mark.parametrize("arguments", [{}, {"excluded_namespaces": ["shop"]}], ids=["all", "some"])
def test_one_with_a_label_of_its_own_needs_no_hold(arguments: dict[str, Any]) -> None:
    found = plan(*door(label="1-30"), **arguments)
    assert (moving(found), held(found)["pilots"]) == ([DOOR], [])


@pytest.mark.parametrize(
    ("label", "moves"),
    [pytest.param(None, [DOOR], id="follows"), pytest.param("1-30", [], id="names its own")],
)
def test_without_gateways_only_those_move_that_istiod_would_move(
    label: str | None, moves: list[str]
) -> None:
    found = plan(*door(label=label), move_gateways=False)
    assert (moving(found), held(found)["pilots"]) == (moves, moves)


def test_one_whose_gateway_is_gone_is_about_to_go() -> None:
    _gateway, *others = door()
    assert moving(plan(*others)) == []


def test_a_waypoint_is_left_to_istiod() -> None:
    found = plan(*door(controller="istio.io-mesh-controller"))
    assert (moving(found), held(found)["pilots"]) == ([], [])


def test_one_that_is_still_held_is_not_done() -> None:
    assert moving(plan(*door(revision="1-31"))) == []
    assert moving(plan(*door(revision="1-31", held=True))) == [DOOR]


def test_the_gate_of_those_that_have_moved_is_left_until_it_has_held() -> None:
    given = {"revision": "1-31", "version": "1.31.0", "waves": TWO_WAVES}
    record = run_module(upgrade_plan, mesh(*door()), given)["record"]
    api = mesh(*door(revision="1-31"))
    left = run_module(upgrade_plan, api, {**given, "record": record})
    assert (left["plan"]["gateways"], left["plan"]["gateways_due"]) == ([], True)
    assert "gateway   all have moved; their gate has not held yet" in left["table"]
    held = run_module(upgrade_plan, api, {**given, "record": record | {"gateways_moved": {}}})
    assert held["plan"]["gateways_due"] is False


@pytest.mark.parametrize(
    ("label", "tag"),
    [
        pytest.param(None, "default", id="the default tag"),
        pytest.param("prod", "prod", id="a tag by its label"),
    ],
)
def test_a_tag_that_one_follows_and_that_shall_not_move_stays(label: str | None, tag: str) -> None:
    space = mesh_objects.namespace("edge")
    alone = {"excluded_namespaces": ["edge"]}
    found = plan(space, *door("edge", label=label), **alone)
    (kept,) = [each for each in found["kept"] if each["name"] == f"Tag {tag}"]
    assert kept["reason"].startswith("Deployment edge/door-istio follow it, and are not to be")
    assert tag not in [each["name"] for each in found["tags"]]
    assert tag in [each["name"] for each in plan(space, *door("edge", label=label))["tags"]]
