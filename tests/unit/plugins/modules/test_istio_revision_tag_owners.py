# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of other tools that a tag would change."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.modules import istio_revision_tag
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

Object = dict[str, Any]
ADMISSION = "admissionregistration.k8s.io/v1"
INJECTOR = (ADMISSION, "MutatingWebhookConfiguration", None, "istio-sidecar-injector")
TAG = (ADMISSION, "MutatingWebhookConfiguration", None, "istio-revision-tag-prod")
SERVICE = ("v1", "Service", "istio-system", "istiod-revision-tag-prod")
VALIDATOR = (ADMISSION, "ValidatingWebhookConfiguration", None, "istiod-default-validator")
HELM = {"meta.helm.sh/release-name": "istiod"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "mesh"}


@pytest.fixture
def api() -> LiveMesh:
    """The control plane without a revision, and 1-31 beside it."""
    mesh = LiveMesh(mesh_objects.namespace("shop"))
    mesh.install("1.30.4")
    mesh.install("1.31.0", revision="1-31")
    return mesh


def run(api: LiveMesh, **arguments: Any) -> dict[str, Any]:
    api.writes.clear()
    given = {"tag": "prod", **arguments}
    if given.get("state") != "absent":
        given = {"revision": "1-31", **given}
    return run_module(istio_revision_tag, api, given)


def mark(
    api: LiveMesh,
    key: Any,
    labels: dict[str, str],
    annotations: dict[str, str] | None = None,
) -> None:
    """Let an object say that it belongs to a tool."""
    metadata = api.objects[key]["metadata"]
    metadata["labels"] = {**metadata.get("labels", {}), **labels}
    metadata["annotations"] = {**metadata.get("annotations", {}), **(annotations or {})}


def refuses(api: LiveMesh, owner: str, named: str, **arguments: Any) -> None:
    """It writes nothing, unless it is told to take over from this very owner."""
    refused = run(api, take_over=["argo_cd"], **arguments)
    assert (refused["rc"], api.writes) == (1, [])
    assert f"{named} belongs to {owner}, which would undo or fight the change" in refused["msg"]
    assert f"take_over: [{owner}]" in refused["msg"]
    allowed = run(api, take_over=[owner], **arguments)
    assert (allowed["rc"], allowed["changed"]) == (0, True), allowed.get("msg")


def test_does_not_put_an_injector_of_helm_to_sleep(api: LiveMesh) -> None:
    mark(api, INJECTOR, {}, HELM)
    refuses(api, "helm", "MutatingWebhookConfiguration istio-sidecar-injector", tag="default")


def test_does_not_write_over_the_validator_of_helms_base(api: LiveMesh) -> None:
    api.put(control_planes.default_validator())
    base = {"meta.helm.sh/release-name": "istio-base"}
    mark(api, VALIDATOR, {"release": "istio-base"}, base)
    named = "ValidatingWebhookConfiguration istiod-default-validator"
    refuses(api, "helm", named, tag="default")
    # It is a part of the tag now, and Helm still has it among its own.
    assert api.objects[VALIDATOR]["metadata"]["labels"]["istio.io/tag"] == "default"
    refuses(api, "helm", named, tag="default", state="absent")


@pytest.mark.parametrize(
    ("key", "named"),
    [
        pytest.param(TAG, "MutatingWebhookConfiguration istio-revision-tag-prod", id="webhook"),
        pytest.param(SERVICE, "Service istio-system/istiod-revision-tag-prod", id="service"),
    ],
)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_does_not_move_or_remove_a_tag_of_flux(
    api: LiveMesh, key: Any, named: str, state: str
) -> None:
    run(api, revision="default")
    mark(api, key, FLUX)
    refuses(api, "flux", named, state=state)


def test_does_not_move_a_tag_of_helms_chart(api: LiveMesh) -> None:
    run(api, revision="default")
    chart = {"operator.istio.io/component": "Pilot", "release": "istiod"}
    mark(api, TAG, chart, HELM)
    refuses(api, "helm", "MutatingWebhookConfiguration istio-revision-tag-prod")


def test_what_stays_as_it_is_may_be_anybodys(api: LiveMesh) -> None:
    run(api)
    mark(api, TAG, FLUX)
    again = run(api)
    assert (again["rc"], again["changed"], api.writes) == (0, False, [])


def test_moves_a_tag_of_istioctl_on_a_mesh_of_helm(api: LiveMesh) -> None:
    """`istioctl tag set` copies the marks of the revision's webhook, but no component."""
    run(api, revision="default")
    mark(api, TAG, {"release": "istiod"}, HELM)
    assert run(api)["changed"] is True


@pytest.mark.parametrize("labels", [FLUX, {"managed-by": "sail-operator"}], ids=["flux", "sail"])
def test_its_own_tag_does_not_look_like_its_revisions_owners(
    api: LiveMesh, labels: dict[str, str]
) -> None:
    key = (*INJECTOR[:3], "istio-sidecar-injector-1-31")
    mark(api, key, labels)
    run(api)
    assert not set(labels) & set(api.objects[TAG]["metadata"]["labels"])
    assert run(api, revision="default")["changed"] is True
