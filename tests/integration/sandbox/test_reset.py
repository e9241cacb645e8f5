# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A reset mesh is as it was when it was new, whatever was done to it; kubectl is the judge."""

from __future__ import annotations

import json
from typing import Any

from sandbox import istio, reset
from sandbox.cluster import Cluster

FILTER = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "EnvoyFilter",
    "metadata": {"name": "nothing", "namespace": "shop"},
    "spec": {"workloadSelector": {"labels": {"app": "none"}}},
}


def _specs(cluster: Cluster) -> dict[str, Any]:
    """What a person would compare: labels of namespaces, and what each controller asks for."""
    found = {}
    for kind in ("namespace", "deployment", "service", "mutatingwebhookconfiguration"):
        items = json.loads(cluster.kubectl("get", kind, "-A", "-o", "json"))["items"]
        for item in items:
            metadata = item["metadata"]
            key = f"{kind} {metadata.get('namespace', '')}/{metadata['name']}"
            content = item.get("spec") or item.get("webhooks")
            found[key] = (metadata.get("labels"), content)
    return found


def _images(cluster: Cluster) -> set[str]:
    said = cluster.kubectl(
        *("get", "pods", "-A", "--field-selector=status.phase=Running"),
        *("-o", "jsonpath={..image}"),
    )
    return {image for image in said.split() if "istio" in image}


def test_a_changed_mesh_is_as_new(mesh: Cluster) -> None:
    before = _specs(mesh)
    istio.install(mesh, "1.31", "1-31")
    mesh.kubectl("label", "namespace", "shop", "istio-injection-", "istio.io/rev=1-31")
    mesh.kubectl("rollout", "restart", "-n", "shop", "deployment/payments")
    mesh.kubectl("rollout", "status", "-n", "shop", "deployment/payments", "--timeout=300s")
    mesh.kubectl("delete", "deployment", "-n", "shop", "catalog", "--wait=false")
    mesh.kubectl("scale", "-n", "istio-ingress", "deployment/istio-ingressgateway", "--replicas=1")
    mesh.kubectl("create", "namespace", "new")
    mesh.kubectl("create", "configmap", "-n", "new", "something")
    # Of all versions of Istio's networking only an old one has this kind.
    mesh.apply([FILTER])
    assert any("1.31.0" in image for image in _images(mesh)), "the new version must be in use"

    reset.restore(mesh)

    after = _specs(mesh)
    assert {
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    } == set()
    assert not mesh.kubectl("get", "envoyfilter", "-A", "-o", "name")
    assert {image.rpartition(":")[2] for image in _images(mesh)} == {"1.30.4"}


def test_a_sidecar_of_another_revision_is_replaced_even_of_the_same_version(mesh: Cluster) -> None:
    istio.install(mesh, "1.30", "1-30")
    mesh.kubectl("label", "namespace", "shop", "istio-injection-", "istio.io/rev=1-30")
    mesh.kubectl("rollout", "restart", "-n", "shop", "deployment/payments")
    mesh.kubectl("rollout", "status", "-n", "shop", "deployment/payments", "--timeout=300s")
    reset.restore(mesh)
    each = r"{.metadata.deletionTimestamp},{.metadata.annotations.istio\.io/rev}{'\n'}"
    said = mesh.kubectl(
        *("get", "pods", "-n", "shop", "-l", "app=payments"),
        *("-o", f"jsonpath={{range .items[*]}}{each}{{end}}"),
    )
    assert {line for line in said.splitlines() if line.startswith(",")} == {",default"}


def test_every_proxy_is_back_after_istiod_was_replaced(mesh: Cluster) -> None:
    mesh.kubectl("delete", "pod", "-n", "istio-system", "-l", "app=istiod")
    reset.restore(mesh)
    _heading, *proxies = mesh.run("istioctl-1.30", "proxy-status").splitlines()
    names = r"{.spec.initContainers[*].name} {.spec.containers[*].name}{'\n'}"
    pods = mesh.kubectl("get", "pods", "-A", "-o", f"jsonpath={{range .items[*]}}{names}{{end}}")
    assert len(proxies) == sum("istio-proxy" in line for line in pods.splitlines()) > 0
