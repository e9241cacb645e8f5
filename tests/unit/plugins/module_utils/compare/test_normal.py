# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils.compare import normal
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import Config
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import SORTS
from ansible_collections.meshwright.istio.tests.unit.support.cluster_pairs import (
    GATEWAY_API,
    SECURITY,
    custom,
)

Object = dict[str, Any]
GROUP = {"group": "gateway.networking.k8s.io", "kind": "Gateway"}
SERVICE = {"group": "", "kind": "Service", "weight": 1}
ROOT = {"path": {"type": "PathPrefix", "value": "/"}}


def meaning(item: Object) -> Any:
    title = "Gateway.gateway.networking.k8s.io" if item["kind"] == "Gateway" else item["kind"]
    return Config.from_object(SORTS[title], item).meaning


def route(*rules: Object, **spec: Any) -> Object:
    return custom(GATEWAY_API, "HTTPRoute", "web", {"rules": list(rules), **spec})


def gateway(listener: Object, **metadata: Any) -> Object:
    spec = {"gatewayClassName": "istio", "listeners": [{"name": "web", **listener}]}
    return custom(GATEWAY_API, "Gateway", "side", spec, **metadata)


SAME = [
    pytest.param(route({}), route({"matches": [ROOT]}), id="every path"),
    pytest.param(custom(GATEWAY_API, "HTTPRoute", "web", {}), route({"matches": [ROOT]}), id="all"),
    pytest.param(
        route({"backendRefs": [{"name": "web", "port": 80}]}),
        route({"matches": [ROOT], "backendRefs": [{"name": "web", "port": 80, **SERVICE}]}),
        id="backend",
    ),
    pytest.param(
        route(parentRefs=[{"name": "side"}]),
        route(parentRefs=[{"name": "side", **GROUP}]),
        id="parent",
    ),
    pytest.param(
        route({"matches": [{"headers": [{"name": "a", "value": "b"}]}]}),
        route({"matches": [{**ROOT, "headers": [{"type": "Exact", "name": "a", "value": "b"}]}]}),
        id="header",
    ),
    pytest.param(
        gateway({"tls": {"certificateRefs": [{"name": "cert"}]}}),
        gateway(
            {
                "allowedRoutes": {"namespaces": {"from": "Same"}},
                "tls": {
                    "mode": "Terminate",
                    "certificateRefs": [{"group": "", "kind": "Secret", "name": "cert"}],
                },
            }
        ),
        id="listener",
    ),
    pytest.param(
        gateway({}),
        gateway({}, annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"}),
        id="annotation of a tool",
    ),
    pytest.param(
        gateway({}), {**gateway({}), "status": {"conditions": []}}, id="status is not meant"
    ),
    pytest.param(
        custom(SECURITY, "AuthorizationPolicy", "web", {"rules": [{}]}),
        custom(SECURITY, "AuthorizationPolicy", "web", {"rules": [{}], "selector": None}),
        id="null",
    ),
]
DIFFERENT = [
    pytest.param(
        route({"backendRefs": [{"name": "web", "weight": 2}]}),
        route({"backendRefs": [{"name": "web"}]}),
        id="weight",
    ),
    pytest.param(
        gateway({"allowedRoutes": {"namespaces": {"from": "All"}}}),
        gateway({}),
        id="who may use it",
    ),
    pytest.param(
        gateway({}),
        gateway({}, annotations={"networking.istio.io/service-type": "ClusterIP"}),
        id="annotation that istiod reads",
    ),
    pytest.param(
        # Nobody may, and everybody may.
        custom(SECURITY, "AuthorizationPolicy", "web", {"rules": []}),
        custom(SECURITY, "AuthorizationPolicy", "web", {"rules": [{}]}),
        id="empty rule",
    ),
    pytest.param(
        # The Gateway API's defaults are none of Istio's.
        custom(SECURITY, "AuthorizationPolicy", "web", {"rules": [{"headers": {"type": "Exact"}}]}),
        custom(SECURITY, "AuthorizationPolicy", "web", {"rules": [{"headers": {}}]}),
        id="other group",
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_means_the_same(one: Object, other: Object) -> None:
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_means_something_else(one: Object, other: Object) -> None:
    assert meaning(one) != meaning(other)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        pytest.param({"a": 1}, {"a": 1.0}, "", id="same"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 2}}, "a.b", id="inside"),
        pytest.param({"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 1}, {}]}, "a[1].c", id="in a list"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, "a", id="longer list"),
        pytest.param({"a": {}}, {"a": "secret"}, "a", id="another type"),
        pytest.param(
            dict.fromkeys("abcde", 1), {}, "a, b, c and 2 more", id="not more than a line has"
        ),
    ],
)
def test_says_where_and_not_how(one: Object, other: Object, expected: str) -> None:
    assert normal.places(one, other) == expected
