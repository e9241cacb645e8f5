# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _proof
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import NotReadyError
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.tests.unit.support import control_planes
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh

REVISION = Revision(name="1-31", namespace="istio-system")
NUMBER = "deployment.kubernetes.io/revision"
QUOTA = {
    "type": "ReplicaFailure",
    "status": "True",
    "reason": "FailedCreate",
    "message": "exceeded quota",
}


def deployment(*, replicas: int = 2, generation: int = 3, **status: Any) -> Object:
    """The third template of an istiod with all its pods ready, unless the status says else."""
    counts = {
        "observedGeneration": 3,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": replicas,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "istiod-1-31",
            "namespace": "istio-system",
            "generation": generation,
            "annotations": {NUMBER: "3"},
        },
        "spec": {"replicas": replicas, "template": {}},
        "status": {**counts, **status},
    }


def replica_set(number: str, template: str) -> Object:
    return {
        "metadata": {
            "name": f"istiod-1-31-{template}",
            "annotations": {NUMBER: number},
            "labels": {"pod-template-hash": template},
        }
    }


SETS = [replica_set("2", "old"), replica_set("3", "new")]


def pod(template: str, *, reason: str = "", ending: bool = False) -> Pod:
    waiting = {"waiting": {"reason": reason, "message": f"{reason} it is"}}
    restarts = 5 if reason == "CrashLoopBackOff" else 0
    status = {"name": "discovery", "state": waiting, "restartCount": restarts}
    item = {
        "metadata": {
            "name": f"istiod-{template}",
            "namespace": "istio-system",
            "labels": {"pod-template-hash": template},
            **({"deletionTimestamp": "2026-05-04T08:00:00Z"} if ending else {}),
        },
        "spec": {"containers": [{"name": "discovery"}]},
        "status": {"phase": "Pending", "containerStatuses": [status] if reason else []},
    }
    return Pod.from_object(item)


@pytest.mark.parametrize(
    ("item", "pods", "expected"),
    [
        pytest.param(deployment(), [], "", id="rolled out"),
        pytest.param(
            deployment(generation=4),
            [],
            "istiod-1-31: its controller has not looked at the change yet",
            id="an old status",
        ),
        pytest.param(
            deployment(replicas=0), [], "HOPELESS istiod-1-31 is scaled to 0", id="scaled to 0"
        ),
        pytest.param(
            deployment(availableReplicas=1),
            [pod("new", reason="ImagePullBackOff")],
            "HOPELESS istiod pod istio-system/istiod-new: ImagePullBackOff",
            id="a new pod that will never be ready",
        ),
        pytest.param(
            deployment(availableReplicas=1),
            [pod("old", reason="CrashLoopBackOff")],
            "istiod-1-31: 1 of 2 pods are available",
            id="an old pod that crashes",
        ),
        pytest.param(
            deployment(availableReplicas=1),
            [pod("new", reason="CrashLoopBackOff", ending=True)],
            "istiod-1-31: 1 of 2 pods are available",
            id="a crashed pod that ends",
        ),
        pytest.param(
            deployment(updatedReplicas=1),
            [pod("new", reason="ContainerCreating")],
            "istiod-1-31: 1 of 2 pods are of the new template",
            id="on its way",
        ),
        pytest.param(
            deployment(updatedReplicas=0, conditions=[QUOTA]),
            [],
            "istiod-1-31: no pod can be created: exceeded quota",
            id="a full quota",
        ),
        pytest.param(
            deployment(updatedReplicas=0, conditions=[{**QUOTA, "status": "False"}]),
            [],
            "istiod-1-31: 0 of 2 pods are of the new template",
            id="a quota that was full",
        ),
    ],
)
def test_judges_the_newest_template(item: Object, pods: list[Pod], expected: str) -> None:
    answer = _proof.judge_rollout(item, SETS, pods)
    assert shown(answer) == expected or (expected and expected in shown(answer))
    assert answer.ready is (expected == "")


def shown(answer: Readiness) -> str:
    text = answer.reason.replace("Deployment istio-system/", "")
    return text if answer.can_improve else f"HOPELESS {text}"


def test_no_pod_is_the_newest_before_there_is_a_replica_set_for_it() -> None:
    crashed = [pod("old", reason="CrashLoopBackOff")]
    answer = _proof.judge_rollout(deployment(availableReplicas=0), SETS[:1], crashed)
    assert answer.can_improve


def hooks(*bundles: str) -> Object:
    clients = [{"clientConfig": {"caBundle": bundle} if bundle else {}} for bundle in bundles]
    kind = "MutatingWebhookConfiguration"
    return {"kind": kind, "metadata": {"name": "injector"}, "webhooks": clients}


def test_every_webhook_needs_its_certificate() -> None:
    assert _proof.judge_webhooks([hooks("Q0E=", "Q0E="), hooks()]).ready
    answer = _proof.judge_webhooks([hooks("Q0E="), hooks("Q0E=", "")])
    assert (answer.ready, answer.reason) == (
        False,
        "MutatingWebhookConfiguration injector has no caBundle yet: istiod fills it in",
    )


def waiter() -> Waiter:
    """One whose second look is its last."""
    looks = iter((0.0, 1.0, 2.0, 3.0))
    return replace(Waiter.start(1, lambda _text: None), deadline=1.0, clock=lambda: next(looks))


@pytest.fixture
def api() -> LiveMesh:
    mesh = LiveMesh()
    mesh.install("1.31.0", revision="1-31")
    return mesh


def test_sees_an_istiod_that_serves(api: LiveMesh) -> None:
    _proof.wait_for_istiod(api, REVISION, waiter())
    _proof.wait_for_webhooks(api, REVISION, waiter())


def test_an_istiod_that_was_deleted_is_not_waited_for(api: LiveMesh) -> None:
    api.remove(_kinds.DEPLOYMENT, "istiod-1-31", "istio-system")
    with pytest.raises(NotReadyError, match="Deployment istio-system/istiod-1-31 was deleted"):
        _proof.wait_for_istiod(api, REVISION, waiter())


def test_an_istiod_that_its_service_does_not_lead_to_is_not_ready(api: LiveMesh) -> None:
    api.put(control_planes.endpoint_slice("istiod-1-31", ready=False))
    with pytest.raises(NotReadyError, match="Service istio-system/istiod-1-31 has no ready end"):
        _proof.wait_for_istiod(api, REVISION, waiter())


def test_an_istiod_that_fills_in_no_certificate_does_not_serve(api: LiveMesh) -> None:
    hook = api.list(_kinds.VALIDATING_WEBHOOK)[0]
    del hook["webhooks"][0]["clientConfig"]["caBundle"]
    api.put(hook)
    with pytest.raises(NotReadyError, match="istio-validator-1-31-istio-system has no caBundle"):
        _proof.wait_for_webhooks(api, REVISION, waiter())
