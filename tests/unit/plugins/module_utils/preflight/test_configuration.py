# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings about webhooks, gateways and configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import webhook_matrix
from ansible_collections.meshwright.istio.tests.unit.support import (
    canary_meshes,
    control_planes,
    gateways,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    SYSTEM,
    codes,
    healthy,
    in_place,
    merged,
    of_version,
    shown,
    simple,
    wanted,
    without,
)

Object = dict[str, Any]


def prod() -> Object:
    return control_planes.webhook_configuration(
        "istio-revision-tag-prod", "default", tag="prod", service="istiod"
    )


def edge(*, selector: Object | None = None, own: Object | None = None, **spec: Any) -> list[Object]:
    """A gateway by injection with one pod and its Service."""
    return [
        mesh_objects.namespace("edge"),
        gateways.gateway("edge-in", labels={"istio.io/rev": "default"}, selector=own, **spec),
        gateways.service("edge-in", **(selector or {})),
        mesh_objects.pod(
            "edge-in-1",
            "edge",
            revision="default",
            deployment="edge-in",
            labels={"istio.io/rev": "default"},
        ),
    ]


def api_gateway(namespace: str = "cart", **metadata: Any) -> Object:
    return simple(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        "public",
        namespace,
        spec={"gatewayClassName": metadata.pop("class_name", "istio")},
        **metadata,
    )


def revisioned() -> list[Object]:
    """A mesh whose only control plane is 1-30."""
    return [
        *canary_meshes.plane("1-30", "1.30.4"),
        canary_meshes.tag("default", "1-30"),
        control_planes.default_validator("1-30", service="istiod-1-30"),
        mesh_objects.namespace("cart", rev="1-30"),
        mesh_objects.namespace(SYSTEM),
        mesh_objects.node(),
    ]


def envoy_filter(namespace: str = "cart", *, form: str = "", patch: Any = None) -> Object:
    match = {"proxy": {"proxyVersion": form}} if form else {}
    patches = [{"applyTo": "HTTP_FILTER", "match": match, "patch": {"value": patch or {}}}]
    return simple(
        "networking.istio.io/v1alpha3",
        "EnvoyFilter",
        "limits",
        namespace,
        spec={"configPatches": patches},
    )


def route(revision: str, namespace: str = "cart") -> Object:
    return simple(
        "networking.istio.io/v1",
        "VirtualService",
        "cart",
        namespace,
        labels={"istio.io/rev": revision},
        spec={},
    )


LUA_V2 = {"typed_config": {"@type": "type.googleapis.com/envoy.config.filter.http.lua.v2.Lua"}}
LUA_V3 = {"typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"}}
CENSUS = [{"type_url": "type.googleapis.com/envoy.config.trace.v3.OpenCensusConfig"}]
GITOPS = {"metadata": {"labels": {"argocd.argoproj.io/instance": "apps"}}}
LABEL = {"f:metadata": {"f:labels": {"f:istio-injection": {}}}}
WRITTEN = {"metadata": {"managedFields": [{"manager": "argocd-controller", "fieldsV1": LABEL}]}}


def cart(change: Object) -> list[Object]:
    """The healthy mesh with another namespace cart."""
    return [
        merged(item, change)
        if (item["kind"], item["metadata"]["name"]) == ("Namespace", "cart")
        else item
        for item in healthy()
    ]


def narrowed() -> Object:
    """A tag whose webhook somebody has narrowed to pods of one team."""
    item = prod()
    for hook in item["webhooks"]:
        hook["objectSelector"] = {"matchLabels": {"team": "a"}}
    return item


