# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services before gateways that lead to the pods of the same node alone."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import Finding
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade
from ansible_collections.meshwright.istio.tests.unit.support import gateways, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    answering,
    find,
    healthy,
    in_place,
    wanted,
)

Object = dict[str, Any]
LOCAL = {"externalTrafficPolicy": "Local"}


def edge(*nodes: str, others: tuple[str, ...] = ("n2", "n3"), **policies: str) -> list[Object]:
    """A gateway with a pod on each of those nodes, in a cluster that has these others too."""
    own = {"istio.io/rev": "default"}
    pods = [
        mesh_objects.pod(
            f"edge-in-{number}", "edge", revision="default", deployment="edge-in", labels=own
        )
        for number, _node in enumerate(nodes)
    ]
    for pod, node in zip(pods, nodes, strict=True):
        pod["spec"]["nodeName"] = node
    return [
        *healthy(),
        *map(mesh_objects.node, others),
        mesh_objects.namespace("edge"),
        gateways.gateway("edge-in", labels=own),
        gateways.local_service(**policies),
        *pods,
    ]


def told(objects: list[Object], upgrade: Upgrade) -> list[Finding]:
    """What is said of such Services."""
    found = find(answering(*objects), upgrade)
    return [each for each in found if each.code == "gateway_nodes"]


@pytest.mark.parametrize("upgrade", [wanted(), in_place()], ids=["canary", "in place"])
@pytest.mark.parametrize("policy", ["externalTrafficPolicy", "internalTrafficPolicy"])
def test_names_the_service_and_its_gateway(policy: str, upgrade: Upgrade) -> None:
    [found] = told(edge("n1", "n2", "n2", **{policy: "Local"}), upgrade)
    assert found.objects == ("Service edge/edge-in, before Deployment edge/edge-in on 2 nodes",)
    assert (found.severity, found.blocks) == ("warn", False)


def test_one_pod_can_come_to_another_node_too() -> None:
    [found] = told(edge("n1", **LOCAL), wanted())
    assert found.objects == ("Service edge/edge-in, before Deployment edge/edge-in on a node",)


@pytest.mark.parametrize(
    "objects",
    [
        pytest.param(edge("n1", "n2"), id="no policy"),
        pytest.param(edge("n1", "n2", externalTrafficPolicy="Cluster"), id="to every node"),
        pytest.param(edge("n1", "n1", others=(), **LOCAL), id="one node"),
        pytest.param(edge(**LOCAL), id="a gateway without pods"),
    ],
)
def test_says_nothing_where_no_node_can_be_left_empty(objects: list[Object]) -> None:
    assert told(objects, wanted()) == []
