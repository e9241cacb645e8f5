# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about a Rollout whose template a Deployment has."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, workload_objects
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    answering,
    deployment,
    find,
    healthy,
    wanted,
)

Object = dict[str, Any]


def mesh(**annotations: str) -> list[Object]:
    """One pod with a port of its node, and those annotations in its template."""
    item = deployment("data", "cart", kind="Rollout", replicas=1)
    template = item["spec"]["template"]
    template["metadata"]["annotations"] = {
        f"meshwright.istio/{key}": value for key, value in annotations.items()
    }
    template["spec"]["containers"][0]["ports"] = [{"hostPort": 80}]
    hashed = {"rollouts-pod-template-hash": "7c9"}
    pod = mesh_objects.pod("data-1", "cart", revision="default", version="1.30.4", labels=hashed)
    owner = {"kind": "ReplicaSet", "name": "data-7c9", "controller": True}
    pod["metadata"]["ownerReferences"] = [owner]
    rollout, lender = workload_objects.by_reference(item, "lender")
    service = workload_objects.service("data", namespace="cart")
    return [*healthy(), rollout, service, pod, lender]


def undrainable(objects: list[Object], **how: Any) -> tuple[str, ...]:
    """The workloads that cannot be drained."""
    found = find(answering(*objects), wanted(**how))
    return next((each.objects for each in found if each.code == "undrainable"), ())


def test_cannot_be_drained_for_what_the_template_has() -> None:
    (text,) = undrainable(mesh())
    assert text.startswith("Rollout cart/data: two pods cannot have the same port of a node")


def test_cannot_be_drained_where_the_template_is_not_known() -> None:
    (text,) = undrainable(mesh()[:-1])
    assert text.startswith("Rollout cart/data: it has the template of Deployment cart/lender,")
    assert undrainable(mesh()[:-1], drain=DrainMode.ROLLOUT) == ()


@pytest.mark.parametrize("annotations", [{"exclude": "true"}, {"drain": "rollout"}])
def test_the_annotations_of_the_template_count(annotations: dict[str, str]) -> None:
    assert undrainable(mesh(**annotations)) == ()
