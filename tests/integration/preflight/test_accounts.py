# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an account may not read or do is said, and the account of the guide sees everything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.api import Object
from sandbox.cluster import Cluster
from tests.integration.preflight.making import SYSTEM, manifest
from tests.integration.preflight.test_mesh import options
from tests.integration.support import reading
from tests.integration.support.lab import Lab
from tests.integration.support.playing import CHECKOUT, Ansible

GUIDE = CHECKOUT / "examples/preflight_rights"
GROUP = "rbac.authorization.k8s.io"
# A canary writes labels of namespaces too.
EVERYTHING_ELSE: tuple[Object, ...] = (
    {
        "apiGroups": [""],
        "resources": [
            *("configmaps", "limitranges", "pods", "pods/eviction", "pods/portforward"),
            *("pods/status", "replicationcontrollers", "resourcequotas", "secrets"),
            *("serviceaccounts", "services"),
        ],
        "verbs": ["*"],
    },
    {
        "apiGroups": [
            *("admissionregistration.k8s.io", "apiextensions.k8s.io", "apps", "autoscaling"),
            *("coordination.k8s.io", "discovery.k8s.io", "extensions.istio.io"),
            *("gateway.networking.k8s.io", "networking.istio.io", "networking.k8s.io", "policy"),
            *("rbac.authorization.k8s.io", "security.istio.io", "telemetry.istio.io"),
        ],
        "resources": ["*"],
        "verbs": ["*"],
    },
)

Become = Callable[..., Ansible]


@pytest.fixture
def become(mesh: Cluster, tmp_path: Path) -> Become:
    """Ansible as an account that has these roles and nothing else."""

    def run(*roles: Object) -> Ansible:
        mesh.apply([manifest("v1", "ServiceAccount", "somebody", "default"), *roles])
        mesh.apply([_binding(role) for role in roles])
        token = mesh.kubectl("-n", "default", "create", "token", "somebody").strip()
        config = yaml.safe_load(mesh.kubeconfig.read_text(encoding="utf-8"))
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        path = tmp_path / "somebody.kubeconfig"
        path.write_text(json.dumps(config), encoding="utf-8")
        return Ansible(kubeconfig=path, scratch=tmp_path)

    return run


def _binding(role: Object) -> Object:
    kind, name = role["kind"], role["metadata"]["name"]
    return manifest(
        f"{GROUP}/v1",
        f"{kind}Binding",
        name,
        role["metadata"].get("namespace"),
        subjects=[{"kind": "ServiceAccount", "name": "somebody", "namespace": "default"}],
        roleRef={"apiGroup": GROUP, "kind": kind, "name": name},
    )


def of_the_guide(*without: str) -> list[Object]:
    """The roles of the guide, but for the right to make pods."""
    left_out = {"meshwright-preflight-images", *without}
    roles: list[Object] = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in GUIDE.glob("*.yml")
    ]
    return [each for each in roles if each["metadata"]["name"] not in left_out]


def found_as(who: Ansible, lab: Lab, **changes: Any) -> dict[str, Any]:
    found = who.alone("mesh_preflight", **options(lab, **changes))
    return {(each["code"], each["severity"]): each for each in found.result["findings"]}


def test_the_account_of_the_guide_sees_everything_and_changes_nothing(
    mesh: Cluster, lab: Lab, become: Become
) -> None:
    who = become(*of_the_guide())
    before = reading.quiet(mesh)
    assert set(found_as(who, lab)) == {("missing_rights", "info")}
    reading.expect_same(before, reading.quiet(mesh), "the preflight has left something")


def test_what_an_account_may_not_read_is_said(mesh: Cluster, lab: Lab, become: Become) -> None:
    roles = [each for each in of_the_guide() if "secrets" not in each["rules"][0]["resources"]]
    who = become(*roles)
    mesh.kubectl("label", "namespace", "outside", "istio.io/rev=nowhere")
    found = found_as(who, lab)
    assert set(found) == {("not_seen", "warn"), ("webhook_gap", "warn"), ("missing_rights", "info")}
    assert found["not_seen", "warn"]["objects"] == ["secrets"]


def test_an_account_that_may_not_port_forward_is_told_so(lab: Lab, become: Become) -> None:
    who = become(*of_the_guide("meshwright-preflight-istiod"))
    found = found_as(who, lab)
    assert set(found) == {("istiod_not_asked", "warn"), ("missing_rights", "info")}
    (said,) = found["istiod_not_asked", "warn"]["objects"]
    assert said.startswith(f"Pod {SYSTEM}/istiod-")
    assert "pods/portforward" in said


def test_the_one_right_that_is_missing_is_named(lab: Lab, become: Become) -> None:
    rules = list(EVERYTHING_ELSE)
    role = manifest(f"{GROUP}/v1", "ClusterRole", "almost-everything", None, rules=rules)
    who = become(*of_the_guide(), role)
    found = found_as(who, lab)
    assert set(found) == {("missing_rights", "block")}
    objects = found["missing_rights", "block"]["objects"]
    assert objects == ["patch namespaces (to move the namespaces)"]
    assert found_as(who, lab, path="in_place", revision="default") == {}
