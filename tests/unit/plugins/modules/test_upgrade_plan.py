# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.modules import upgrade_plan
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
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
FIRST = "meshwright.istio/wave"
JOB = {"kind": "Job", "name": "import", "controller": True}
TWO_WAVES = [{"name": "pilots", "namespaces": ["lab"]}, {"name": "everybody", "share": 100}]


def run(api: FakeApi, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"revision": "1-31", "version": "1.31.0", "waves": TWO_WAVES, **arguments}
    result = run_module(upgrade_plan, api, given, check=check)
    assert api.writes == []
    return result


def kept(result: Mapping[str, Any]) -> dict[str, str]:
    return {each["name"]: each["reason"] for each in result["plan"]["kept"]}


def workloads(result: Mapping[str, Any]) -> list[str]:
    return [name for wave in result["plan"]["waves"] for name in wave["workloads"]]


def managed(namespace: str) -> Object:
    item = pod("x", namespace, "1-30")
    item["metadata"]["labels"]["gateway.istio.io/managed"] = "istio.io-gateway-controller"
    return item


def test_plans_everything_that_moves() -> None:
    result = run(mesh(mesh_objects.namespace("edge"), *gateway("edge-in", "edge", "1-30")))
    plan = result["plan"]
    assert (result["rc"], result["changed"]) == (0, False)
    assert (result["needed"], result["installed"]) == (True, False)
    assert plan["sources"] == [{"revision": "1-30", "version": "1.30.4"}]
    assert plan["waves"] == [
        {
            "number": 1,
            "name": "pilots",
            "namespaces": ["lab"],
            "to_label": ["lab"],
            "workloads": ["lab/Deployment/probe"],
            "gateways": [],
            "done": False,
        },
        {
            "number": 2,
            "name": "everybody",
            "namespaces": ["shop"],
            "to_label": ["shop"],
            "workloads": ["shop/Deployment/cart", "shop/Deployment/web"],
            "gateways": [],
            "done": False,
        },
    ]
    assert plan["gateways"] == [
        {"reference": "edge/Deployment/edge-in", "revision": "1-30", "pods": 1}
    ]
    assert plan["tags"] == [
        {"name": name, "before": "1-30", "after": "1-31"} for name in ("default", "prod")
    ]
    assert (plan["followers"], plan["kept"]) == ([], [])
    assert plan["restore"] == [{"revision": "prod", "namespaces": ["shop"]}]
    assert result["table"] == [
        "1-30 (1.30.4) -> 1-31 (1.31.0)",
        "revision  install 1-31 beside what there is",
        "wave 1    pilots: lab; 1 workload with 1 pod to restart",
        "wave 2    everybody: shop; 2 workloads with 2 pods to restart",
        "gateway   edge/Deployment/edge-in: 1 pod from 1-30",
        "tag       default: from 1-30 to 1-31",
        "tag       prod: from 1-30 to 1-31",
        "label     shop get their tag back",
    ]


def test_the_record_says_how_everything_was() -> None:
    result = run(mesh(mesh_objects.namespace("edge"), *gateway("edge-in", "edge", "1-30")))
    before = {"injection": None, "source": "1-30"}
    assert result["record"] == {
        "version": "1.31.0",
        "sources": [{"revision": "1-30", "version": "1.30.4"}],
        "waves": [
            {"name": "pilots", "namespaces": ["lab"]},
            {"name": "everybody", "namespaces": ["shop"]},
        ],
        "namespaces": {
            "lab": {"revision": "1-30", **before},
            "shop": {"revision": "prod", **before},
        },
        "gateways": [{"reference": "edge/Deployment/edge-in", "revision": "1-30", "pods": 1}],
        "tags": {"default": "1-30", "prod": "1-30"},
        "followers": [],
    }


def test_check_mode_shows_the_difference_that_the_upgrade_makes() -> None:
    api = mesh(mesh_objects.namespace("edge"), *gateway("edge-in", "edge", "1-30"))
    checked, done = run(api, check=True), run(api)
    assert {**checked, "changed": False} == done
    assert checked["changed"] is True
    shown = {each["before_header"]: (each["before"], each["after"]) for each in checked["diff"]}
    moves = ({"revision": "1-30"}, {"revision": "1-31"})
    assert shown == {
        # shop has its tag in the end, so its label is the same.
        "Namespace lab": (
            {"labels": {"istio.io/rev": "1-30"}},
            {"labels": {"istio.io/rev": "1-31"}},
        ),
        "Deployment lab/probe": moves,
        "Deployment shop/web": moves,
        "Deployment shop/cart": moves,
        "Gateway Deployment edge/edge-in": moves,
        "Tag default": moves,
        "Tag prod": moves,
    }


