# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about the control plane itself: what is installed, and who looks after it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    SYSTEM,
    codes,
    edited,
    healthy,
    in_place,
    injector_settings,
    merged,
    of_version,
    root,
    shown,
    simple,
    wanted,
    without,
)

Object = dict[str, Any]


def managed(manager: str, fields: Object, **entry: Any) -> Object:
    return {"managedFields": [{"manager": manager, "fieldsV1": fields, **entry}]}


def helm(name: str, number: int, status: str) -> Object:
    labels = {"owner": "helm", "name": name, "status": status, "version": str(number)}
    return simple("v1", "Secret", f"sh.helm.release.v1.{name}.v{number}", SYSTEM, labels=labels)


def quota(namespace: str, hard: Object, used: Object) -> Object:
    status = {"hard": hard, "used": used}
    return simple("v1", "ResourceQuota", "limits", namespace, status=status)


def istiod_pod(last: Object) -> Object:
    return {
        **mesh_objects.pod("istiod-1", SYSTEM, labels={"app": "istiod"}),
        "status": {"phase": "Running", "containerStatuses": [{"name": "discovery", **last}]},
    }


def autoscaler(reason: str, labels: Object) -> Object:
    return simple(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "istiod",
        SYSTEM,
        labels=labels,
        spec={"maxReplicas": 5},
        status={"conditions": [{"type": "ScalingLimited", "status": "True", "reason": reason}]},
    )


