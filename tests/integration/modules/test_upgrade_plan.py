# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan has what is there and only that, and making it changes nothing."""

from __future__ import annotations

from typing import Any

from sandbox import istio
from sandbox.cluster import Cluster
from tests.integration.support.lab import NEW, NEW_VERSION, Lab

WAY: dict[str, Any] = {"revision": NEW, "version": NEW_VERSION}


def test_the_plan_has_what_is_left(mesh: Cluster, lab: Lab) -> None:
    lab.recorder.take()
    checked = lab.ansible.alone("upgrade_plan", check=True, **WAY)
    planned = lab.ansible.module("upgrade_plan", **WAY)
    assert lab.recorder.writes() == []
    assert checked.changed
    assert not planned.changed
    assert checked.result["plan"] == planned.result["plan"]
    plan = planned.result["plan"]
    listed = mesh.objects.get("/apis/apps/v1/namespaces/shop/deployments")["items"]
    [wave] = plan["waves"]
    assert wave["namespaces"] == wave["to_label"] == ["shop"]
    assert wave["workloads"] == sorted(
        f"shop/Deployment/{each['metadata']['name']}" for each in listed
    )
    assert {each["reference"] for each in plan["gateways"]} == {
        f"{namespace}/Deployment/{name}" for name, namespace in istio.GATEWAYS.items()
    }
    assert plan["tags"] == [{"name": "default", "before": "default", "after": NEW}]
    assert not planned.result["installed"]
    refused = lab.refused("upgrade_plan", **WAY, namespaces=["none"])
    assert "none" in refused.message


def test_what_has_moved_is_not_planned_again(beside: Cluster, lab: Lab) -> None:
    beside.kubectl("label", "namespace", "shop", "istio-injection-", f"istio.io/rev={NEW}")
    beside.kubectl("rollout", "restart", "-n", "shop", "deployment/payments")
    beside.kubectl("rollout", "status", "-n", "shop", "deployment/payments")
    planned = lab.ansible.alone("upgrade_plan", **WAY, move_gateways=False, move_tags=False)
    assert planned.result["installed"]
    [wave] = planned.result["plan"]["waves"]
    assert wave["to_label"] == []
    assert "shop/Deployment/payments" not in wave["workloads"]
    assert len(wave["workloads"]) == 4
    assert planned.result["plan"]["gateways"] == planned.result["plan"]["tags"] == []
