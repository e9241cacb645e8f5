# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about workloads, their pods, and the nodes they run on."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, workload_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    NOW,
    SYSTEM,
    codes,
    deployment,
    edited,
    find,
    healthy,
    in_place,
    lease,
    merged,
    shown,
    simple,
    wanted,
)

Object = dict[str, Any]
ROLLOUT = {"drain": DrainMode.ROLLOUT}
PRESTOP = {"containers": [{"name": "app", "lifecycle": {"preStop": {"sleep": {"seconds": 10}}}}]}


def pod(name: str, version: str = "1.30.4", **details: Any) -> Object:
    return mesh_objects.pod(name, "cart", revision="default", version=version, **details)


def owned(name: str, kind: str, owner: str) -> Object:
    item = pod(name)
    owners = [{"kind": kind, "name": owner, "controller": True}]
    return {**item, "metadata": {**item["metadata"], "ownerReferences": owners}}


def second(name: str = "bill", *, replicas: int = 2, **spec: Any) -> list[Object]:
    """One more workload with its Service and a pod."""
    return [
        *healthy(),
        deployment(name, "cart", replicas=replicas, **spec),
        workload_objects.service(name, namespace="cart"),
        pod(f"{name}-1", deployment=name),
    ]


def stateful(replicas: int) -> list[Object]:
    return [
        *healthy(),
        deployment("data", "cart", kind="StatefulSet", replicas=replicas),
        workload_objects.service("data", namespace="cart"),
        owned("data-0", "StatefulSet", "data"),
    ]


def budget(name: str, at_best: int) -> Object:
    return {
        **workload_objects.budget(name, allowed=0, at_best=at_best),
        "metadata": {"name": name, "namespace": "cart"},
    }


def quota(hard: Object, used: Object) -> Object:
    return simple("v1", "ResourceQuota", "limits", "cart", status={"hard": hard, "used": used})


def without_lease() -> list[Object]:
    return [item for item in healthy() if item["kind"] != "Lease"]


def daemons(name: str, tag: str, *, ready: int = 3, **labels: str) -> Object:
    """A node agent of Istio."""
    container = {"name": name, "image": f"hub.example.org/{name}:{tag}"}
    return simple(
        "apps/v1",
        "DaemonSet",
        name,
        SYSTEM,
        labels=labels,
        spec={"template": {"spec": {"containers": [container]}}},
        status={
            "desiredNumberScheduled": 3,
            "updatedNumberScheduled": ready,
            "numberAvailable": 3,
        },
    )


def cni(tag: str, *, ready: int = 3) -> Object:
    return daemons("istio-cni-node", tag, ready=ready, **{"k8s-app": "istio-cni-node"})


def annotated(name: str, value: str) -> Object:
    return {"spec": {"template": {"metadata": {"annotations": {name: value}}}}}


