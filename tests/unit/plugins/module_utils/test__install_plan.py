# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _install_plan,
    _kinds,
    _manifest,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._install_plan import (
    InstallPlan,
    Intent,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Stage, Step
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, rendering
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh

REVISION = Revision(name="1-31", namespace="istio-system")
ISTIOD = ("apps/v1", "Deployment", "istio-system", "istiod-1-31")


def rendered(version: str = "1.31.0", **spec: Any) -> list[Object]:
    return rendering.render(version, {"revision": "1-31", **spec})


def make(
    api: LiveMesh, documents: list[Object] | None = None, version: str = "1.31.0", **intent: Any
) -> InstallPlan:
    parsed = Version.parse(version)
    assert parsed is not None
    parts = _manifest.read(api, documents or rendered(version), REVISION)
    labelled = _manifest.label(parts, REVISION, parsed, None)
    return _install_plan.make(api, labelled, Intent(revision=REVISION, version=parsed, **intent))


def step(plan: InstallPlan, kind: str, name: str) -> Step:
    (found,) = (
        each for each in plan.steps if (each.target.kind.kind, each.target.name) == (kind, name)
    )
    return found


def install(api: LiveMesh, documents: list[Object] | None = None, **intent: Any) -> None:
    """Write all of a plan, in whatever order."""
    for each in make(api, documents, **intent).steps:
        each.run(api)


@pytest.fixture
def api() -> LiveMesh:
    return LiveMesh()


def test_a_namespace_that_is_missing_is_made_on_its_network(api: LiveMesh) -> None:
    api.remove(_kinds.NAMESPACE, "istio-system")
    documents = rendered()
    (injector,) = (
        each
        for each in documents
        if each["metadata"]["name"] == "istio-sidecar-injector-1-31" and each["kind"] == "ConfigMap"
    )
    values = json.loads(injector["data"]["values"])
    values["global"]["network"] = "blue"
    injector["data"]["values"] = json.dumps(values)
    made = step(make(api, documents), "Namespace", "istio-system")
    assert (made.stage, made.document) == (
        Stage.NAMESPACE,
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": "istio-system",
                "labels": {"topology.istio.io/network": "blue"},
            },
        },
    )
    plain = step(make(api), "Namespace", "istio-system")
    assert plain.document is not None
    assert plain.document["metadata"] == {"name": "istio-system"}


def test_a_namespace_that_is_being_deleted_takes_nothing(api: LiveMesh) -> None:
    ending = mesh_objects.namespace("istio-system")
    ending["metadata"]["deletionTimestamp"] = "2026-05-04T08:00:00Z"
    api.put(ending)
    with pytest.raises(RefusedError, match="Namespace istio-system is being deleted"):
        make(api)


@pytest.mark.parametrize(
    ("plane", "message"),
    [
        pytest.param(("1-31", "1.29.5"), "1.29.5, which runs there; in place", id="in place"),
        pytest.param(("1-28", "1.28.0"), "1.28.0, which runs beside it", id="beside"),
    ],
)
def test_refuses_versions_that_are_too_far_apart(
    api: LiveMesh, plane: tuple[str, str], message: str
) -> None:
    revision, version = plane
    api.put(mesh_objects.istiod(revision, f"hub.example.org/pilot:{version}"))
    with pytest.raises(RefusedError, match=message) as caught:
        make(api)
    assert caught.value.details == {"version": version}
    assert make(api, allow_skew=True).steps


def test_a_version_that_nobody_can_tell_is_not_too_far(api: LiveMesh) -> None:
    api.put(mesh_objects.istiod("old", "hub.example.org/pilot@sha256:0a"))
    assert make(api).steps


def scaler(name: str, target: str) -> Object:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name, "namespace": "istio-system", "labels": {}},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": target}},
    }


FIXED = {"values": {"pilot": {"replicaCount": 3}}}


