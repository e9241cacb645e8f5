# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _journal
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Phase, Step
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import catalogue, evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    NOW,
    find,
    healthy,
    in_place,
    injector_settings,
    of_version,
    opened,
    ready,
    wanted,
    without,
)

Objects = list[dict[str, Any]]


def test_a_healthy_mesh_gives_nothing() -> None:
    api = FakeApi(*healthy())
    found = find(api, wanted())
    assert found == []
    assert catalogue.table(found) == ["Nothing stands against the upgrade."]
    assert not catalogue.blocked(found)
    assert api.writes == []


def second_injector() -> dict[str, Any]:
    return control_planes.webhook_configuration(
        "istio-sidecar-injector", "default", service="istiod"
    )


@pytest.mark.parametrize(
    ("objects", "upgrade", "code", "severity"),
    [
        pytest.param(
            [mesh_objects.node(), mesh_objects.namespace("istio-system")],
            wanted(),
            "istio_missing",
            "block",
            id="no control plane at all",
        ),
        pytest.param(
            [*without("istiod"), mesh_objects.istiod("default", "hub.example.org/pilot:ours")],
            wanted(),
            "istio_version_unknown",
            "block",
            id="an image whose tag is no version",
        ),
        pytest.param(
            healthy(),
            wanted(istioctl_error="There is no istioctl on PATH."),
            "istioctl_missing",
            "block",
            id="no istioctl",
        ),
        pytest.param(
            of_version("1.28.9"),
            wanted(),
            "version_skew",
            "block",
            id="three minors at once",
        ),
        pytest.param(
            healthy(), wanted("1.30.3", "1-30-3"), "version_skew", "block", id="a patch back"
        ),
        pytest.param(
            healthy(),
            wanted("1.32.0", "1-32"),
            "kubernetes_version",
            "block",
            id="a release that the table does not know",
        ),
        pytest.param(
            healthy(), wanted(revision="default"), "revision_name", "block", id="not a revision"
        ),
        pytest.param(
            [
                *healthy(),
                control_planes.webhook_configuration(
                    "istio-revision-tag-prod", "default", tag="prod", service="istiod"
                ),
            ],
            wanted(revision="prod"),
            "revision_name",
            "block",
            id="the name of a tag",
        ),
        pytest.param(
            [
                *healthy(),
                *control_planes.revision("1-31"),
                mesh_objects.istiod("1-31", "hub.example.org/pilot:1.31.0"),
            ],
            wanted("1.31.1"),
            "revision_name",
            "block",
            id="a revision that has another version",
        ),
        pytest.param(
            [*healthy(), second_injector()],
            wanted(),
            "webhook_overlap",
            "block",
            id="two injectors for one namespace",
        ),
        pytest.param(
            [*healthy(), mesh_objects.namespace("lost", rev="1-20")],
            wanted(),
            "webhook_gap",
            "warn",
            id="a namespace of a revision that is gone",
        ),
        pytest.param(
            [
                *without("istiod-x", "istiod-default-validator"),
                control_planes.default_validator(policy="Ignore"),
                control_planes.endpoint_slice("istiod", ready=False),
            ],
            wanted(),
            "webhook_dead",
            "block",
            id="an injector without a ready endpoint",
        ),
        pytest.param(
            [*healthy(), mesh_objects.namespace("torn", istio_injection="enabled", rev="1-30")],
            wanted(),
            "both_labels",
            "warn",
            id="both labels",
        ),
        pytest.param(
            healthy(),
            wanted(images=("hub/x:1",), images_error="hub/x:1: no"),
            "image_pull",
            "block",
            id="an image that cannot be pulled",
        ),
        pytest.param(
            [*without("n1"), ready(mesh_objects.node(memory="1000Mi"))],
            wanted(),
            "control_plane_room",
            "block",
            id="a full node",
        ),
        pytest.param(
            [*without("n1"), ready(mesh_objects.node(memory="1000Mi"))],
            in_place(),
            "control_plane_room",
            "block",
            id="a full node, in place",
        ),
        pytest.param(
            [*healthy(), opened("1-29")],
            wanted(),
            "other_upgrade",
            "block",
            id="another upgrade is unfinished",
        ),
    ],
)
def test_each_condition_is_found_and_nothing_else(
    objects: Objects, upgrade: Upgrade, code: str, severity: str
) -> None:
    found = find(FakeApi(*objects), upgrade)
    assert [(each.code, str(each.severity)) for each in found] == [(code, severity)]
    assert catalogue.blocked(found) == (severity == "block")
    text = "\n".join(catalogue.table(found))
    assert code in text
    assert "Remedy: " in text


