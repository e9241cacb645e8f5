# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _gateway
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway, Target
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    gateways,
    mesh_objects,
)

OLD, NEW = {"istio.io/rev": "1-30"}, Target(name="1-31", revision="1-31")
DEFAULT = Target(name="default", revision="default")
INJECTORS = [
    injector
    for item in (
        *control_planes.revision("1-30"),
        *control_planes.revision("1-31"),
        *control_planes.unrevisioned(),
    )
    if item["kind"] == "MutatingWebhookConfiguration"
    for injector in Injector.from_object(item)
]


def gateway(
    item: dict[str, Any] | None = None, *, space: dict[str, str] | None = None, **more: Any
) -> Gateway:
    found = item or gateways.gateway(labels=OLD)
    given: dict[str, Any] = {"pods": (), "services": ("edge-in",), **more}
    return Gateway(
        workload=Workload.from_object(found), uid="u", namespace_labels=space or {}, **given
    )


def owned() -> dict[str, Any]:
    item = gateways.gateway(labels=OLD)
    owner = {"kind": "Tenant", "name": "shop", "controller": True}
    item["metadata"]["ownerReferences"] = [owner]
    return item


def with_host_ports() -> dict[str, Any]:
    item = gateways.gateway(labels=OLD)
    ports = [{"hostPort": 80}, {"hostPort": 443}, {"containerPort": 15090}]
    item["spec"]["template"]["spec"]["containers"][0]["ports"] = ports
    return item


def test_accepts_what_can_be_moved() -> None:
    _gateway.refuse_unmovable(gateway(), NEW, [gateways.service()], INJECTORS)


@pytest.mark.parametrize(
    ("found", "target", "message"),
    [
        pytest.param(
            gateway(owned()),
            NEW,
            "Deployment edge/edge-in belongs to Tenant shop, which would undo the change. Set",
            id="controlled",
        ),
        pytest.param(
            gateway(with_host_ports()), NEW, "uses the host ports 80, 443: a second", id="ports"
        ),
        pytest.param(
            gateway(services=()), NEW, "No Service of namespace edge selects", id="no service"
        ),
        pytest.param(
            gateway(gateways.gateway(), space=OLD),
            NEW,
            "would be injected by 1-30 and not by 1-31: its namespace has labels, which decide"
            " before those of its pods. Point the namespace at 1-31 first",
            id="the namespace decides otherwise",
        ),
        pytest.param(
            gateway(gateways.gateway(labels={"sidecar.istio.io/inject": "false"})),
            DEFAULT,
            "would be injected by nobody and not by default: that is what the webhooks say for the"
            " labels of its pods. Give the pods of its Deployment the label"
            " sidecar.istio.io/inject=true",
            id="nobody",
        ),
    ],
)
def test_refuses_what_would_not_arrive(found: Gateway, target: Target, message: str) -> None:
    with pytest.raises(RefusedError) as raised:
        _gateway.refuse_unmovable(found, target, [gateways.service()], INJECTORS)
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("labels", "space", "target", "revision"),
    [
        pytest.param(OLD, {}, NEW, "1-31", id="another revision"),
        pytest.param({}, {}, NEW, "1-31", id="from the one without"),
        pytest.param(OLD, {}, DEFAULT, None, id="to the one without"),
        pytest.param({}, OLD, NEW, None, id="the namespace decides"),
        pytest.param(OLD, {"istio-injection": "enabled"}, NEW, "1-31", id="both say it"),
        pytest.param(
            {**OLD, "sidecar.istio.io/inject": None}, {}, DEFAULT, "default", id="by name alone"
        ),
    ],
)
def test_names_a_revision_only_where_that_decides(
    labels: dict[str, Any], space: dict[str, str], target: Target, revision: str | None
) -> None:
    found = gateway(gateways.gateway(labels=labels), space=space)
    assert found.labels_for(target).get("istio.io/rev") == revision


def test_is_there_when_template_and_pods_are() -> None:
    on_old = Pod.from_object(mesh_objects.pod("a", "edge", revision="1-30", version="1.30.4"))
    on_new = replace(on_old, revision="1-31", version="1.31.0")
    there = gateway(gateways.gateway(labels={"istio.io/rev": "1-31"}), pods=(on_new,))
    assert there.is_on(NEW)
    assert not there.is_on(replace(NEW, version="1.31.1"))
    assert not replace(there, pods=(on_new, on_old)).is_on(NEW)
    assert not gateway(pods=(on_new,)).is_on(NEW)
    assert replace(there, pods=(on_new, on_old)).revisions == ("1-30", "1-31")


def test_the_difference_shows_pods_that_are_leaving() -> None:
    leaving = Pod.from_object(mesh_objects.pod("old-0", "edge", revision="1-30"))
    change = gateway(leaving=(leaving,)).change(NEW)
    assert (change.before["leaving"], change.after["leaving"]) == (["old-0"], [])
    assert "leaving" not in gateway().change(NEW).before
    nothing = gateway(gateways.gateway(labels=OLD, replicas=0)).change(NEW)
    assert nothing.after["revisions"] == []


@pytest.mark.parametrize(
    ("templates", "expected"),
    [("gateway", True), ("sidecar,gateway", True), ("sidecar", False), ("", False)],
)
def test_knows_a_gateway_by_its_template(templates: str, expected: bool) -> None:
    item = gateways.gateway()
    item["spec"]["template"]["metadata"]["annotations"] = {"inject.istio.io/templates": templates}
    assert _gateway.is_gateway(item) is expected
    item["spec"]["template"] = {}
    assert not _gateway.is_gateway(item)