REPLICAS = {"f:spec": {"f:replicas": {}}}
KILLED = {"lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}


@pytest.mark.parametrize(
    ("objects", "upgrade", "code", "severity"),
    [
        pytest.param(
            [*without("istio-sidecar-injector"), injector_settings("9.9.9")],
            wanted(),
            "injector_image",
            "block",
            id="sidecars of another version than istiod",
        ),
        pytest.param(
            edited("istiod", "Deployment", {"metadata": managed("kubectl-edit", REPLICAS)}),
            wanted(),
            "hand_edited",
            "warn",
            id="replicas set by kubectl edit",
        ),
        pytest.param(
            edited("istiod", "Deployment", {"metadata": managed("kubectl-patch", REPLICAS)}),
            in_place(),
            "hand_edited",
            "warn",
            id="replicas set by hand, in place",
        ),
        pytest.param(
            [*healthy(), helm("istiod", 3, "deployed"), helm("istiod", 4, "pending-upgrade")],
            wanted(),
            "helm_pending",
            "block",
            id="a Helm release in the middle",
        ),
        pytest.param(
            edited(
                "istiod",
                "Deployment",
                {"metadata": {"annotations": {"meta.helm.sh/release-name": "istiod"}}},
            ),
            in_place(),
            "foreign_owner",
            "block",
            id="the istiod to be replaced is Helm's",
        ),
        pytest.param(
            [*healthy(), quota(SYSTEM, {"pods": "3"}, {"pods": "3"})],
            wanted(),
            "quota",
            "block",
            id="no pod more beside istiod",
        ),
        pytest.param(
            [*healthy(), quota(SYSTEM, {"requests.memory": "2Gi"}, {"requests.memory": "1500Mi"})],
            wanted(),
            "quota",
            "block",
            id="too little memory for another istiod",
        ),
        pytest.param(
            [*healthy(), istiod_pod(KILLED)],
            wanted(),
            "istiod_strained",
            "warn",
            id="istiod was out of memory",
        ),
        pytest.param(
            [*healthy(), autoscaler("TooManyReplicas", {"app": "istiod"})],
            wanted(),
            "istiod_strained",
            "warn",
            id="the autoscaler is at its most",
        ),
        pytest.param(
            [*without("istio-ca-root-cert"), root(SYSTEM, days=12), root("cart", days=12)],
            wanted(),
            "root_certificate",
            "warn",
            id="the root ends in twelve days",
        ),
        pytest.param(
            [*without("istio-ca-root-cert"), root(SYSTEM, days=-1)],
            wanted(),
            "root_certificate",
            "block",
            id="the root has ended",
        ),
        pytest.param(
            [*healthy(), merged(root("cart"), root("cart", serial=8))],
            wanted(),
            "root_differs",
            "warn",
            id="a namespace has another root",
        ),
        pytest.param(
            without("istiod-default-validator"),
            wanted(),
            "default_disagrees",
            "warn",
            id="no default validator",
        ),
        pytest.param(
            [
                *without("istiod-default-validator"),
                control_planes.default_validator("1-29", service="istiod"),
            ],
            wanted(),
            "default_disagrees",
            "warn",
            id="the validator names another revision",
        ),
        pytest.param(
            [
                *without("istiod-default-validator"),
                control_planes.endpoint_slice("istiod-1-29"),
                control_planes.default_validator("default", service="istiod-1-29"),
            ],
            wanted(),
            "default_disagrees",
            "warn",
            id="the validator leads to another revision",
        ),
        pytest.param(
            [
                *healthy(),
                simple(
                    "admissionregistration.k8s.io/v1",
                    "ValidatingWebhookConfiguration",
                    "istio-validator-1-28-istio-system",
                    None,
                    labels={"istio.io/rev": "1-28"},
                    webhooks=control_planes.default_validator(service="istiod-1-28")["webhooks"],
                ),
            ],
            wanted(),
            "webhook_dead",
            "block",
            id="a validator whose istiod is gone",
        ),
        pytest.param(
            of_version("1.29.5"),
            in_place(old_istioctl_error="There is no istioctl of 1.29.5.", version="1.30.4"),
            "way_back",
            "block",
            id="no istioctl for the way back",
        ),
        pytest.param(
            [
                *healthy(),
                simple("v1", "Secret", "b", SYSTEM, labels={"istio/multiCluster": "true"}),
            ],
            wanted(),
            "multicluster",
            "info",
            id="another cluster",
        ),
        pytest.param(
            healthy(), in_place(revision="1-29"), "revision_name", "block", id="not there"
        ),
        pytest.param(
            of_version("1.29.5"), in_place("1.31.0"), "version_skew", "block", id="two in place"
        ),
        pytest.param(healthy(), in_place("1.30.3"), "version_skew", "block", id="back in place"),
    ],
)
def test_each_condition_is_found_and_nothing_else(
    objects: list[Object], upgrade: Any, code: str, severity: str
) -> None:
    assert codes(objects, upgrade) == [(code, severity)]


@pytest.mark.parametrize(
    ("objects", "upgrade"),
    [
        pytest.param(healthy(), in_place(), id="in place, all well"),
        pytest.param(
            [*without("istio-sidecar-injector"), injector_settings("1.30.4-ours.2")],
            wanted(),
            id="sidecars of the same release, built by somebody else",
        ),
        pytest.param(of_version("1.29.5"), wanted(), id="two minors by a canary"),
        pytest.param(
            edited("istiod", "Deployment", {"metadata": managed("istio-operator", REPLICAS)}),
            wanted(),
            id="installed by istioctl",
        ),
        pytest.param(
            edited("istiod", "Deployment", {"metadata": managed("kubectl-rollout", REPLICAS)}),
            wanted(),
            id="restarted by hand",
        ),
        pytest.param(
            edited(
                "istiod",
                "Deployment",
                {"metadata": managed("kubectl-edit", REPLICAS, subresource="status")},
            ),
            wanted(),
            id="a status written by hand",
        ),
        pytest.param(
            edited("cart", "Deployment", {"metadata": managed("kubectl-edit", REPLICAS)}),
            wanted(),
            id="a workload changed by hand",
        ),
        pytest.param(
            [*healthy(), helm("istiod", 3, "pending-upgrade"), helm("istiod", 10, "deployed")],
            wanted(),
            id="a Helm release that has gone on",
        ),
        pytest.param(
            edited(
                "istiod",
                "Deployment",
                {"metadata": {"annotations": {"meta.helm.sh/release-name": "istiod"}}},
            ),
            wanted(),
            id="a canary beside an istiod of Helm",
        ),
        pytest.param(
            [*healthy(), quota(SYSTEM, {"pods": "4"}, {"pods": "3"})],
            wanted(),
            id="a quota with room for one more",
        ),
        pytest.param(
            [*healthy(), quota(SYSTEM, {"configmaps": "3"}, {"configmaps": "3"})],
            wanted(),
            id="a quota of something else",
        ),
        pytest.param(
            [*healthy(), istiod_pod({"lastState": {"terminated": {"reason": "Error"}}})],
            wanted(),
            id="an istiod that has ended once",
        ),
        pytest.param(
            [*healthy(), autoscaler("TooFewReplicas", {"app": "istiod"})],
            wanted(),
            id="an autoscaler at its least",
        ),
        pytest.param(
            [*healthy(), autoscaler("TooManyReplicas", {"app": "other"})],
            wanted(),
            id="the autoscaler of another",
        ),
        pytest.param(
            [
                *without("istio-ca-root-cert"),
                simple(
                    "v1",
                    "ConfigMap",
                    "istio-ca-root-cert",
                    SYSTEM,
                    labels={"istio.io/config": "true"},
                    data={"root-cert.pem": "?"},
                ),
            ],
            wanted(),
            id="a root that cannot be read",
        ),
        pytest.param(
            [
                *healthy(),
                mesh_objects.istiod("1-31", "hub.example.org/pilot:1.31.0"),
                *control_planes.revision("1-31"),
                quota(SYSTEM, {"pods": "3"}, {"pods": "3"}),
            ],
            wanted(),
            id="a full quota, and the new istiod is there",
        ),
    ],
)
def test_no_false_alarm(objects: list[Object], upgrade: Any) -> None:
    assert codes(objects, upgrade) == []


def test_an_old_root_is_told_in_days() -> None:
    objects = [*without("istio-ca-root-cert"), root(SYSTEM, days=12)]
    assert "The root certificate ends in 12 days" in shown(objects)
