# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that cannot run before the upgrade, and those that only take their time."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    codes,
    healthy,
    in_place,
    opened,
    shown,
    wanted,
)

Object = dict[str, Any]
ELSE = mesh_objects.namespace("else", istio_injection="enabled")


def waiting(reason: str, *, restarts: int = 0) -> Object:
    """A pod of cart whose container waits."""
    state = {"waiting": {"reason": reason, "message": "see its log"}}
    status = {"name": "app", "state": state, "ready": False, "restartCount": restarts}
    conditions = [{"type": "Ready", "status": "False"}]
    return {
        **mesh_objects.pod("cart-3", "cart", revision="default", deployment="cart"),
        "status": {"phase": "Running", "conditions": conditions, "containerStatuses": [status]},
    }


@pytest.mark.parametrize(
    ("pod", "upgrade"),
    [
        pytest.param(waiting("CrashLoopBackOff", restarts=9), wanted(), id="it crashes"),
        pytest.param(waiting("ImagePullBackOff"), in_place(), id="its image is gone"),
    ],
)
def test_a_pod_that_cannot_run_is_named_with_the_reason(pod: Object, upgrade: Any) -> None:
    assert codes([*healthy(), pod], upgrade) == [("ill_pods", "block")]
    reason = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
    assert f"Pod cart/cart-3: {reason}: container app: see its log" in shown(
        [*healthy(), pod], upgrade
    )


def test_an_upgrade_that_was_cut_off_may_go_on() -> None:
    ill = waiting("ImagePullBackOff")
    assert codes([*healthy(), opened("1-31"), ill]) == [("ill_pods", "warn")]


@pytest.mark.parametrize(
    ("pod", "upgrade"),
    [
        pytest.param(waiting("ContainerCreating"), wanted(), id="it starts"),
        pytest.param(waiting("CrashLoopBackOff", restarts=1), wanted(), id="it crashed once"),
        pytest.param(
            waiting("ImagePullBackOff"), wanted(excluded=("cart",)), id="it does not move"
        ),
    ],
)
def test_no_false_alarm(pod: Object, upgrade: Any) -> None:
    assert codes([*healthy(), ELSE, pod], upgrade) == []