def test_nothing_is_left_after_the_upgrade() -> None:
    api = FakeApi(
        *plane("1-30", "1.30.4"),
        *plane("1-31", "1.31.0"),
        tag("default", "1-31"),
        mesh_objects.namespace("shop", istio_injection="enabled"),
        pod("web", "shop", "1-31"),
    )
    for check in (False, True):
        result = run(api, check=check, waves=[])
        assert (result["changed"], result["needed"], result["installed"]) == (False, False, True)
        assert (result["diff"], result["plan"]["waves"]) == ([], [])
    assert result["table"] == [
        "1-30 (1.30.4) -> 1-31 (1.31.0)",
        "Everything is there already; nothing is left to be moved.",
    ]


def test_the_revision_alone_may_be_what_is_left() -> None:
    result = run(FakeApi(*plane("1-30", "1.30.4")), check=True, waves=[])
    assert (result["changed"], result["needed"], result["diff"]) == (True, True, [])
    assert result["table"] == [
        "1-30 (1.30.4) -> 1-31 (1.31.0)",
        "revision  install 1-31 beside what there is",
    ]


@pytest.mark.parametrize(
    ("version", "installed"),
    [
        pytest.param("1.31.0", True, id="that version"),
        pytest.param("1.31.1", False, id="another patch"),
    ],
)
def test_a_revision_of_another_version_is_still_to_be_installed(
    version: str, installed: bool
) -> None:
    api = mesh(*plane("1-31", "1.31.0"))
    result = run(api, version=version)
    assert result["installed"] is installed
    assert any(line.startswith("revision ") for line in result["table"]) is not installed


def test_without_waves_of_ones_own_the_label_chooses_the_first() -> None:
    asks = mesh_objects.namespace("zoo", rev="1-30", **{FIRST: "first"})
    waves = run(mesh(asks, pod("ape", "zoo", "1-30")), waves=[])["plan"]["waves"]
    assert (waves[0]["name"], waves[0]["namespaces"]) == ("first", ["zoo"])
    assert sorted(name for wave in waves for name in wave["namespaces"]) == ["lab", "shop", "zoo"]


def test_goes_on_with_the_waves_of_the_record() -> None:
    record = run(mesh())["record"]
    api = mesh(
        *plane("1-31", "1.31.0"),
        mesh_objects.namespace("lab", rev="1-31"),
        pod("probe", "lab", "1-31"),
        mesh_objects.namespace("late", rev="1-30"),
    )
    result = run(api, record=record | {"wave_1": {}}, waves=[])
    waves = [(w["name"], w["namespaces"], w["done"]) for w in result["plan"]["waves"]]
    assert waves == [
        ("pilots", ["lab"], True),
        ("everybody", ["shop"], False),
        ("new since the upgrade began", ["late"], False),
    ]
    assert result["table"][1] == "wave 1    pilots: is done"
    del api.objects["apps/v1", "Deployment", "istio-system", "istiod-1-30"]
    assert run(api, record=record, waves=[])["plan"]["sources"] == record["sources"]
    assert result["record"]["namespaces"]["lab"] == record["namespaces"]["lab"]
    del api.objects["v1", "Namespace", None, "shop"]
    left = run(api, record=record, waves=[])["plan"]["waves"]
    assert [wave["namespaces"] for wave in left] == [["lab"], ["late"]]


def test_a_wave_whose_gate_has_not_held_is_not_done() -> None:
    """A run that was killed while it soaked has moved all of it, and written nothing down."""
    everything = {
        "revision": "1-31",
        "namespaces": ["lab"],
        "waves": [{"name": "all", "share": 100}],
    }
    record = run(mesh(), **everything)["record"]
    there = mesh(
        *plane("1-31", "1.31.0"),
        mesh_objects.namespace("lab", rev="1-31"),
        pod("probe", "lab", "1-31"),
    )
    left = run(there, record=record, **everything)
    (wave,) = left["plan"]["waves"]
    assert (wave["to_label"], wave["workloads"], wave["done"]) == ([], [], False)
    assert left["table"][1] == "wave 1    all: has moved; its gate has not held yet"
    held = run(there, record=record | {"wave_1": {}, "wave_x": {}}, **everything)
    assert [wave["done"] for wave in held["plan"]["waves"]] == [True]