@pytest.mark.parametrize(
    ("objects", "upgrade", "code", "severity"),
    [
        pytest.param(
            [*healthy(), narrowed()], wanted(), "webhook_matrix", "warn", id="a tag injects nobody"
        ),
        pytest.param(
            [
                *healthy(),
                prod(),
                control_planes.webhook_configuration(
                    "left-over", "default", tag="prod", service="istiod"
                ),
            ],
            wanted(),
            "webhook_matrix",
            "warn",
            id="two webhooks for a tag that nobody names",
        ),
        pytest.param(
            [
                *without("istiod-x"),
                *control_planes.unrevisioned()[1:],
                merged(
                    control_planes.unrevisioned()[0],
                    {
                        "webhooks": [
                            {**hook, "clientConfig": {"service": hook["clientConfig"]["service"]}}
                            for hook in control_planes.unrevisioned()[0]["webhooks"]
                        ]
                    },
                ),
            ],
            wanted(),
            "webhook_dead",
            "block",
            id="an injector without a certificate",
        ),
        pytest.param(
            [*of_version("1.29.4"), api_gateway()],
            wanted(),
            "gateway_config",
            "block",
            id="a Gateway of an istiod that drops it",
        ),
        pytest.param(
            [*of_version("1.29.4"), prod(), api_gateway(labels={"istio.io/rev": "prod"})],
            wanted(),
            "gateway_config",
            "block",
            id="a Gateway that names a tag",
        ),
        pytest.param(
            [*healthy(), *edge(selector={"app": "edge-in", "istio.io/rev": "default"})],
            wanted(),
            "gateway_pods",
            "block",
            id="a Service that selects the revision",
        ),
        pytest.param(
            [*healthy(), *edge(own={"app": "edge-in", "istio.io/rev": "default"})],
            wanted(),
            "gateway_pods",
            "block",
            id="a Deployment that selects the revision",
        ),
        pytest.param(
            [*healthy(), *edge(selector={"app": "other"})],
            wanted(),
            "gateway_pods",
            "block",
            id="a gateway without a Service",
        ),
        pytest.param(
            [*healthy(), *edge(paused=True)],
            in_place(),
            "gateway_pods",
            "block",
            id="a gateway that is paused",
        ),
        pytest.param(
            [
                *healthy(),
                merged(
                    gateways.gateway("old"),
                    {
                        "metadata": {
                            "labels": {
                                "istio.io/rev": "default",
                                "operator.istio.io/component": "IngressGateways",
                            }
                        }
                    },
                ),
            ],
            wanted(),
            "gateway_owner",
            "warn",
            id="a gateway that belongs to the revision",
        ),
        pytest.param(
            [*revisioned(), route("1-30")],
            wanted(),
            "config_revision",
            "warn",
            id="a route for one revision",
        ),
        pytest.param(
            [*healthy(), envoy_filter(form=r"^1\.30.*")],
            wanted(),
            "envoy_filter",
            "block",
            id="a filter for 1.30 only",
        ),
        pytest.param(
            [*healthy(), envoy_filter(SYSTEM, form=r"^1\.30.*")],
            in_place(namespaces=("cart",)),
            "envoy_filter",
            "block",
            id="a filter for the whole mesh",
        ),
        pytest.param(
            [*healthy(), envoy_filter(patch=LUA_V2)],
            wanted(),
            "envoy_filter",
            "block",
            id="a type of the API v2",
        ),
        pytest.param(
            [*healthy(), envoy_filter(patch=CENSUS)],
            wanted(),
            "envoy_filter",
            "block",
            id="a type that Envoy has no more",
        ),
        pytest.param(cart(GITOPS), wanted(), "foreign_owner", "warn", id="a namespace of Argo CD"),
        pytest.param(cart(WRITTEN), wanted(), "foreign_owner", "warn", id="a label of Argo CD"),
    ],
)
def test_each_condition_is_found_and_nothing_else(
    objects: list[Object], upgrade: Any, code: str, severity: str
) -> None:
    assert codes(objects, upgrade) == [(code, severity)]