@pytest.mark.parametrize(
    ("objects", "upgrade", "code", "severity"),
    [
        pytest.param([*healthy(), pod("alone")], wanted(), "unreachable_pods", "warn", id="bare"),
        pytest.param(
            [*healthy(), owned("work-1", "Job", "work")],
            wanted(),
            "unreachable_pods",
            "warn",
            id="a Job's pod",
        ),
        pytest.param(
            [*healthy(), owned("lost-1", "StatefulSet", "lost")],
            wanted(),
            "unreachable_pods",
            "warn",
            id="a pod whose owner is gone",
        ),
        pytest.param(second(paused=True), in_place(), "unreachable_pods", "warn", id="paused"),
        pytest.param(
            second(annotations={"meshwright.istio/exclude": "true"}),
            wanted(),
            "unreachable_pods",
            "warn",
            id="left out by annotation",
        ),
        pytest.param(
            edited("cart", "Deployment", annotated("sidecar.istio.io/proxyImage", "hub/own:1")),
            wanted(),
            "proxy_image",
            "warn",
            id="a sidecar of its own",
        ),
        pytest.param(
            [*healthy(), pod("cart-3", "1.29.2", deployment="cart")],
            wanted(),
            "old_proxies",
            "info",
            id="a pod that nobody restarted",
        ),
        pytest.param(
            [*healthy(), pod("cart-3", "1.28.2", deployment="cart")],
            wanted(),
            "old_proxies",
            "warn",
            id="a pod two releases behind its istiod",
        ),
        pytest.param(
            [*healthy(), pod("cart-3", "1.31.0", deployment="cart")],
            wanted(),
            "old_proxies",
            "warn",
            id="a pod that is newer than its istiod",
        ),
        pytest.param(
            [*healthy(), pod("cart-3", "1.29.2", deployment="cart")],
            in_place(),
            "old_proxies",
            "block",
            id="a pod two releases behind the istiod to come",
        ),
        pytest.param(stateful(1), wanted(), "undrainable", "block", id="one StatefulSet's pod"),
        pytest.param(
            second(strategy={"type": "Recreate"}, replicas=1),
            wanted(),
            "undrainable",
            "block",
            id="never two pods",
        ),
        pytest.param(
            stateful(1),
            wanted(drain=DrainMode.WHERE_SAFE),
            "single_replica",
            "warn",
            id="one pod, drained where safe",
        ),
        pytest.param(
            [*stateful(2), budget("data", 0)],
            wanted(drain=DrainMode.WHERE_SAFE),
            "disruption_budget",
            "block",
            id="a budget of none",
        ),
        pytest.param(healthy(), wanted(**ROLLOUT), "no_prestop", "warn", id="no preStop"),
        pytest.param(
            second(annotations={"meshwright.istio/drain": "rollout"}),
            wanted(),
            "no_prestop",
            "warn",
            id="no preStop, and no draining by its own wish",
        ),
        pytest.param(
            [*healthy(), quota({"pods": "2"}, {"pods": "2"})],
            wanted(),
            "quota",
            "warn",
            id="no pod more",
        ),
        pytest.param(
            [*without_lease(), lease("n1", seconds=-600)],
            wanted(),
            "clock",
            "warn",
            id="a node ten minutes behind",
        ),
        pytest.param(
            [*without_lease(), lease("n1", seconds=90)], wanted(), "clock", "warn", id="ahead"
        ),
        pytest.param([*healthy(), cni("1.29.2")], wanted(), "cni", "block", id="an old plugin"),
        pytest.param([*healthy(), cni("1.32.0")], wanted(), "cni", "block", id="a newer plugin"),
        pytest.param(
            [*healthy(), cni("1.31.0", ready=2)], wanted(), "cni", "block", id="a plugin on its way"
        ),
        pytest.param([*healthy(), cni("1.30.4")], wanted(), "cni", "info", id="a plugin to follow"),
        pytest.param(
            [*healthy(), daemons("ztunnel", "1.30.4", app="ztunnel")],
            wanted(),
            "ambient",
            "warn",
            id="ztunnel",
        ),
        pytest.param(
            [
                *healthy(),
                merged(
                    mesh_objects.namespace("amb"),
                    {"metadata": {"labels": {"istio.io/dataplane-mode": "ambient"}}},
                ),
            ],
            wanted(),
            "ambient",
            "warn",
            id="an ambient namespace",
        ),
    ],
)
def test_each_condition_is_found_and_nothing_else(
    objects: list[Object], upgrade: Any, code: str, severity: str
) -> None:
    assert codes(objects, upgrade) == [(code, severity)]


