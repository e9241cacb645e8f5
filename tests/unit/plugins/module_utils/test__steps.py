# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _steps
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Stage, Step
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

TARGET = ObjectName(kind=_kinds.CONFIG_MAP, name="istio", namespace="mesh")


def config(value: str, **metadata: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "mesh", **metadata},
        "data": {"mesh": value},
    }


def step(before: Object | None, after: Object | None, stage: Stage = Stage.SETTINGS) -> Step:
    return Step(target=TARGET, stage=stage, document=after, before=before, after=after)


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        pytest.param(None, config("a"), "created", id="new"),
        pytest.param(config("a"), config("b"), "updated", id="other content"),
        pytest.param(config("a"), config("a", labels={"x": "y"}), "updated", id="other labels"),
        pytest.param(
            config("a", resourceVersion="1", managedFields=[], uid="1"),
            {**config("a", resourceVersion="2", generation=3), "status": {"x": 1}},
            "unchanged",
            id="only what the API server counts",
        ),
        pytest.param(config("a"), None, "deleted", id="not wanted"),
        pytest.param(None, None, "unchanged", id="never there"),
    ],
)
def test_tells_what_becomes_of_an_object(
    before: Object | None, after: Object | None, action: str
) -> None:
    found = step(before, after)
    assert (str(found.action), found.changes) == (action, action != "unchanged")
    report = _steps.report([found])
    named = {"kind": "ConfigMap", "name": "istio", "namespace": "mesh", "action": action}
    assert report["objects"] == ([named] if found.changes else [])
    assert report["changed"] is bool(report["objects"]) is bool(report["diff"])


def test_shows_a_person_no_schemas_and_no_certificates() -> None:
    hook = {"name": "x", "clientConfig": {"caBundle": "Q0E=", "url": "https://example.org"}}
    before: Object = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "injector"},
        "webhooks": [hook, {"name": "y"}],
    }
    after: Object = {**before, "webhooks": [hook]}
    shown = step(before, after).change().diff()
    bundle = shown["before"]["webhooks"][0]["clientConfig"]["caBundle"]
    assert bundle.startswith("sha256:")
    assert shown["before"]["webhooks"][1] == {"name": "y", "clientConfig": {}}
    definition: Object = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gateways.networking.istio.io"},
        "spec": {"versions": ["v1"]},
    }
    other = {**definition, "spec": {"versions": ["v2"]}}
    change = step(definition, other).change()
    assert change.changed
    assert set(change.diff()["before"]["spec"]) == {"fingerprint"}


def test_shows_an_election_without_who_holds_it_and_since_when() -> None:
    lease: Object = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "istio-gateway-deployment-1-31", "namespace": "mesh"},
        "spec": {"holderIdentity": "istiod-1", "renewTime": "2026-11-01T10:00:07.000002Z"},
    }
    shown = step(lease, None).change().diff()["before"]
    assert shown["metadata"]["name"] == "istio-gateway-deployment-1-31"
    assert "spec" not in shown


def test_a_namespace_that_is_still_to_come_is_no_obstacle() -> None:
    api = FakeApi()
    missing = ApiError("namespaces mesh not found", status=404)
    apply = api.apply

    def refuse(*_arguments: Any, **_options: Any) -> Object:
        raise missing

    api.apply = refuse  # type: ignore[method-assign]
    planned = _steps.dry_run(api, Stage.SETTINGS, config("a"), None)
    assert (str(planned.action), planned.after) == ("created", config("a"))
    with pytest.raises(ApiError, match="mesh not found"):
        _steps.dry_run(api, Stage.SETTINGS, config("a"), config("b"))
    missing.status = 403
    with pytest.raises(ApiError, match="mesh not found"):
        _steps.dry_run(api, Stage.SETTINGS, config("a"), None)
    api.apply = apply  # type: ignore[method-assign]
    planned.run(api)
    assert api.objects["v1", "ConfigMap", "mesh", "istio"]["data"] == {"mesh": "a"}
    _steps.deletion(TARGET, config("a")).run(api)
    assert api.objects == {}


def test_writes_stage_after_stage_and_only_what_changes() -> None:
    api = FakeApi()
    late = ObjectName(kind=_kinds.CONFIG_MAP, name="late", namespace="mesh")
    document = {**config("a"), "metadata": {"name": "late", "namespace": "mesh"}}
    steps = [
        Step(target=late, stage=Stage.TAGS, document=document, before=None, after=document),
        step(None, config("a")),
        step(config("b"), config("b"), Stage.TAGS),
    ]
    _steps.run(api, steps, (Stage.SETTINGS, Stage.TAGS))
    assert [name for _verb, _kind, name in api.writes] == ["istio", "late"]
    api.writes.clear()
    _steps.run(api, steps, (Stage.KINDS,))
    assert api.writes == []
