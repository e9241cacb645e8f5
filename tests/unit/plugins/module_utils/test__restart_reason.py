# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _restart_reason
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._restart_todo import Task
from ansible_collections.meshwright.istio.plugins.module_utils._surge import Footing
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, workload_objects

NEW = Wanted(revision="1-31")
OFF = [Pod.from_object(mesh_objects.pod(name, "shop", revision="1-30")) for name in "ab"]
BARE = Pod.from_object(mesh_objects.pod("c", "shop"))


@pytest.mark.parametrize(
    ("off", "task", "gap", "reason"),
    [
        pytest.param([], Task.RESTORE, None, "a run before has left it with", id="restore"),
        pytest.param([], Task.AWAIT, None, "a restart goes on already", id="await"),
        pytest.param(
            [*OFF, BARE],
            Task.RESTART,
            None,
            "3 of 4 pods are not right: 2 on 1-30 (1.30.4), 1 on no proxy",
            id="restart",
        ),
        pytest.param(
            OFF,
            Task.AWAIT,
            None,
            "2 of 4 pods are not right: 2 on 1-30 (1.30.4); a restart goes on already",
            id="await with some that are off",
        ),
        pytest.param(
            OFF, Task.RESTART, "surge is never", "for a moment: surge is never", id="with a gap"
        ),
    ],
)
def test_says_what_is_done_and_why(
    off: list[Pod], task: Task, gap: str | None, reason: str
) -> None:
    footing = Footing(surge=False, takes=1, gap=gap)
    assert reason in _restart_reason.of(off, 4, task, footing)


def left(asked: str | None = "1-31", managed: bool = False, **more: Any) -> str:
    item = workload_objects.workload("web", **more)
    pods = [mesh_objects.pod("a", "shop", revision="1-30")]
    if managed:
        pods[0]["metadata"]["labels"]["gateway.istio.io/managed"] = "istio.io-gateway-controller"
    found = _restart_reason.left(
        Workload.from_object(item), [Pod.from_object(each) for each in pods], asked, NEW
    )
    return found.reason if found else ""


def test_says_why_a_workload_is_left() -> None:
    assert left() == ""
    assert "exclude is true" in left(annotations={"meshwright.istio/exclude": "true"})
    assert left(managed=True) == "istiod deploys it, and replaces its pods"
    assert left(paused=True) == "it is paused; resume it"
    assert "ask for 1-30, not for 1-31" in left("1-30")
    assert "ask for no sidecar, not for 1-31" in left(None)
    assert "no trigger ConfigChange" in left(kind="DeploymentConfig", triggers=[])


@pytest.mark.parametrize(
    ("kind", "number", "reason"),
    [
        ("Pod", 1, "a bare pod has nobody who would make its successor"),
        ("Job", 1, "1 pod runs to the end of its Job"),
        ("Job", 3, "3 pods run to the end of their Job"),
        ("Deployment", 1, "1 pod is there, and its Deployment is not"),
        ("Deployment", 3, "3 pods are there, and their Deployment is not"),
        ("Tenant", 1, "1 pod belongs to a Tenant, which cannot be asked to restart it"),
        ("Tenant", 3, "3 pods belong to a Tenant, which cannot be asked to restart them"),
    ],
)
def test_says_why_nobody_is_asked(kind: str, number: int, reason: str) -> None:
    reference = Reference(namespace="shop", kind=kind, name="x")
    assert _restart_reason.of_orphan(reference, number) == reason
