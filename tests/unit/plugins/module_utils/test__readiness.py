# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import workload

Object = dict[str, Any]
WANTED = Wanted(revision="1-31", version=None)
ON_DELETE = {"type": "OnDelete"}
PARTED = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}


def state(  # noqa: PLR0913 - what a status is made of
    *,
    kind: str = "Deployment",
    desired: int = 2,
    updated: int = 2,
    total: int = 2,
    available: int = 2,
    observed: int = 1,
    strategy: Object | None = None,
    reason: str | None = None,
    **spec: Any,
) -> Workload:
    """A workload that has rolled out, unless something else is said."""
    item = workload("web", kind=kind, replicas=desired, strategy=strategy, **spec)
    conditions = [{"type": "Progressing", "status": "True", "reason": reason}] if reason else []
    item["status"] = {
        "replicas": total,
        "updatedReplicas": updated,
        "availableReplicas": available,
        "observedGeneration": observed,
        "conditions": conditions,
    }
    if kind == "DaemonSet":
        item["status"] |= {
            "desiredNumberScheduled": desired,
            "currentNumberScheduled": total,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
        }
    return Workload.from_object(item)


def pod(name: str, revision: str | None, *, ending: bool = False, reason: str = "") -> Pod:
    item = mesh_objects.pod(name, "shop", revision=revision)
    item["metadata"]["uid"] = f"uid of {name}"
    if ending:
        item["metadata"]["deletionTimestamp"] = "2026-05-04T08:00:00Z"
    if reason:
        waiting = {"waiting": {"reason": reason, "message": "not found"}}
        item["status"] = {"containerStatuses": [{"name": "app", "state": waiting}]}
    return Pod.from_object(item)


@pytest.mark.parametrize(
    ("item", "generation", "ready", "can_improve"),
    [
        pytest.param(state(), 1, True, True, id="looked at"),
        pytest.param(state(observed=0), 1, False, True, id="not looked at"),
        pytest.param(state(), 2, False, True, id="our own change is not seen yet"),
        pytest.param(None, 1, False, False, id="deleted"),
    ],
)
def test_believes_no_old_status(
    item: Workload | None, generation: int, ready: bool, can_improve: bool
) -> None:
    answer = _readiness.observed(item, generation)
    assert (answer.ready, answer.can_improve) == (ready, can_improve)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(state(), False, id="rolled out"),
        pytest.param(state(reason="NewReplicaSetAvailable"), False, id="says so itself"),
        pytest.param(state(updated=1, total=3), True, id="new pods come"),
        pytest.param(state(total=3), True, id="old pods go"),
        pytest.param(state(observed=0), True, id="just asked"),
        pytest.param(state(reason="ReplicaSetUpdated"), True, id="says that it goes on"),
        pytest.param(state(updated=1, reason="ProgressDeadlineExceeded"), False, id="has given up"),
        pytest.param(
            state(kind="StatefulSet", strategy=ON_DELETE, updated=0), False, id="pod by pod"
        ),
        pytest.param(state(kind="Rollout", strategy={"canary": {}}, updated=0), False, id="Argo"),
        pytest.param(
            state(kind="Rollout", strategy={"canary": {}}, restartAt="2026-05-04T08:00:00Z"),
            True,
            id="Argo restarts",
        ),
    ],
)
def test_sees_whether_a_restart_goes_on(item: Workload, expected: bool) -> None:
    assert _readiness.in_progress(item) is expected


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        pytest.param(state(), "", id="complete"),
        pytest.param(state(desired=0, updated=0, total=0, available=0), "", id="none wanted"),
        pytest.param(state(updated=1), "1 of 2 pods are of the new template", id="new to come"),
        pytest.param(state(total=3), "1 old pod is still to go", id="old to go"),
        pytest.param(state(available=1), "1 of 2 pods are available", id="not available"),
        pytest.param(state(kind="StatefulSet", strategy=ON_DELETE, updated=0), "", id="pod by pod"),
        pytest.param(state(kind="StatefulSet", strategy=PARTED, updated=0), "", id="held back"),
        pytest.param(
            state(kind="DaemonSet", updated=1), "1 of 2 pods are of the new template", id="a set"
        ),
        pytest.param(
            state(kind="Rollout", strategy={"canary": {}}, restartAt="2026-05-04T08:00:00Z"),
            "its controller has not restarted every pod yet",
            id="Argo restarts",
        ),
    ],
)
def test_counts_what_the_status_says(item: Workload, reason: str) -> None:
    answer = _readiness.complete(item)
    assert (answer.ready, answer.reason, answer.can_improve) == (not reason, reason, True)


