# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags in the plan of a canary, and who follows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.modules import upgrade_plan
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.canary_meshes import (
    gateway,
    mesh,
    owned_by,
    plane,
    pod,
    tag,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

Object = dict[str, Any]
JOB = {"kind": "Job", "name": "import", "controller": True}


def run(api: FakeApi, **arguments: Any) -> dict[str, Any]:
    return run_module(upgrade_plan, api, {"revision": "1-31", "version": "1.31.0", **arguments})


def kept(result: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["reason"] for each in result["plan"]["kept"]}


def test_restarts_what_follows_a_tag_by_its_pods() -> None:
    api = mesh(
        pod("named", "plain", "1-30", rev="prod"),
        pod("unnamed", "plain", "1-30", inject="true"),
        owned_by(pod("import", "plain", "1-30", rev="prod"), **JOB),
    )
    result = run(api)
    assert result["plan"]["followers"] == ["plain/Deployment/named", "plain/Deployment/unnamed"]
    assert result["record"]["followers"] == [
        {"reference": name, "revision": "1-30"} for name in result["plan"]["followers"]
    ]
    assert kept(result).keys() == {"Job plain/import"}
    shown = "restart   plain/Deployment/named, plain/Deployment/unnamed, which follow a tag"
    assert shown in result["table"]
    assert {"Deployment plain/named"} < {each["before_header"] for each in result["diff"]}


def test_followers_are_restarted_after_a_run_that_only_moved_the_tag() -> None:
    api = mesh(
        *plane("1-31", "1.31.0"), tag("prod", "1-31"), pod("named", "plain", "1-30", rev="prod")
    )
    assert run(api)["plan"]["followers"] == ["plain/Deployment/named"]
    assert run(api, move_tags=False)["plan"]["followers"] == ["plain/Deployment/named"]


def test_says_which_pods_nothing_leads_to_the_revision() -> None:
    api = mesh(pod("own", "plain", "1-30", rev="1-30"), pod("former", "plain", "1-30"))
    assert kept(run(api)) == {
        "Deployment plain/own": "its pods ask for 1-30 themselves",
        "Deployment plain/former": "neither its labels nor those of its namespace lead to 1-31",
    }


@pytest.mark.parametrize(
    ("item", "stays"),
    [
        pytest.param(mesh_objects.namespace("legacy", rev="prod"), "prod", id="by its label"),
        pytest.param(
            mesh_objects.namespace("legacy", istio_injection="enabled"), "default", id="by default"
        ),
        pytest.param(pod("old", "legacy", "1-30", rev="prod"), "prod", id="by a pod"),
    ],
)
def test_a_tag_stays_with_a_namespace_that_stays(item: Object, stays: str) -> None:
    api = mesh(mesh_objects.namespace("legacy"), item)
    result = run(api, excluded_namespaces=["legacy"])
    assert kept(result) == {f"Tag {stays}": "legacy follow it, and are not to be moved"}
    assert stays not in [each["name"] for each in result["plan"]["tags"]]
    assert len(result["plan"]["tags"]) == 1
    assert result["plan"]["followers"] == []


def test_a_tag_of_a_third_revision_stays_where_it_is() -> None:
    result = run(mesh(*plane("1-29", "1.29.2"), tag("early", "1-29")))
    assert [each["name"] for each in result["plan"]["tags"]] == ["default", "prod"]


def test_tags_move_with_gateways_that_alone_are_left() -> None:
    api = FakeApi(
        *(item for minor in (29, 30, 31) for item in plane(f"1-{minor}", f"1.{minor}.0")),
        tag("early", "1-29"),
        tag("default", "1-30"),
        mesh_objects.namespace("edge"),
        *gateway("edge-in", "edge", "1-30"),
    )
    assert [each["name"] for each in run(api)["plan"]["tags"]] == ["default"]


def test_a_default_without_a_tag_is_pointed_out() -> None:
    api = FakeApi(
        *control_planes.unrevisioned(),
        mesh_objects.istiod("default", "hub.example.org/pilot:1.30.4"),
        mesh_objects.namespace("shop", istio_injection="enabled"),
        pod("web", "shop", "default"),
    )
    assert kept(run(api)) == {}
    # The chart's own injector, which is no tag.
    (hook,) = api.list(_kinds.MUTATING_WEBHOOK)
    del hook["metadata"]["labels"]["istio.io/tag"]
    api.put(hook)
    for item in plane("1-31", "1.31.0"):
        api.put(item)
    assert kept(run(api, revision="default", version="1.30.4")) == {}
    reason = "there is none; istio-injection=enabled leads to default until one is set"
    result = run(api)
    assert kept(result) == {"Tag default": reason}
    assert kept(run(api, move_tags=False)) == {}
    assert result["record"]["namespaces"]["shop"]["injection"] == "enabled"