@pytest.mark.parametrize(
    ("objects", "upgrade"),
    [
        pytest.param(
            [*healthy(), merged(pod("done"), {"status": {"phase": "Succeeded"}})],
            wanted(),
            id="a pod that has ended",
        ),
        pytest.param(
            [*healthy(), mesh_objects.pod("plain", "kube-system")], wanted(), id="no sidecar"
        ),
        pytest.param(
            [
                *healthy(),
                merged(
                    pod("gw"),
                    {
                        "metadata": {
                            "labels": {"gateway.istio.io/managed": "istio.io-gateway-controller"}
                        }
                    },
                ),
            ],
            wanted(),
            id="a gateway that istiod looks after",
        ),
        pytest.param(stateful(2), wanted(), id="two pods of a StatefulSet"),
        pytest.param(second(replicas=1), wanted(), id="one pod that gets a successor"),
        pytest.param([*second(), budget("bill", 1)], wanted(), id="a budget that lets one pod go"),
        pytest.param(
            second(annotations={"meshwright.istio/drain": "rollout"}, pod=PRESTOP),
            wanted(),
            id="a preStop",
        ),
        pytest.param(
            [each for each in healthy() if each["kind"] != "Service"],
            wanted(**ROLLOUT),
            id="nobody sends requests",
        ),
        pytest.param(
            [*healthy(), quota({"pods": "3"}, {"pods": "2"})], wanted(), id="a pod more fits"
        ),
        pytest.param(
            [*without_lease(), lease("n1", seconds=-60)], wanted(), id="a Lease a minute old"
        ),
        pytest.param(
            [*healthy(), mesh_objects.node("n2"), lease("n2", seconds=-4000)],
            wanted(),
            id="a node that is not ready",
        ),
        pytest.param([*healthy(), cni("1.31.0")], wanted(), id="a plugin of the new version"),
        pytest.param([*healthy(), cni("ours")], wanted(), id="a plugin of an unknown version"),
        pytest.param(
            [*healthy(), mesh_objects.namespace("else"), pod("alone")],
            wanted(namespaces=("else",)),
            id="what does not move",
        ),
        pytest.param([*healthy(), pod("new", "ours", deployment="cart")], wanted(), id="own tag"),
        pytest.param(
            [*healthy(), pod("new", "1.30.4-ours", deployment="cart")], wanted(), id="own build"
        ),
    ],
)
def test_no_false_alarm(objects: list[Object], upgrade: Any) -> None:
    assert codes(objects, upgrade) == []


def test_a_workload_that_is_not_drained_is_named_with_the_reason() -> None:
    text = shown(stateful(1))
    assert "StatefulSet cart/data: " in text
    assert "Give them a second replica" in text


@pytest.mark.parametrize(
    ("kind", "plural"),
    [
        pytest.param("secrets", "secrets", id="secrets"),
        pytest.param("leases", "leases", id="leases"),
        pytest.param("customresourcedefinitions", "customresourcedefinitions", id="definitions"),
    ],
)
def test_what_may_not_be_read_is_said_and_the_rest_is_found(kind: str, plural: str) -> None:
    api = Forbidding(kind, *healthy(), pod("alone"))
    found = find(api, wanted())
    assert [(each.code, each.objects) for each in found] == [
        ("not_seen", (plural,)),
        ("unreachable_pods", found[1].objects),
    ]


def test_without_services_nothing_is_said_about_draining() -> None:
    api = Forbidding("services", *stateful(1))
    assert [each.code for each in find(api, wanted())] == ["not_seen"]
    assert find(api, wanted())[0].objects == ("services", "services and policies")


def test_a_kind_that_a_default_changes_for_may_not_be_readable() -> None:
    api = Forbidding("workloadentries", *healthy())
    assert [(each.code, each.objects) for each in find(api, wanted())] == [
        ("not_seen", ("workloadentries",))
    ]


def test_another_error_is_not_taken_for_a_missing_right() -> None:
    api = Forbidding("secrets", *healthy(), status=500)
    with pytest.raises(ApiError):
        find(api, wanted())
    with pytest.raises(ApiError):
        find(Forbidding("serviceentries", *healthy(), status=500), wanted())


class Forbidding(FakeApi):
    """Lets one kind not be listed."""

    def __init__(self, plural: str, *objects: Object, status: int = 403) -> None:
        super().__init__(*objects)
        self.plural = plural
        self.status = status

    def list(self, kind: Any, namespace: str | None = None, **selectors: str) -> list[Object]:
        if kind.plural == self.plural:
            raise ApiError(f"{kind.plural}: forbidden", status=self.status, reason="Forbidden")
        return super().list(kind, namespace, **selectors)


def test_only_what_is_judged_is_kept() -> None:
    """With thousands of workloads the rest would fill the memory."""
    found = evidence.read(FakeApi(*healthy()), wanted(), clock=NOW.timestamp)
    kept = [item["metadata"]["name"] for item in found.of(Topic.CONTROLLERS)]
    assert kept == ["istiod"]
    assert sorted(each.reference.name for each in found.workloads) == ["cart", "istiod"]
