# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The removal of a tag, and who stands against it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    mesh_objects,
    tagging,
)
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh
from ansible_collections.meshwright.istio.tests.unit.support.tagging import (
    DEFAULT_TAG,
    actions,
    run,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import workload

Object = dict[str, Any]
VALIDATOR = (
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    None,
    "istiod-default-validator",
)
REFERRING = mesh_objects.pod("web-5d8-x", "shop", deployment="web", labels={"istio.io/rev": "prod"})


@pytest.fixture
def api() -> LiveMesh:
    """1-30 and 1-31 side by side, and a namespace for their users."""
    return tagging.two_revisions()


def ended(pod: Object) -> Object:
    return {**pod, "status": {"phase": "Succeeded"}}


def k8s_gateway(**labels: str) -> Object:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "door", "namespace": "shop", "labels": labels},
        "spec": {"gatewayClassName": "istio"},
    }


def virtual_service(**labels: str) -> Object:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "route", "namespace": "shop", "labels": labels},
        "spec": {},
    }


def test_removes_a_tag_that_nobody_asks_for(api: LiveMesh) -> None:
    run(api, tag="default")
    checked = run(api, tag="default", state="absent", check=True)
    assert api.writes == []
    result = run(api, tag="default", state="absent")
    assert result == checked
    assert (result["before"], result["after"]) == ("1-31", None)
    assert actions(result) == dict.fromkeys(DEFAULT_TAG, "deleted")
    assert not DEFAULT_TAG & {f"{key[1]} {key[3]}" for key in api.objects}
    again = run(api, tag="default", state="absent")
    assert (again["changed"], again["before"], again["objects"]) == (False, None, [])


def test_leaves_a_validator_that_is_no_part_of_the_tag(api: LiveMesh) -> None:
    """That of Helm's chart base: without it nobody checks what names no revision."""
    api.put(control_planes.default_validator("1-30", service="istiod-1-30"))
    result = run(api, tag="default", state="absent")
    assert (result["changed"], result["objects"], api.writes) == (False, [], [])
    assert VALIDATOR in api.objects


@pytest.mark.parametrize(
    ("tag", "user", "named"),
    [
        pytest.param(
            "prod", mesh_objects.namespace("shop", rev="prod"), "Namespace shop", id="namespace"
        ),
        pytest.param(
            "default",
            mesh_objects.namespace("shop", istio_injection="enabled"),
            "Namespace shop",
            id="namespace by default",
        ),
        pytest.param(
            "prod",
            workload("web", labels={"istio.io/rev": "prod"}),
            "Deployment shop/web",
            id="workload",
        ),
        pytest.param(
            "default",
            workload("web", labels={"sidecar.istio.io/inject": "true"}),
            "Deployment shop/web",
            id="workload by default",
        ),
        pytest.param(
            "prod",
            workload("web", kind="Rollout", labels={"istio.io/rev": "prod"}),
            "Rollout shop/web",
            id="Rollout of Argo",
        ),
        pytest.param(
            "prod",
            workload("web", kind="DeploymentConfig", labels={"istio.io/rev": "prod"}),
            "DeploymentConfig shop/web",
            id="DeploymentConfig of OpenShift",
        ),
        pytest.param(
            "prod",
            mesh_objects.pod("task", "shop", labels={"istio.io/rev": "prod"}),
            "Pod shop/task",
            id="bare pod",
        ),
        pytest.param(
            "default",
            mesh_objects.pod("task", "shop", labels={"sidecar.istio.io/inject": "true"}),
            "Pod shop/task",
            id="bare pod by default",
        ),
        pytest.param("prod", REFERRING, "Pod shop/web-5d8-x", id="pod of an unread template"),
        pytest.param(
            "prod", k8s_gateway(**{"istio.io/rev": "prod"}), "Gateway shop/door", id="gateway"
        ),
        pytest.param("default", k8s_gateway(), "Gateway shop/door", id="gateway by default"),
        pytest.param(
            "prod",
            virtual_service(**{"istio.io/rev": "prod"}),
            "VirtualService shop/route",
            id="configuration",
        ),
    ],
)
def test_does_not_remove_a_tag_that_somebody_asks_for(
    api: LiveMesh, tag: str, user: Object, named: str
) -> None:
    run(api, tag=tag)
    api.put(user)
    result = run(api, tag=tag, state="absent")
    assert (result["rc"], result["users"], api.writes) == (1, [named], [])
    assert f"The tag {tag} is still asked for by" in result["msg"]
    assert named.removeprefix("Namespace ") in result["msg"]


@pytest.mark.parametrize(
    "user",
    [
        pytest.param(
            workload("web", labels={"istio.io/rev": "prod", "sidecar.istio.io/inject": "false"}),
            id="pods against a sidecar",
        ),
        pytest.param(mesh_objects.namespace("shop", rev="1-31"), id="another name"),
        pytest.param(
            mesh_objects.namespace("shop", rev="prod", istio_injection="disabled"), id="opted out"
        ),
        pytest.param(virtual_service(**{"istio.io/rev": "1-31"}), id="other configuration"),
        pytest.param(
            workload("web", kind="Rollout", labels={"istio.io/rev": "1-31"}), id="other Rollout"
        ),
        pytest.param(
            mesh_objects.pod("task", "shop", labels={"istio.io/rev": "1-31"}), id="other pod"
        ),
        pytest.param(
            mesh_objects.pod(
                "task", "shop", labels={"istio.io/rev": "prod", "sidecar.istio.io/inject": "false"}
            ),
            id="pod against a sidecar",
        ),
        pytest.param(
            ended(mesh_objects.pod("task", "shop", labels={"istio.io/rev": "prod"})),
            id="pod that has ended",
        ),
    ],
)
def test_removes_a_tag_that_is_asked_for_in_vain(api: LiveMesh, user: Object) -> None:
    run(api)
    api.put(user)
    assert run(api, state="absent")["changed"] is True


def test_a_pod_is_not_counted_beside_its_template(api: LiveMesh) -> None:
    """Its successor asks for what the template says by now."""
    run(api)
    api.put(workload("web", labels={"istio.io/rev": "1-31"}))
    api.put(mesh_objects.pod("web-1", "shop", deployment="web", labels={"istio.io/rev": "prod"}))
    # The name of its ReplicaSet tells whose it is.
    assert run(api, state="absent")["changed"] is True


def test_a_rollout_may_refer_to_another_template(api: LiveMesh) -> None:
    run(api)
    rollout = workload("web", kind="Rollout")
    del rollout["spec"]["template"]
    api.put({**rollout, "spec": {**rollout["spec"], "workloadRef": {"name": "web"}}})
    assert run(api, state="absent")["changed"] is True


def test_a_label_of_the_namespace_makes_that_of_a_pod_vain(api: LiveMesh) -> None:
    run(api)
    api.put(mesh_objects.namespace("shop", rev="1-31"))
    api.put(workload("web", labels={"istio.io/rev": "prod"}))
    api.put(mesh_objects.pod("task", "shop", labels={"istio.io/rev": "prod"}))
    assert run(api, state="absent")["changed"] is True
