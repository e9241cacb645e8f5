# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ListenerSets have to come to the same revision as their Gateway, and at the same time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import canary_meshes, control_planes
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import (
    namespace as namespace_,
)
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    SYSTEM,
    codes,
    healthy,
    in_place,
    shown,
    simple,
    wanted,
)

Object = dict[str, Any]
PROD = control_planes.webhook_configuration(
    "istio-revision-tag-prod", "default", tag="prod", service="istiod"
)
BILL = namespace_("bill", istio_injection="enabled")


def gateway(namespace: str = "cart", class_name: str = "istio", **metadata: Any) -> Object:
    return simple(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        "public",
        namespace,
        spec={"gatewayClassName": class_name},
        **metadata,
    )


def listeners(namespace: str = "cart", parent: str | None = None, **metadata: Any) -> Object:
    place = {"namespace": parent} if parent else {}
    return simple(
        "gateway.networking.k8s.io/v1",
        "ListenerSet",
        "more",
        namespace,
        spec={"parentRef": {"name": "public", **place}},
        **metadata,
    )


def early(namespace: str, parent: str) -> Object:
    return {
        **listeners(namespace, parent),
        "apiVersion": "gateway.networking.x-k8s.io/v1alpha1",
        "kind": "XListenerSet",
    }


def named(revision: str) -> dict[str, Any]:
    return {"labels": {"istio.io/rev": revision}}


@pytest.mark.parametrize(
    ("objects", "upgrade", "severity"),
    [
        pytest.param(
            [gateway(), listeners(**named("default"))],
            wanted(),
            "block",
            id="its own label keeps it",
        ),
        pytest.param(
            [PROD, gateway(), listeners(**named("prod"))],
            wanted(),
            "block",
            id="it follows a tag, which moves after the gateways",
        ),
        pytest.param(
            [namespace_("edge"), gateway("edge"), listeners("edge")],
            wanted(),
            "block",
            id="its namespace has no label, so it follows the default tag",
        ),
        pytest.param(
            [BILL, gateway(), listeners("bill", "cart")],
            wanted(namespaces=("cart",)),
            "block",
            id="its namespace stays",
        ),
        pytest.param(
            [BILL, gateway(), listeners("bill", "cart")],
            wanted(excluded=("cart",)),
            "block",
            id="its Gateway stays",
        ),
        pytest.param(
            [BILL, gateway(), early("bill", "cart")],
            wanted(excluded=("cart",)),
            "block",
            id="the early kind",
        ),
        pytest.param(
            [BILL, gateway(), listeners("bill", "cart")],
            wanted(),
            "warn",
            id="both move, maybe one after the other",
        ),
    ],
)
def test_listeners_that_would_be_lost(objects: list[Object], upgrade: Any, severity: str) -> None:
    assert codes([*healthy(), *objects], upgrade) == [("listener_set", severity)]


@pytest.mark.parametrize(
    ("objects", "upgrade"),
    [
        pytest.param([gateway(), listeners()], wanted(), id="both in one namespace"),
        pytest.param(
            [gateway(), listeners(**named("default"))], in_place(), id="in place nothing moves"
        ),
        pytest.param([listeners()], wanted(), id="no such Gateway"),
        pytest.param(
            [gateway(class_name="other"), listeners(**named("default"))],
            wanted(),
            id="the Gateway of another controller",
        ),
        pytest.param(
            [
                *control_planes.revision("1-29"),
                *canary_meshes.plane("1-29", "1.29.5"),
                gateway(),
                listeners(**named("1-29")),
            ],
            wanted(),
            id="it is not attached today",
        ),
        pytest.param(
            [BILL, gateway(), listeners("bill", "cart")],
            wanted(namespaces=("else",), excluded=("cart",)),
            id="neither moves",
        ),
    ],
)
def test_no_false_alarm(objects: list[Object], upgrade: Any) -> None:
    assert codes([*healthy(), namespace_("else"), *objects], upgrade) == []


def test_both_are_named_with_where_they_go() -> None:
    said = shown([*healthy(), gateway(), listeners(**named("default"))])
    assert "ListenerSet cart/more of Gateway cart/public (to default, the Gateway to 1-31)" in said


def test_a_set_without_a_reference_is_nobodys() -> None:
    item = {**listeners(), "spec": {}}
    assert codes([*healthy(), gateway(), item]) == []


def test_a_mesh_whose_only_control_plane_has_a_revision() -> None:
    objects = [
        *canary_meshes.plane("1-30", "1.30.4"),
        canary_meshes.tag("default", "1-30"),
        control_planes.default_validator("1-30", service="istiod-1-30"),
        namespace_("cart", rev="1-30"),
        namespace_(SYSTEM),
        gateway(**named("1-30")),
        listeners(),
    ]
    assert ("listener_set", "block") not in codes(objects)
    assert ("listener_set", "block") in codes([*objects[:-1], listeners(**named("1-30"))])
