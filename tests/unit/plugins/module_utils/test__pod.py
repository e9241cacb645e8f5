# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _pod
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

Object = dict[str, Any]
SIDECAR = {"sidecar.istio.io/status": "{}", "istio.io/rev": "1-31"}
PROXY = {"name": "istio-proxy", "image": "hub/proxyv2:1.31.0"}
APP = {"name": "app", "image": "app:1"}
HASH = {"pod-template-hash": "5d8"}
ARGO = {"rollouts-pod-template-hash": "7f9"}


def read(
    *,
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
    owners: tuple[tuple[str, str], ...] = (),
    status: Object | None = None,
    spec: Object | None = None,
    **metadata: Any,
) -> Pod:
    references = [{"kind": kind, "name": name, "controller": True} for kind, name in owners]
    return Pod.from_object(
        {
            "metadata": {
                "name": "web-x",
                "namespace": "shop",
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [{"kind": "Thing", "name": "other"}, *references],
                **metadata,
            },
            "spec": {"containers": [APP], **(spec or {})},
            "status": status,
        }
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"podIP": "10.1.0.7"}, ("10.1.0.7",)),
        (
            {"podIP": "10.1.0.7", "podIPs": [{"ip": "10.1.0.7"}, {"ip": "fd00::7"}]},
            ("10.1.0.7", "fd00::7"),
        ),
        ({}, ()),
        (None, ()),
    ],
    ids=["one", "both families", "none yet", "no status"],
)
def test_has_an_address_of_each_family(status: Object | None, expected: tuple[str, ...]) -> None:
    assert read(status=status).addresses == expected


@pytest.mark.parametrize(
    ("owner", "labels", "expected"),
    [
        pytest.param(("ReplicaSet", "web-5d8"), HASH, "Deployment shop/web", id="Deployment"),
        pytest.param(("ReplicaSet", "web-7f9"), ARGO, "Rollout shop/web", id="Rollout"),
        pytest.param(
            ("ReplicaSet", "web-7f9"), {**HASH, **ARGO}, "Rollout shop/web", id="Rollout's label"
        ),
        pytest.param(("ReplicaSet", "web"), HASH, "ReplicaSet shop/web", id="a set of its own"),
        pytest.param(("ReplicaSet", "web-5d8"), {}, "ReplicaSet shop/web-5d8", id="no label"),
        pytest.param(
            ("ReplicationController", "web-3"),
            {"deploymentconfig": "web"},
            "DeploymentConfig shop/web",
            id="DeploymentConfig",
        ),
        pytest.param(
            ("ReplicationController", "web-3"), {}, "ReplicationController shop/web-3", id="bare"
        ),
        pytest.param(("StatefulSet", "db"), {}, "StatefulSet shop/db", id="StatefulSet"),
        pytest.param(None, {}, "Pod shop/web-x", id="nobody"),
    ],
)
def test_finds_the_workload_behind_its_controller(
    owner: tuple[str, str] | None, labels: dict[str, str], expected: str
) -> None:
    pod = read(labels=labels, owners=(owner,) if owner else ())
    assert pod.holder == expected
    assert (pod.owner is None) is (owner is None)


@pytest.mark.parametrize(
    ("details", "revision", "version"),
    [
        pytest.param(
            {"annotations": SIDECAR, "spec": {"containers": [APP, PROXY]}},
            "1-31",
            "1.31.0",
            id="sidecar",
        ),
        pytest.param(
            {"annotations": SIDECAR, "spec": {"initContainers": [PROXY]}},
            "1-31",
            "1.31.0",
            id="native sidecar",
        ),
        pytest.param(
            {
                "annotations": {"istio.io/rev": "1-31"},
                "labels": {"gateway.istio.io/managed": "istio.io-gateway-controller"},
                "spec": {"containers": [PROXY]},
            },
            "1-31",
            "1.31.0",
            id="deployed by istiod",
        ),
        pytest.param({"annotations": {"istio.io/rev": "1-31"}}, None, None, id="only a wish"),
        pytest.param({"annotations": SIDECAR}, "1-31", None, id="no container of that name"),
        pytest.param({}, None, None, id="no sidecar"),
    ],
)
def test_tells_its_sidecar_by_what_was_injected(
    details: Object, revision: str | None, version: str | None
) -> None:
    pod = read(**details)
    assert (pod.revision, pod.version) == (revision, version)


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("hub/proxyv2:1.31.0", "1.31.0"),
        ("hub/proxyv2:1.31.0-distroless", "1.31.0"),
        ("hub/proxyv2:1.31.0-rc.1-debug", "1.31.0-rc.1"),
        ("hub/proxyv2:1.31.0@sha256:0a", "1.31.0"),
        ("hub:5000/proxyv2", None),
        ("hub/proxyv2@sha256:0a", None),
        ("hub/proxyv2:stable", None),
        ("", None),
    ],
)
def test_reads_a_version_only_where_there_is_one(image: str, version: str | None) -> None:
    assert _pod.version_of(image) == version


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param({}, True, id="nothing is said"),
        pytest.param({"spec": {"hostNetwork": True}}, False, id="network of the node"),
        pytest.param({"labels": {"sidecar.istio.io/inject": "false"}}, False, id="label"),
        pytest.param({"annotations": {"sidecar.istio.io/inject": "false"}}, False, id="annotation"),
        pytest.param(
            {
                "labels": {"sidecar.istio.io/inject": "true"},
                "annotations": {"sidecar.istio.io/inject": "false"},
            },
            True,
            id="the label decides",
        ),
    ],
)
def test_knows_whether_istiod_would_inject_it(details: Object, expected: bool) -> None:
    assert read(**details).injectable is expected


