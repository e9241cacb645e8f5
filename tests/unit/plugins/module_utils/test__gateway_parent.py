# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_parent
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    ControlPlane,
    Mesh,
    Tag,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_parent import Parent


def parent(label: str | None, leads: str | None, without: str | None, **more: Any) -> Parent:
    return Parent(name="door", label=label, leads=leads, without=without, **more)


@pytest.mark.parametrize(
    ("found", "label"),
    [
        pytest.param(parent(None, "1-30", "1-30"), "1-31", id="follows another"),
        pytest.param(parent(None, "1-31", "1-31"), None, id="follows it"),
        pytest.param(parent("1-30", "1-30", "1-30"), "1-31", id="names another"),
        # Somebody has named it, and may have a reason.
        pytest.param(parent("1-30", "1-30", "1-31"), "1-31", id="names another than it follows"),
        pytest.param(parent("prod", "1-31", "1-30"), "prod", id="its tag leads there"),
        pytest.param(parent("1-30", "1-30", "1-31", added=True), None, id="named by a move"),
        pytest.param(parent("1-30", "1-30", "1-29", added=True), "1-31", id="still needs one"),
        pytest.param(parent("1-32", None, None), "1-31", id="names nobody"),
    ],
)
def test_names_a_revision_only_where_that_is_needed(found: Parent, label: str | None) -> None:
    assert found.label_for("1-31", "1-31") == label


def deployment(**metadata: Any) -> dict[str, Any]:
    labels = {"gateway.istio.io/managed": "istio.io-gateway-controller"}
    owners = [{"kind": "Tenant", "name": "a"}, {"kind": "Gateway", "name": "door"}]
    return {"metadata": {"labels": labels, "ownerReferences": owners, **metadata}}


@pytest.mark.parametrize(
    ("item", "name"),
    [
        pytest.param(deployment(), "door", id="deployed"),
        pytest.param(deployment(ownerReferences=None), None, id="orphan"),
        pytest.param(deployment(labels=None), None, id="another's"),
        pytest.param(
            deployment(labels={"gateway.istio.io/managed": "istio.io-mesh-controller"}),
            None,
            id="waypoint",
        ),
    ],
)
def test_knows_whose_deployment_it_is(item: dict[str, Any], name: str | None) -> None:
    assert _gateway_parent.parent_name(item) == name


def mesh(*tags: Tag, validation: str | None = None) -> Mesh:
    planes = tuple(
        ControlPlane(
            revision=revision,
            namespace="istio-system",
            name=f"istiod-{revision}",
            image="",
            version=None,
            wanted_replicas=1,
            owner=None,
        )
        for revision in ("1-30", "1-31")
    )
    return Mesh(control_planes=planes, injectors=(), tags=tags, validation=validation)


def tag(name: str, revision: str) -> Tag:
    return Tag(name=name, revision=revision, configuration=f"istio-revision-tag-{name}")


@pytest.mark.parametrize(
    ("found", "asked", "revision"),
    [
        pytest.param(mesh(), "1-30", "1-30", id="revision"),
        pytest.param(mesh(tag("prod", "1-31")), "prod", "1-31", id="tag"),
        pytest.param(mesh(tag("default", "1-31")), None, "1-31", id="default tag"),
        pytest.param(mesh(validation="1-30"), None, "1-30", id="who validates by default"),
        pytest.param(
            mesh(tag("default", "1-31"), validation="1-30"), None, "1-31", id="the tag comes first"
        ),
        pytest.param(mesh(validation="1-30"), "1-29", None, id="nobody of that name"),
        pytest.param(mesh(), None, None, id="nobody by default"),
    ],
)
def test_finds_the_istiod_that_looks_after_it(
    found: Mesh, asked: str | None, revision: str | None
) -> None:
    assert _gateway_parent.resolve(found, asked) == revision


def status(routes: int, programmed: str = "True") -> dict[str, Any]:
    conditions = [
        {"type": "Accepted", "status": "True"},
        {"type": "Programmed", "status": programmed},
    ]
    return {"name": "http", "attachedRoutes": routes, "conditions": conditions}


@pytest.mark.parametrize(
    ("now", "lacking"),
    [
        pytest.param([status(3)], [], id="the same"),
        pytest.param([status(2)], [], id="a route fewer may be wanted"),
        pytest.param(
            [status(0)],
            ["listener http, which was programmed with 3 routes and now has none"],
            id="no route",
        ),
        pytest.param(
            [status(3, "False")],
            ["listener http, which was programmed with 3 routes and now is not programmed"],
            id="not programmed",
        ),
        pytest.param(
            None,
            ["listener http, which was programmed with 3 routes and now is not programmed"],
            id="no status",
        ),
    ],
)
def test_says_what_the_status_no_longer_says(
    now: list[dict[str, Any]] | None, lacking: list[str]
) -> None:
    before = _gateway_parent.attached({"status": {"listeners": [status(3)]}})
    after = _gateway_parent.attached({"status": {"listeners": now}} if now else {})
    assert _gateway_parent.lacks(before, after) == lacking


def test_a_listener_without_routes_lacks_none() -> None:
    before = _gateway_parent.attached({"status": {"listeners": [status(0)]}})
    assert _gateway_parent.lacks(before, before) == []