@pytest.mark.parametrize(
    ("documents", "item", "replicas"),
    [
        pytest.param(rendered(**FIXED), None, 3, id="nobody"),
        pytest.param(rendered(**FIXED), scaler("mine", "istiod-1-31"), None, id="the user's own"),
        pytest.param(rendered(**FIXED), scaler("mine", "web"), 3, id="that of another"),
        # It goes, as the manifest has it no more.
        pytest.param(
            rendered(**FIXED), scaler("istiod-1-31", "istiod-1-31"), 3, id="the last one's"
        ),
        pytest.param(rendered(), None, None, id="the manifest's"),
    ],
)
def test_the_number_of_istiods_is_left_to_an_autoscaler(
    api: LiveMesh, documents: list[Object], item: Object | None, replicas: int | None
) -> None:
    if item is not None:
        api.put(item)
    document = step(make(api, documents), "Deployment", "istiod-1-31").document
    assert document is not None
    assert document["spec"].get("replicas") == replicas


def test_a_number_that_was_applied_once_is_not_given_up(api: LiveMesh) -> None:
    """The API server would set it back to 1 in the moment in which nobody applies it."""
    install(api, rendered(**FIXED))
    item = api.objects[ISTIOD]
    fields = {"f:spec": {"f:replicas": {}}}
    item["metadata"]["managedFields"] = [{"manager": "istio-operator", "fieldsV1": fields}]
    item["spec"]["replicas"] = 7
    document = step(make(api), "Deployment", "istiod-1-31").document
    assert document is not None
    assert document["spec"]["replicas"] == 7


def test_what_an_earlier_installation_left_goes(api: LiveMesh) -> None:
    install(api)
    assert not [each for each in make(api).steps if each.changes]
    fixed = rendered(**FIXED)
    gone = step(make(api, fixed), "HorizontalPodAutoscaler", "istiod-1-31")
    assert (gone.document, gone.after, gone.changes) == (None, None, True)
    # One of that name that no installation made is somebody's own.
    api.put(scaler("istiod-1-31", "istiod-1-31"))
    kinds = {each.target.kind for each in make(api, fixed).steps}
    assert _kinds.HPA not in kinds


def test_the_tag_of_another_tool_is_not_overwritten(api: LiveMesh) -> None:
    install(api)
    key = (
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        None,
        "istio-revision-tag-default",
    )
    api.objects[key]["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "mesh:x"}
    with pytest.raises(RefusedError, match="belongs to argo_cd, which would undo") as caught:
        make(api)
    assert caught.value.details["owner"] == "argo_cd"
    assert make(api, take_over=frozenset({"argo_cd"})).steps


def test_an_injector_that_would_meet_another_is_refused(api: LiveMesh) -> None:
    install(api)
    twin = api.objects[
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        None,
        "istio-sidecar-injector-1-31",
    ]
    api.remove(_kinds.MUTATING_WEBHOOK, "istio-sidecar-injector-1-31")
    api.put({**twin, "metadata": {**twin["metadata"], "name": "twin"}})
    with pytest.raises(RefusedError, match="would both inject the same pods"):
        make(api)


def test_shared_objects_that_are_newer_stay(api: LiveMesh) -> None:
    install(api)
    definition = "gateways.networking.istio.io"
    key = ("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, definition)
    api.objects[key]["metadata"]["labels"]["operator.istio.io/version"] = "1.31.2"
    assert f"CustomResourceDefinition {definition}" in map(str, make(api).kept)
    # Helm has brought it up to this version: only labels would change.
    api.objects[key]["metadata"]["labels"]["operator.istio.io/version"] = "1.31.0"
    assert make(api).kept == ()
    api.objects[key]["metadata"]["annotations"] = {"meta.helm.sh/release-name": "istio-base"}
    assert [each.name for each in make(api).kept] == [definition]


def test_an_istiod_that_hangs_is_started_anew(api: LiveMesh) -> None:
    api.broken.add("1-31")
    install(api)
    assert not [each for each in make(api).steps if each.target.kind == _kinds.POD]
    pod = api.objects["v1", "Pod", "istio-system", "istiod-1-31-5d8-0"]
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
    statuses = [{"name": "discovery", "state": waiting}]
    api.put({**pod, "status": {"phase": "Pending", "containerStatuses": statuses}})
    found = step(make(api), "Pod", "istiod-1-31-5d8-0")
    assert (found.stage, found.document) == (Stage.ISTIOD, None)
    # One whose template changes gets new pods anyway.
    changed = make(api, rendered(hub="elsewhere.example.org"))
    assert not [each for each in changed.steps if each.target.kind == _kinds.POD]