@pytest.mark.parametrize(
    ("objects", "upgrade"),
    [
        pytest.param(
            [
                *without("istiod", "n1"),
                mesh_objects.istiod("default", "hub.example.org/pilot:1.30.4", replicas=3),
                ready(mesh_objects.node(memory="1100Mi")),
            ],
            in_place(),
            id="in place, room for one more of three",
        ),
        pytest.param([*healthy(), opened("1-31")], wanted(), id="this upgrade is unfinished"),
        pytest.param(
            [*healthy(), opened("1-29", closed="2026-05-04T09:00:00Z")],
            wanted(),
            id="another upgrade is over",
        ),
        pytest.param(
            [
                *healthy(),
                control_planes.webhook_configuration(
                    "istio-sidecar-injector-1-31", "1-31", service="istiod-1-31"
                ),
                mesh_objects.istiod("1-31", "hub.example.org/pilot:1.31.0"),
            ],
            wanted(),
            id="the new revision is half installed",
        ),
        pytest.param(
            [*healthy(), mesh_objects.namespace("lost", rev="1-20")],
            wanted(namespaces=("cart",)),
            id="what is wrong is in a namespace that does not move",
        ),
        pytest.param(
            healthy(),
            wanted(images=("hub/x:1",)),
            id="the image can be pulled",
        ),
        pytest.param(
            [
                *healthy(),
                mesh_objects.istiod("1-27", "hub.example.org/pilot:1.27.1"),
                *control_planes.revision("1-27"),
            ],
            wanted(),
            id="an old control plane that serves nobody",
        ),
    ],
)
def test_no_false_alarm(objects: Objects, upgrade: Upgrade) -> None:
    assert find(FakeApi(*objects), upgrade) == []


def test_an_override_lets_the_upgrade_begin_and_the_finding_stand() -> None:
    api = FakeApi(*without("n1"), ready(mesh_objects.node(memory="1000Mi")))
    found = find(api, wanted(), "control_plane_room")
    assert [each.overridden for each in found] == [True]
    assert not catalogue.blocked(found)
    assert "(overridden)" in catalogue.table(found)[0]


def test_an_override_of_something_else_changes_nothing() -> None:
    api = FakeApi(*without("n1"), ready(mesh_objects.node(memory="1000Mi")))
    assert catalogue.blocked(find(api, wanted(), "image_pull"))


def test_what_blocks_comes_first_and_many_objects_are_cut_short() -> None:
    lost = [mesh_objects.namespace(f"lost-{number}", rev="1-20") for number in range(12)]
    api = FakeApi(*without("n1"), ready(mesh_objects.node(memory="1000Mi")), *lost)
    found = find(api, wanted())
    assert [str(each.severity) for each in found] == ["block", "warn"]
    assert len(found[1].objects) == 12
    assert any(line.endswith(" and 2 more") for line in catalogue.table(found))


def halfway(path: str) -> Evidence:
    """An upgrade in place that was cut off between the injector and istiod."""
    objects = [*without("istio-sidecar-injector"), injector_settings("1.31.0")]
    found = evidence.read(FakeApi(*objects), in_place(), clock=NOW.timestamp)
    step = Step(phase=Phase.OPENED)
    upgrade = _journal.Upgrade(path=path, source="default", target="default")  # type: ignore[arg-type]
    journal = Journal(upgrade=upgrade, step=step, reached=step, opened="2026-05-04T08:00:00Z")
    return replace(found, journal=journal)


def test_an_upgrade_in_place_that_was_cut_off_may_go_on() -> None:
    assert catalogue.find_all(halfway("in_place"), in_place(), ()) == []


def test_what_another_upgrade_has_left_is_no_reason_to_go_on() -> None:
    found = catalogue.find_all(halfway("canary"), in_place(), ())
    assert [each.code for each in found] == ["injector_image", "other_upgrade"]