@pytest.mark.parametrize(
    ("moved", "labels"),
    [
        pytest.param("prod", {"rev": "prod"}, id="by a tag"),
        pytest.param("default", {"istio_injection": "enabled"}, id="by the default"),
    ],
)
def test_a_restart_that_did_not_happen_is_left_to_be_done(
    moved: str, labels: dict[str, str]
) -> None:
    """The namespace leads to the new revision already, and keeps the label that it has."""
    api = mesh(
        *plane("1-31", "1.31.0"),
        tag(moved, "1-31"),
        mesh_objects.namespace("lab", rev="1-31"),
        pod("probe", "lab", "1-31"),
        mesh_objects.namespace("shop", **labels),
    )
    result = run(api, waves=[])
    (wave,) = result["plan"]["waves"]
    assert (wave["namespaces"], wave["to_label"], wave["done"]) == (["shop"], [], False)
    assert workloads(result) == ["shop/Deployment/cart", "shop/Deployment/web"]
    assert result["plan"]["restore"] == []
    # Nobody leaves 1-30 by its label any more, and the other tag still does.
    assert [each["name"] for each in result["plan"]["tags"]] == [
        name for name in ("default", "prod") if name != moved
    ]


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(pod("x", "lab", None, inject="false"), id="label against a sidecar"),
        pytest.param(
            {**pod("x", "lab", None), "spec": {"hostNetwork": True, "containers": []}},
            id="network of the node",
        ),
        pytest.param(
            {**pod("x", "lab", "1-30"), "status": {"phase": "Succeeded"}}, id="ended already"
        ),
        pytest.param(pod("x", "lab", "1-31"), id="there already"),
        pytest.param(managed("lab"), id="istiod replaces it"),
        pytest.param(managed("plain"), id="istiod replaces it elsewhere"),
    ],
)
def test_does_not_restart_what_would_not_change(item: Object) -> None:
    result = run(mesh(item))
    assert "lab/Deployment/x" not in workloads(result)
    assert kept(result) == {}


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(pod("x", "lab", None), id="made before its namespace was in the mesh"),
        # A label of the namespace decides before those of its pods.
        pytest.param(pod("x", "lab", "1-30", rev="1-30"), id="pods that name the old revision"),
    ],
)
def test_restarts_what_the_namespace_takes_along(item: Object) -> None:
    assert "lab/Deployment/x" in workloads(run(mesh(item)))


def test_says_what_nobody_replaces() -> None:
    job = owned_by(pod("import", "shop", "1-30"), **JOB)
    result = run(mesh(job, owned_by(pod("bare", "lab", "1-30"))))
    reason = "nothing replaces its pods; they stay as they are"
    assert kept(result) == {"Job shop/import": reason, "Pod lab/bare-x": reason}
    assert f"stays     Job shop/import: {reason}" in result["table"]
    assert "shop/Job/import" not in workloads(result)


def test_only_what_was_asked_for_moves() -> None:
    spaces = [mesh_objects.namespace(name) for name in ("edge", "dmz")]
    api = mesh(*spaces, *gateway("edge-in", "edge", "1-30"), *gateway("dmz-in", "dmz", "1-30"))
    result = run(api, namespaces=["lab", "edge"], waves=[], move_tags=False)
    assert [wave["namespaces"] for wave in result["plan"]["waves"]] == [["lab"]]
    assert [each["reference"] for each in result["plan"]["gateways"]] == ["edge/Deployment/edge-in"]
    assert result["plan"]["tags"] == []
    without = run(api, excluded_namespaces=["edge"], move_gateways=False)
    assert without["plan"]["gateways"] == []


def test_long_lists_are_cut() -> None:
    many = [mesh_objects.namespace(f"team-{number}", rev="1-30") for number in range(10)]
    table = run(mesh(*many))["table"]
    names = ", ".join(f"team-{number}" for number in range(7))
    assert (
        f"wave 2    everybody: shop, {names} and 3 more; 2 workloads with 2 pods to restart"
        in table
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"revision": "1.31"}, "revision: got '1.31'", id="revision"),
        pytest.param({"version": "newest"}, "version: got 'newest'", id="version"),
        pytest.param({"namespaces": ["shpo"]}, "namespaces: got shpo, which", id="namespace"),
        pytest.param(
            {"excluded_namespaces": ["lba"]}, "excluded_namespaces: got lba", id="excluded"
        ),
        pytest.param({"version": "1.31"}, "version: got '1.31'", id="half a version"),
        pytest.param({"waves": [{"name": "empty"}]}, "waves[0]: got", id="empty wave"),
        pytest.param({"waves": [{"share": 101}]}, "waves[0].share: got 101", id="share"),
        pytest.param(
            {"waves": [{"namespaces": ["plain"]}]}, "waves[0].namespaces: got plain", id="outsider"
        ),
        pytest.param(
            {"record": {"waves": []}}, "record: got facts of a journal without", id="record"
        ),
        pytest.param(
            {"record": {"sources": [], "waves": [], "namespaces": []}},
            "record: got facts",
            id="record of another form",
        ),
    ],
)
def test_refuses_what_cannot_be_planned(arguments: dict[str, Any], message: str) -> None:
    result = run(mesh(), **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]


def test_refuses_a_cluster_without_istio() -> None:
    result = run(FakeApi(mesh_objects.namespace("istio-system")), waves=[])
    assert (result["rc"], result["msg"].split(",")[0]) == (1, "There is no Istio in this cluster")


def test_takes_and_returns_what_is_documented() -> None:
    options = yaml.safe_load(upgrade_plan.DOCUMENTATION)["options"]
    spec = upgrade_plan.argument_spec()
    assert set(spec) == set(options)
    assert set(spec["waves"]["options"]) == set(options["waves"]["suboptions"])
    returned = yaml.safe_load(upgrade_plan.RETURN)
    result = run(mesh())
    assert set(result) - {"rc", "changed", "diff"} == set(returned)
    assert set(result["plan"]) == set(returned["plan"]["contains"])