@pytest.mark.parametrize(
    ("details", "live"),
    [
        pytest.param({"status": {"phase": "Running"}}, True, id="running"),
        pytest.param({"status": None}, True, id="new"),
        pytest.param({"status": {"phase": "Succeeded"}}, False, id="ended"),
        pytest.param({"status": {"phase": "Failed"}}, False, id="evicted"),
        pytest.param({"deletionTimestamp": "2026-05-04T08:00:00Z"}, False, id="ending"),
    ],
)
def test_counts_only_pods_that_stay(details: Object, live: bool) -> None:
    assert read(**details).live is live


def waiting(reason: str, message: str = "", **more: Any) -> Object:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "app", "state": state, **more}


UNSCHEDULED = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes",
}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({}, None, id="nothing is known"),
        pytest.param({"containerStatuses": [waiting("PodInitializing")]}, None, id="starting"),
        pytest.param(
            {"conditions": [UNSCHEDULED]}, ("Unschedulable", "0/3 nodes", False), id="no node"
        ),
        pytest.param({"conditions": [{**UNSCHEDULED, "status": "True"}]}, None, id="scheduled"),
        pytest.param(
            {"containerStatuses": [waiting("ImagePullBackOff", "not found")]},
            ("ImagePullBackOff", "container app: not found", True),
            id="no image",
        ),
        pytest.param(
            {"initContainerStatuses": [waiting("CreateContainerConfigError")]},
            ("CreateContainerConfigError", "container app: CreateContainerConfigError", True),
            id="no secret",
        ),
        pytest.param(
            {"containerStatuses": [waiting("CrashLoopBackOff", restartCount=1)]},
            ("CrashLoopBackOff", "container app: CrashLoopBackOff", False),
            id="crashed once",
        ),
        pytest.param(
            {"containerStatuses": [waiting("CrashLoopBackOff", restartCount=3)]},
            ("CrashLoopBackOff", "container app: CrashLoopBackOff", True),
            id="crashes",
        ),
        pytest.param(
            {
                "containerStatuses": [
                    {
                        "name": "app",
                        "state": {"running": {}},
                        "restartCount": 4,
                        "lastState": {"terminated": {"exitCode": 137}},
                    }
                ]
            },
            ("CrashLoopBackOff", "container app ended 4 times, last with exit code 137", True),
            id="between two crashes",
        ),
        pytest.param(
            {"containerStatuses": [{"name": "app", "state": {"running": {}}, "ready": False}]},
            ("NotReady", "container app runs but is not ready", False),
            id="not ready",
        ),
        pytest.param(
            {"containerStatuses": [{"name": "app", "state": {"running": {}}, "ready": True}]},
            None,
            id="another container is to come",
        ),
        pytest.param(
            {
                "conditions": [UNSCHEDULED],
                "containerStatuses": [waiting("InvalidImageName", "no name")],
            },
            ("InvalidImageName", "container app: no name", True),
            id="the worst of two",
        ),
        pytest.param(
            {
                "conditions": [{"type": "Ready", "status": "True"}],
                "containerStatuses": [waiting("CrashLoopBackOff", restartCount=9)],
            },
            None,
            id="ready all the same",
        ),
    ],
)
def test_says_why_it_is_not_ready(status: Object, expected: tuple[str, str, bool] | None) -> None:
    trouble = read(status=status).trouble
    found = None if trouble is None else (trouble.reason, trouble.message, trouble.hopeless)
    assert found == expected
