# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._capacity import (
    Demand,
    Room,
    read_rooms,
)

GI = 2**30


def node(name: str = "n1", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
    }


def pod(
    cpu: str, memory: str, *, on: str = "n1", phase: str = "Running", sidecar: bool = False
) -> dict[str, Any]:
    container = {"resources": {"requests": {"cpu": cpu, "memory": memory}}}
    helper = {"restartPolicy": "Always", **container} if sidecar else container
    return {
        "spec": {"nodeName": on, "containers": [container], "initContainers": [helper]},
        "status": {"phase": phase},
    }


def deployment(replicas: int, cpu: str, memory: str) -> dict[str, Any]:
    container = {"resources": {"requests": {"cpu": cpu, "memory": memory}}}
    return {"spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}}}


@pytest.mark.parametrize(
    ("pods", "free"),
    [
        pytest.param([], Room(node="n1", cpu=4, memory=8 * GI, pods=110), id="empty"),
        pytest.param(
            [pod("1", "2Gi"), pod("500m", "1Gi")],
            Room(node="n1", cpu=2.5, memory=5 * GI, pods=108),
            id="two pods, whose init containers end",
        ),
        pytest.param(
            [pod("1", "2Gi", sidecar=True)],
            Room(node="n1", cpu=2, memory=4 * GI, pods=109),
            id="a sidecar that stays counts too",
        ),
        pytest.param(
            [pod("1", "2Gi", phase="Succeeded"), pod("1", "2Gi", on="n2")],
            Room(node="n1", cpu=4, memory=8 * GI, pods=110),
            id="one has ended, one is elsewhere",
        ),
    ],
)
def test_what_pods_ask_for_is_not_free(pods: list[dict[str, Any]], free: Room) -> None:
    assert read_rooms([node()], pods) == [free]


@pytest.mark.parametrize(
    ("spec", "rooms"),
    [
        pytest.param({"unschedulable": True}, 0, id="cordoned"),
        pytest.param({"taints": [{"effect": "NoSchedule"}]}, 0, id="tainted"),
        pytest.param({"taints": [{"effect": "PreferNoSchedule"}]}, 1, id="only not preferred"),
    ],
)
def test_a_node_that_repels_pods_has_no_room(spec: dict[str, Any], rooms: int) -> None:
    assert len(read_rooms([node(**spec)], [])) == rooms


@pytest.mark.parametrize(
    ("cpu", "memory", "fitting"),
    [
        pytest.param("500m", "1Gi", 8, id="as many as either allows"),
        pytest.param("1", "1Gi", 4, id="cores are short"),
        pytest.param("1m", "5Gi", 1, id="memory is short"),
        pytest.param("5", "1Gi", 0, id="too great for the node"),
        pytest.param("0", "0", 110, id="what asks for nothing still is a pod"),
    ],
)
def test_how_many_fit(cpu: str, memory: str, fitting: int) -> None:
    demand = Demand.from_object(deployment(2, cpu, memory))
    assert read_rooms([node()], [])[0].holds(demand) == fitting


def test_a_node_that_has_just_joined_has_no_room_yet() -> None:
    assert read_rooms([{**node(), "status": {}}, {**node(), "status": None}], []) == []


def test_a_node_that_is_promised_too_much_holds_none() -> None:
    assert (
        Room(node="n1", cpu=-1, memory=GI, pods=5).holds(Demand(replicas=1, cpu=1, memory=1)) == 0
    )
