# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A canary as the role goes through it, killed at every step and planned again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _injector, _kinds
from ansible_collections.meshwright.istio.plugins.modules import upgrade_plan
from ansible_collections.meshwright.istio.tests.unit.support.canary_meshes import (
    gateway,
    mesh,
    plane,
    pod,
    tag,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

LABEL = "istio.io/rev"
Result = Mapping[str, Any]


class Step(NamedTuple):
    verb: str
    name: str
    revision: str


def cluster() -> FakeApi:
    return mesh(
        namespace("enabled", istio_injection="enabled"),
        namespace("edge"),
        pod("old", "enabled", "1-30"),
        pod("named", "plain", "1-30", rev="prod"),
        pod("unnamed", "plain", "1-30", inject="true"),
        *gateway("edge-in", "edge", "1-30"),
    )


def plan(api: FakeApi, record: Result | None = None) -> dict[str, Any]:
    arguments = {"revision": "1-31", "version": "1.31.0", "record": record or {}}
    return run_module(upgrade_plan, api, arguments)


def steps(result: Result) -> list[Step]:
    """What the role does with a plan, in its order."""
    found = result["plan"]
    waves = [wave for wave in found["waves"] if not wave["done"]]
    return [
        *([] if result["installed"] else [Step("install", "1-31", "1-31")]),
        *(step for wave in waves for step in wave_steps(wave)),
        *(Step("move gateway", each["reference"], "1-31") for each in found["gateways"]),
        *(Step("move tag", each["name"], each["after"]) for each in found["tags"]),
        *(
            Step("label", name, group["revision"])
            for group in found["restore"]
            for name in group["namespaces"]
        ),
        *(Step("restart", path, "1-31") for path in found["followers"]),
    ]


def wave_steps(wave: Result) -> Iterator[Step]:
    yield from (Step("label", name, "1-31") for name in wave["to_label"])
    yield from (Step("restart", path, "1-31") for path in wave["workloads"])


def do(api: FakeApi, step: Step) -> None:
    objects = {
        "install": lambda: plane("1-31", "1.31.0"),
        "label": lambda: [namespace(step.name, rev=step.revision)],
        "restart": lambda: [restarted(api, step.name)],
        "move gateway": lambda: [pod("edge-in", "edge", step.revision, rev=step.revision)],
        "move tag": lambda: [tag(step.name, step.revision)],
    }
    for item in objects[step.verb]():
        api.put(item)


def restarted(api: FakeApi, path: str) -> dict[str, Any]:
    """The pod's successor, with the sidecar of whoever injects it."""
    space, _kind, name = path.split("/")
    labels = api.objects["v1", "Pod", space, f"{name}-x"]["metadata"]["labels"]
    spaces = api.objects["v1", "Namespace", None, space]["metadata"]["labels"]
    injector, *_others = _injector.find(_injector.read(api), spaces, labels)
    successor = pod(name, space, injector.revision)
    successor["metadata"]["labels"] = labels
    return successor


def outcome(api: FakeApi) -> dict[str, Any]:
    """The revision of each pod with a sidecar, and the label of each namespace."""
    pods = {
        item["metadata"]["name"]: item["metadata"]["annotations"].get(LABEL)
        for item in api.list(_kinds.POD)
        if item["metadata"]["annotations"]
    }
    spaces = {
        item["metadata"]["name"]: item["metadata"]["labels"].get(LABEL)
        for item in api.list(_kinds.NAMESPACE)
    }
    return {"pods": pods, "namespaces": spaces}


END = {
    "pods": dict.fromkeys(
        ("cart-x", "edge-in-x", "named-x", "old-x", "probe-x", "unnamed-x", "web-x"), "1-31"
    ),
    "namespaces": {
        "edge": None,
        "enabled": "1-31",
        "istio-system": None,
        "lab": "1-31",
        "plain": None,
        "shop": "prod",
    },
}


def test_one_plan_leads_to_the_end() -> None:
    api = cluster()
    todo = steps(plan(api))
    for step in todo:
        do(api, step)
    assert len([step for step in todo if step.verb == "restart"]) == 6
    assert outcome(api) == END
    again = plan(api)
    assert (again["needed"], steps(again)) == (False, [])


@pytest.mark.parametrize("killed_after", range(15))
def test_a_run_that_was_killed_is_finished_by_the_next(killed_after: int) -> None:
    api = cluster()
    first = plan(api)
    begun = steps(first)[:killed_after]
    assert len(begun) == killed_after
    for step in begun:
        do(api, step)
    rest = steps(plan(api, first["record"]))
    for number, step in enumerate(rest):
        assert plan(api, first["record"])["needed"], f"{len(rest) - number} steps are left"
        do(api, step)
    assert outcome(api) == END
    again = [step for step in rest if step in begun and step.verb != "label"]
    assert again == []
    # What is left then is to see the gates hold, and to write that down.
    assert plan(api, first["record"])["needed"] is True
    held = {f"wave_{wave['number']}": {} for wave in first["plan"]["waves"]}
    ended = first["record"] | held | {"gateways_moved": {}}
    assert plan(api, ended)["needed"] is False


def test_a_tag_that_is_still_to_be_given_back_is_left_to_do() -> None:
    api = mesh()
    first = plan(api)
    for step in steps(first):
        do(api, step)
    do(api, Step("label", "shop", "1-31"))
    second = plan(api, first["record"])
    assert steps(second) == [Step("label", "shop", "prod")]
    assert second["needed"] is True
