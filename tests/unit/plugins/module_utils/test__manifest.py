# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _manifest
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._manifest import Component, Part
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.tests.unit.support import rendering
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

REVISION = Revision(name="1-31", namespace="istio-system")
VERSION = Version(major=1, minor=31, patch=0)
COMPONENT = "operator.istio.io/component"


def read(*documents: Object, revision: Revision = REVISION) -> tuple[Part, ...]:
    return _manifest.read(FakeApi(), documents, revision)


def item(api_version: str, kind: str, name: str, **labels: str) -> Object:
    names = {"chart": "helm.sh/chart", "component": COMPONENT, "tag": "istio.io/tag"}
    named = {names.get(key, key): value for key, value in labels.items()}
    metadata = {"name": name, "namespace": "istio-system", "labels": named}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def definition(name: str) -> Object:
    return item("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)


def test_knows_the_parts_of_a_control_plane() -> None:
    parts = read(*rendering.render("1.31.0", {"revision": "1-31"}))
    shared = [str(part.target) for part in parts if part.shared]
    assert shared == [
        "CustomResourceDefinition gateways.networking.istio.io",
        "ServiceAccount istio-system/istio-reader-service-account",
    ]
    assert {part.component for part in parts} == {Component.BASE, Component.PILOT}


@pytest.mark.parametrize(
    ("document", "component"),
    [
        pytest.param(definition("telemetries.telemetry.istio.io"), "Base", id="definition"),
        pytest.param(item("apps/v1", "DaemonSet", "istio-cni-node"), "Cni", id="CNI by its name"),
        pytest.param(
            item("v1", "ConfigMap", "settings", chart="cni-1.31.0"), "Cni", id="CNI by its chart"
        ),
        pytest.param(
            item("v1", "ConfigMap", "istio-1-31-gatewayclass-defaults"), "Pilot", id="templates"
        ),
    ],
)
def test_tells_by_name_or_chart_what_an_object_belongs_to(document: Object, component: str) -> None:
    assert [part.component for part in read(document)] == [component]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param(
            item("v1", "Service", "istiod-revision-tag-prod", tag="prod"),
            "an object of a tag",
            id="tag",
        ),
        pytest.param(
            item("apps/v1", "Deployment", "door", component="IngressGateways"),
            "which belongs to a gateway",
            id="gateway",
        ),
        pytest.param(
            item("apps/v1", "Deployment", "istiod-1-30"), "is no part of revision 1-31", id="other"
        ),
        pytest.param(definition("gateways.example.org"), "is no part of", id="foreign definition"),
    ],
)
def test_refuses_what_is_not_the_revisions_own(document: Object, message: str) -> None:
    with pytest.raises(BadInputError, match=f"^operator, values: they render .*{message}"):
        read(document)


def test_refuses_kinds_that_the_api_server_does_not_know() -> None:
    with pytest.raises(MeshError, match=r"does not know example\.org/v1 Thing"):
        read(item("example.org/v1", "Thing", "one"))


def test_refuses_a_cni_that_nobody_asked_for() -> None:
    parts = read(item("apps/v1", "DaemonSet", "istio-cni-node"))
    _manifest.refuse_unasked_cni(parts, asked=True)
    _manifest.refuse_unasked_cni((), asked=False)
    with pytest.raises(BadInputError, match="renders DaemonSet istio-system/istio-cni-node"):
        _manifest.refuse_unasked_cni(parts, asked=False)


def test_what_a_control_plane_cannot_do_without_is_required() -> None:
    parts = read(*rendering.render("1.31.0", {"revision": "1-31"}))
    found = _manifest.require(parts, _kinds.SERVICE, "istiod-1-31")
    assert found.document["kind"] == "Service"
    assert _manifest.find(parts, _kinds.SERVICE, "istiod") is None
    with pytest.raises(BadInputError, match="they render no Service istiod, so"):
        _manifest.require(parts, _kinds.SERVICE, "istiod")


@pytest.mark.parametrize("owner", [None, "mine"])
def test_labels_as_istioctl_does(owner: str | None) -> None:
    (part,) = read(item("apps/v1", "Deployment", "istiod-1-31", app="istiod"))
    (labelled,) = _manifest.label([part], REVISION, VERSION, owner)
    owning = {"install.operator.istio.io/owning-resource": owner} if owner else {}
    assert labelled.document["metadata"]["labels"] == {
        "app": "istiod",
        "istio.io/rev": "1-31",
        "operator.istio.io/managed": "Reconcile",
        "operator.istio.io/version": "1.31.0",
        "install.operator.istio.io/owning-resource-namespace": "istio-system",
        COMPONENT: "Pilot",
        **owning,
    }
    assert part.document["metadata"]["labels"] == {"app": "istiod"}
    assert _manifest.is_installed(labelled.document, REVISION)
    assert not _manifest.is_installed(part.document, REVISION)


LIVE: dict[str, Any] = {"istio.io/rev": "1-31", "component": "Pilot"}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        pytest.param(None, "", id="nothing is there"),
        pytest.param({}, "", id="nobody's"),
        pytest.param(LIVE, "", id="its own"),
        pytest.param({**LIVE, "istio.io/rev": "1-30"}, "say revision 1-30", id="another's"),
        pytest.param(
            {**LIVE, "component": "IngressGateways"}, "component IngressGateways", id="a gateway's"
        ),
    ],
)
def test_writes_to_nothing_that_is_anothers(labels: dict[str, str] | None, message: str) -> None:
    (part,) = read(item("apps/v1", "Deployment", "istiod-1-31"))
    live = None if labels is None else item("apps/v1", "Deployment", "istiod-1-31", **labels)
    if not message:
        _manifest.prove_own(part, live, REVISION)
        return
    with pytest.raises(RefusedError, match=message) as caught:
        _manifest.prove_own(part, live, REVISION)
    assert caught.value.details["object"]["name"] == "istiod-1-31"


def test_shared_objects_may_be_another_revisions() -> None:
    name = "gateways.networking.istio.io"
    live = {**definition(name), "metadata": {"name": name, "labels": {"istio.io/rev": "1-30"}}}
    (part,) = read(definition(name))
    _manifest.prove_own(part, live, REVISION)


def test_reads_what_istioctl_prints() -> None:
    assert _manifest.parse("---\nkind: A\n---\n# nothing\n---\nkind: B\n") == [
        {"kind": "A"},
        {"kind": "B"},
    ]
    with pytest.raises(ValueError, match="mapping values are not allowed"):
        _manifest.parse("a: b: c")
