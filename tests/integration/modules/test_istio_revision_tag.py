# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tag leads where it was pointed at: what new pods get is what istioctl's tags would give."""

from __future__ import annotations

from typing import Any

from sandbox.cluster import Cluster
from tests.integration.support.fixtures import VALIDATORS
from tests.integration.support.lab import NEW, Lab

OLD_PROXY, NEW_PROXY = "localhost/istio/proxyv2:1.30.4", "localhost/istio/proxyv2:1.31.0"


def _validator(cluster: Cluster) -> str:
    """The Service of who checks configuration that names no revision."""
    hooks = cluster.objects.get(f"{VALIDATORS}/istiod-default-validator")["webhooks"]
    return str(hooks[0]["clientConfig"]["service"]["name"])


def test_a_tag_is_set_moved_and_removed(beside: Cluster, lab: Lab) -> None:
    made = lab.prove("istio_revision_tag", tag="prod", revision="default")
    assert (made.done.result["before"], made.done.result["after"]) == (None, "default")
    assert lab.sidecar("outside", {"istio.io/rev": "prod"}) == OLD_PROXY
    moved = lab.prove("istio_revision_tag", tag="prod", revision=NEW)
    assert moved.writes
    assert lab.sidecar("outside", {"istio.io/rev": "prod"}) == NEW_PROXY
    assert lab.tags() == {"default": "default", "prod": NEW}

    beside.kubectl("label", "namespace", "outside", "istio.io/rev=prod")
    refused = lab.refused("istio_revision_tag", tag="prod", state="absent")
    assert refused.result["users"] == ["Namespace outside"]
    beside.kubectl("label", "namespace", "outside", "istio.io/rev-")
    lab.prove("istio_revision_tag", tag="prod", state="absent")
    assert lab.tags() == {"default": "default"}


def test_the_default_tag_takes_injection_and_validation_along(beside: Cluster, lab: Lab) -> None:
    before = _hooks_of(beside)
    lab.prove("istio_revision_tag", tag="default", revision=NEW)
    assert lab.sidecar("shop") == NEW_PROXY
    assert _validator(beside) == f"istiod-{NEW}"
    assert lab.tags() == {"default": NEW}

    lab.prove("istio_revision_tag", tag="default", revision="default")
    assert lab.sidecar("shop") == OLD_PROXY
    assert _validator(beside) == "istiod"
    assert _hooks_of(beside) == before, "the way back leaves the webhooks as they were"


def test_what_leads_nowhere_is_refused(beside: Cluster, lab: Lab) -> None:
    missing = lab.refused("istio_revision_tag", tag="prod", revision="1-99")
    assert "1-99" in missing.message
    beside.kubectl("scale", "-n", "istio-system", f"deployment/istiod-{NEW}", "--replicas=0")
    ended = ("wait", "--for=delete", "--timeout=300s")
    beside.kubectl(*ended, "pod", "-n", "istio-system", "-l", f"istio.io/rev={NEW}")
    dead = lab.refused("istio_revision_tag", tag="prod", revision=NEW)
    assert f"istiod-{NEW}" in dead.message
    beside.kubectl("scale", "-n", "istio-system", f"deployment/istiod-{NEW}", "--replicas=1")
    beside.kubectl("rollout", "status", "-n", "istio-system", f"deployment/istiod-{NEW}")


def _hooks_of(cluster: Cluster) -> Any:
    """Where every injector leads, and for which pods."""
    path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
    return {
        (item["metadata"]["name"], hook["name"]): (
            hook["clientConfig"]["service"]["name"],
            hook.get("namespaceSelector"),
            hook.get("objectSelector"),
        )
        for item in cluster.objects.get(path)["items"]
        for hook in item.get("webhooks", ())
    }