@pytest.mark.parametrize(
    ("objects", "upgrade"),
    [
        pytest.param([*healthy(), prod()], wanted(), id="a tag that nobody names"),
        pytest.param(
            [*healthy(), api_gateway()], wanted(), id="a Gateway of an istiod that keeps it"
        ),
        pytest.param([*of_version("1.29.4"), api_gateway()], in_place("1.30.4"), id="in place"),
        pytest.param(
            [*of_version("1.29.4"), api_gateway(labels={"istio.io/rev": "default-1"})],
            wanted(),
            id="a Gateway that stays where it is",
        ),
        pytest.param(
            [*of_version("1.29.4"), api_gateway(class_name="nginx")],
            wanted(),
            id="a Gateway of somebody else",
        ),
        pytest.param(
            [*of_version("1.29.4"), mesh_objects.namespace("else"), api_gateway("else")],
            wanted(namespaces=("cart",)),
            id="a Gateway in another namespace",
        ),
        pytest.param([*healthy(), *edge()], wanted(), id="a gateway that moves"),
        pytest.param(
            [*healthy(), *edge(selector={"app": "edge-in", "istio.io/rev": "default"})],
            in_place(),
            id="in place the revision stays",
        ),
        pytest.param(
            [*healthy(), route("1-29")], wanted(), id="a route of a revision that is not left"
        ),
        pytest.param([*healthy(), prod(), route("prod")], wanted(), id="a route that names a tag"),
        pytest.param([*healthy(), route("default")], wanted(), id="a route for the default tag"),
        pytest.param(
            [*revisioned(), route("1-30")], in_place("1.30.5", "1-30"), id="a route, in place"
        ),
        pytest.param([*healthy(), envoy_filter(form=r"^1\.3.*")], wanted(), id="a filter for both"),
        pytest.param(
            [*healthy(), envoy_filter(form=r"^1\.29.*")], wanted(), id="a filter for neither"
        ),
        pytest.param([*healthy(), envoy_filter(form="(")], wanted(), id="a filter that is no form"),
        pytest.param([*healthy(), envoy_filter(patch=LUA_V3)], wanted(), id="a type that is there"),
        pytest.param(
            [*healthy(), mesh_objects.namespace("else"), envoy_filter("else", form=r"^1\.30.*")],
            wanted(namespaces=("cart",)),
            id="a filter in another namespace",
        ),
        pytest.param(
            cart({"metadata": {"annotations": {"meta.helm.sh/release-name": "cart"}}}),
            wanted(),
            id="a namespace of Helm",
        ),
        pytest.param(cart(GITOPS), in_place(), id="in place no label moves"),
    ],
)
def test_no_false_alarm(objects: list[Object], upgrade: Any) -> None:
    assert codes(objects, upgrade) == []


def test_a_type_that_is_gone_later_is_no_trouble_yet() -> None:
    objects = [*of_version("1.24.6"), envoy_filter(patch=CENSUS)]
    assert codes(objects, wanted("1.24.7", "1-24-7")) == [("kubernetes_version", "block")]


def test_the_filters_are_told_with_what_they_match() -> None:
    text = shown([*healthy(), envoy_filter(form=r"^1\.30.*")])
    assert r"EnvoyFilter cart/limits (^1\.30.*)" in text


def test_the_combination_that_reaches_nobody_is_named() -> None:
    text = shown([*healthy(), narrowed()])
    assert "namespace with istio.io/rev=prod, pod with no label: nobody injects it" in text


def every_case() -> Iterator[Any]:
    for case in webhook_matrix.cases(["1-30", "prod", "default"]):
        yield pytest.param(case, id=str(case))


@pytest.mark.parametrize("case", list(every_case()))
def test_the_matrix_is_that_of_real_webhooks(case: webhook_matrix.Case) -> None:
    """What is expected of each combination is what the webhooks of the charts do."""
    items = [
        control_planes.webhook_configuration("rev", "1-30", service="istiod-1-30"),
        canary_meshes.tag("default", "1-30"),
        canary_meshes.tag("prod", "1-30"),
    ]
    injectors = [each for item in items for each in Injector.from_object(item)]
    found = {each.configuration for each in _injector.find(injectors, case.namespace, case.pod)}
    names = {
        "1-30": "rev",
        "prod": "istio-revision-tag-prod",
        "default": "istio-revision-tag-default",
    }
    wanted_name = case.wanted()
    assert found == ({names[wanted_name]} if wanted_name else set())
