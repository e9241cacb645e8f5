# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A control plane comes and goes, and nothing else of the mesh notices."""

from __future__ import annotations

from sandbox import istio
from sandbox.cluster import Cluster
from tests.integration.support import reading
from tests.integration.support.lab import NEW, Lab, control_plane, touches

ELECTIONS = [f"lease/istio-gateway-{of}-{NEW}" for of in ("deployment", "status-leader")]
ISTIOD = f"/apis/apps/v1/namespaces/istio-system/deployments/istiod-{NEW}"
# Belongs to all revisions; istioctl labels it with the one that was installed last.
SHARED = {"serviceaccounts/istio-system/istio-reader-service-account"}


def _kinds_of_istio(versions: reading.Versions) -> set[str]:
    """Istio's own kinds: the first installation of a newer Istio brings them to its version."""
    prefix = "customresourcedefinitions/"
    return {each for each in versions if each.startswith(prefix) and each.endswith(".istio.io")}


def _is_foreign(name: str) -> bool:
    """Whether an object belongs to nobody or to somebody else than the new revision."""
    return NEW not in name and not name.startswith("ipaddresses/")


def test_a_revision_is_installed_updated_and_removed(mesh: Cluster, lab: Lab) -> None:
    start = reading.quiet(mesh)
    installed = lab.prove("istio_revision", **control_plane(mesh))
    assert installed.done.result["proof"]["injected"] == {
        "revision": NEW,
        "image": "localhost/istio/proxyv2:1.31.0",
    }
    assert lab.sidecar("outside", {"istio.io/rev": NEW}) == "localhost/istio/proxyv2:1.31.0"
    assert lab.sidecar("shop") == "localhost/istio/proxyv2:1.30.4"
    assert touches(installed.difference, _is_foreign) <= SHARED | _kinds_of_istio(start)

    env = {"pilot": {"env": {"PILOT_PUSH_THROTTLE": "50"}}}
    updated = lab.prove("istio_revision", **control_plane(mesh, values=env))
    [container] = mesh.objects.get(ISTIOD)["spec"]["template"]["spec"]["containers"]
    assert {"name": "PILOT_PUSH_THROTTLE", "value": "50"} in container["env"]
    assert not touches(updated.difference, _is_foreign)

    # Its elections are deleted too, and it takes part in them when it has run for a while.
    for lease in ELECTIONS:
        mesh.kubectl("wait", "-n", "istio-system", "--for=create", lease, "--timeout=180s")
    removed = lab.prove("istio_revision", revision=NEW, state="absent")
    assert removed.difference.removed
    assert not touches(removed.difference, _is_foreign)
    whole = reading.difference(start, reading.quiet(mesh))
    assert not whole.added
    assert not whole.removed
    assert whole.changed <= SHARED | _kinds_of_istio(start)


def test_an_install_that_fails_harms_nobody(mesh: Cluster, lab: Lab) -> None:
    before = reading.quiet(mesh)
    broken = control_plane(mesh, hub="localhost/none", wait_timeout=30)
    tried = lab.ansible.alone("istio_revision", fails=True, **broken)
    assert "localhost/none/pilot:1.31.0" in tried.message
    reading.expect_same(before, reading.quiet(mesh), "trying the images has changed")

    lab.recorder.take()
    failed = lab.ansible.alone("istio_revision", fails=True, **broken, try_images=False)
    assert f"istiod-{NEW}" in failed.message
    assert lab.recorder.writes(), "the install must have begun"
    left = reading.difference(before, reading.quiet(mesh))
    assert touches(left, _is_foreign) <= SHARED | _kinds_of_istio(before)

    removed = lab.ansible.alone("istio_revision", revision=NEW, state="absent")
    assert removed.changed
    whole = reading.difference(before, reading.quiet(mesh))
    assert touches(whole, lambda _: True) <= SHARED | _kinds_of_istio(before)


def test_a_revision_in_use_is_not_removed(beside: Cluster, lab: Lab) -> None:
    beside.kubectl("label", "namespace", "shop", "istio-injection-", f"istio.io/rev={NEW}")
    refused = lab.refused("istio_revision", revision=NEW, state="absent")
    assert refused.result["users"]["namespaces"] == ["shop"]
    beside.kubectl("rollout", "restart", "-n", "shop", "deployment/payments")
    beside.kubectl("rollout", "status", "-n", "shop", "deployment/payments", "--timeout=300s")
    beside.kubectl("label", "namespace", "shop", "istio.io/rev-", "istio-injection=enabled")

    refused = lab.refused("istio_revision", revision=NEW, state="absent")
    [pod] = [each["metadata"]["name"] for each in lab.pods("shop") if _is_on_new(each)]
    assert refused.result["users"]["pods"] == [f"shop/{pod}"]
    assert refused.result["users"]["proxies"] == [f"shop/{pod}"]
    assert f"shop/{pod}" in refused.message

    old = lab.refused("istio_revision", revision="default", state="absent")
    users = old.result["users"]
    assert users["namespaces"] == ["shop"]
    assert users["tags"] == ["default"]
    assert {each.split("/")[0] for each in users["gateways"]} == {
        f"Pod {namespace}" for namespace in istio.GATEWAYS.values()
    }


def _is_on_new(pod: dict[str, dict[str, dict[str, str]]]) -> bool:
    return pod["metadata"]["annotations"].get("istio.io/rev") == NEW