NEW = (pod("a", "1-31"), pod("b", "1-31"))
FAILING = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}


def failing(status: str = "True") -> Workload:
    item = workload("web", replicas=2)
    item["status"] = {"observedGeneration": 1, "conditions": [{**FAILING, "status": status}]}
    return Workload.from_object(item)


def owned() -> Workload:
    item = workload("web", replicas=2)
    owner = {"kind": "Argo", "name": "mesh", "controller": True}
    item["metadata"]["ownerReferences"] = [{"kind": "A", "name": "b"}, owner]
    item["status"] = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
    return Workload.from_object(item)


@pytest.mark.parametrize(
    ("item", "pods", "expected"),
    [
        pytest.param(state(), NEW, "", id="restarted"),
        pytest.param(state(), NEW[:1], "1 of 2 pods are there", id="one is missing"),
        pytest.param(
            state(), (*NEW, pod("old", "1-30", ending=True)), "", id="an old one that ends"
        ),
        pytest.param(
            state(),
            (NEW[0], pod("old", "1-30")),
            "HOPELESS it has rolled out, and yet old is on 1-30 (1.30.4)",
            id="an old one that stays",
        ),
        pytest.param(
            owned(),
            (NEW[0], pod("old", "1-30")),
            "HOPELESS it has rolled out, and yet old is on 1-30 (1.30.4); Argo mesh may have"
            " undone it",
            id="somebody owns it",
        ),
        pytest.param(
            state(),
            [pod(name, None) for name in "cdefg"],
            "HOPELESS it has rolled out, and yet c is on no proxy, d is on no proxy,"
            " e is on no proxy and 2 more",
            id="many without a sidecar",
        ),
        pytest.param(
            state(available=1),
            (NEW[0], pod("b", "1-31", reason="ImagePullBackOff")),
            "HOPELESS pod b: ImagePullBackOff: container app: not found",
            id="a new one without an image",
        ),
        pytest.param(
            state(updated=1),
            (NEW[0], pod("old", "1-30", reason="ImagePullBackOff")),
            "1 of 2 pods are of the new template",
            id="an old one was broken before",
        ),
        pytest.param(failing(), NEW, "HOPELESS no pod can be created: exceeded quota", id="quota"),
        pytest.param(
            failing(),
            (*NEW, pod("old", "1-30", ending=True)),
            "no pod can be created: exceeded quota",
            id="quota, until the old one is gone",
        ),
        pytest.param(
            failing("False"), NEW, "0 of 2 pods are of the new template", id="quota no more"
        ),
        pytest.param(
            state(updated=1, reason="ProgressDeadlineExceeded"),
            NEW,
            "HOPELESS ProgressDeadlineExceeded: ",
            id="given up",
        ),
    ],
)
def test_believes_the_pods_and_not_the_status_alone(
    item: Workload, pods: tuple[Pod, ...], expected: str
) -> None:
    answer = _readiness.restarted(item, pods, WANTED, {"uid of old"})
    reason = answer.reason if answer.can_improve else f"HOPELESS {answer.reason}"
    assert (answer.ready, reason) == (not expected, expected)


def test_explains_with_what_the_pods_say() -> None:
    pods = [pod(f"web-{number}", "1-31", reason="ErrImagePull") for number in range(5)]
    words = _readiness.explain(_readiness.waiting("web-0 is late"), [*pods, NEW[1]])
    said = [f"pod web-{number}: ErrImagePull: container app: not found" for number in (1, 2, 3)]
    assert words == f"web-0 is late; {', '.join(said)} and 1 more"
    assert _readiness.explain(_readiness.waiting("late"), NEW) == "late"


def test_a_stateful_set_goes_from_its_highest_ordinal_down() -> None:
    names = ["web-10", "web-2", "web-b", "web-a"]
    pods = sorted((pod(name, "1-30") for name in names), key=_readiness.place)
    assert [each.name for each in pods] == ["web-10", "web-2", "web-a", "web-b"]
