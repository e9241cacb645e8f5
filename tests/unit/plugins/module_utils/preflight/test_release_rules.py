# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Findings that follow from the data about releases."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._releases import Rules
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    catalogue,
    evidence,
    gateway_api,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.crd import GatewayCrd
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    NOW,
    codes,
    edited,
    find,
    healthy,
    in_place,
    of_version,
    shown,
    simple,
    wanted,
)

Object = dict[str, Any]
TLS_ROUTE = Kind(
    api_version="gateway.networking.k8s.io/v1alpha3", kind="TLSRoute", plural="tlsroutes"
)


def crd(plural: str, kind: str, bundle: str | None, **versions: bool) -> Object:
    return simple(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        f"{plural}.gateway.networking.k8s.io",
        None,
        annotations={"gateway.networking.k8s.io/bundle-version": bundle} if bundle else {},
        spec={
            "group": "gateway.networking.k8s.io",
            "names": {"plural": plural, "kind": kind},
            "versions": [
                {"name": name, "served": served}
                for name, served in (versions or {"v1alpha3": True}).items()
            ],
        },
    )


def tls_route() -> Object:
    return simple(TLS_ROUTE.api_version, "TLSRoute", "pay", "cart")


class Cluster(FakeApi):
    """Knows the kind TLSRoute too."""

    def find_kind(self, api_version: str, kind: str) -> Kind | None:
        return TLS_ROUTE if kind == "TLSRoute" else super().find_kind(api_version, kind)


def entry(namespace: str, host: str, **spec: Any) -> Object:
    return simple(
        "networking.istio.io/v1", "ServiceEntry", "e", namespace, spec={"hosts": [host], **spec}
    )


def rule(**policy: Any) -> Object:
    spec = {"host": "cart", "trafficPolicy": policy}
    return simple("networking.istio.io/v1", "DestinationRule", "cart", "cart", spec=spec)


def flag(name: str, version: str = "1.30.4") -> Object:
    container = {
        "name": "discovery",
        "image": f"hub.example.org/pilot:{version}",
        "env": [{"name": name, "value": "false"}],
    }
    return {"spec": {"template": {"spec": {"containers": [container]}}}}


LOCALITY = {"loadBalancer": {"localityLbSetting": {"enabled": True}}}


@pytest.mark.parametrize(
    ("crds", "old", "count", "found"),
    [
        pytest.param([crd("tlsroutes", "TLSRoute", "v1.4.0")], "1.29.5", 1, True, id="too old"),
        pytest.param([crd("tlsroutes", "TLSRoute", None)], "1.29.5", 1, True, id="says nothing"),
        pytest.param([crd("tlsroutes", "TLSRoute", "v1.4.0")], "1.29.5", 0, False, id="unused"),
        pytest.param([crd("tlsroutes", "TLSRoute", "v1.5.0")], "1.29.5", 1, False, id="new enough"),
        pytest.param(
            [crd("tlsroutes", "TLSRoute", "v1.4.0")], "1.30.4", 1, False, id="ignored already"
        ),
        pytest.param(
            [crd("tlsroutes", "TLSRoute", "v1.4.0", v1=False)], "1.29.5", 1, False, id="not served"
        ),
        pytest.param([crd("gateways", "Gateway", "v1.0.0")], "1.29.5", 1, False, id="no minimum"),
        pytest.param([], "1.29.5", 0, False, id="no Gateway API"),
    ],
)
def test_definitions_that_are_too_old(
    crds: list[Object], old: str, count: int, found: bool
) -> None:
    objects = [*of_version(old), *crds, *([tls_route()] if count else [])]
    result = find(Cluster(*objects), wanted())
    assert [each.code for each in result] == (["gateway_api"] if found else [])
    if found:
        assert "needs 1.5.0 (1 TLSRoute)" in result[0].objects[0]
        assert catalogue.blocked(result)


def test_a_definition_is_read_by_the_version_that_is_served() -> None:
    item = crd("tlsroutes", "TLSRoute", "v1.5.1", v1alpha2=False, v1=True)
    read = GatewayCrd.from_object(item)
    assert read.kind.api_version == "gateway.networking.k8s.io/v1"
    assert read.bundle == Version(major=1, minor=5, patch=1)


def test_a_release_that_is_not_known_says_nothing_of_definitions() -> None:
    read = evidence.read(FakeApi(*healthy()), wanted(), clock=NOW.timestamp)
    crds = ((GatewayCrd(kind=TLS_ROUTE, bundle=None), 3),)
    assert list(gateway_api.find(replace(read, ignored=crds), wanted("1.40.0", "1-40"))) == []


@pytest.mark.parametrize(
    ("objects", "upgrade", "code", "severity"),
    [
        pytest.param(
            of_version("1.29.1"), in_place("1.30.1"), "bad_patch", "block", id="a bad patch"
        ),
        pytest.param(
            edited("istiod", "Deployment", flag("PILOT_SPAWN_UPSTREAM_SPAN_FOR_GATEWAY")),
            wanted(),
            "removed_flag",
            "warn",
            id="a variable that is gone",
        ),
        pytest.param(
            [*healthy(), rule(**LOCALITY)],
            wanted(),
            "changed_default",
            "info",
            id="endpoints that are not ready",
        ),
        pytest.param(
            [*of_version("1.29.5"), entry("cart", "x.org"), entry("kube-system", "x.org")],
            wanted("1.30.4", "1-30"),
            "changed_default",
            "info",
            id="one host in two namespaces",
        ),
        pytest.param(
            [
                *of_version("1.27.9"),
                simple(
                    "networking.istio.io/v1",
                    "VirtualService",
                    "v",
                    "cart",
                    spec={"http": [{"route": []}, {"mirror": {"host": "b"}}]},
                ),
            ],
            wanted("1.29.5", "1-29"),
            "changed_default",
            "info",
            id="a mirror, two releases on",
        ),
    ],
)
def test_each_condition_is_found_and_nothing_else(
    objects: list[Object], upgrade: Any, code: str, severity: str
) -> None:
    objects = [each for each in objects if each["kind"] != "Node"]
    found = [each for each in codes(objects, upgrade) if each[0] not in OTHER]
    assert found == [(code, severity)]


# What these meshes are for another reason: Kubernetes is 1.35, and there is no node.
OTHER = ("kubernetes_version", "control_plane_room")


@pytest.mark.parametrize(
    ("objects", "upgrade"),
    [
        pytest.param(of_version("1.29.1"), wanted("1.30.1", "1-30"), id="a bad patch, by a canary"),
        pytest.param(of_version("1.29.2"), in_place("1.30.1"), id="a bad patch, proxies know it"),
        pytest.param(of_version("1.29.1"), in_place("1.30.2"), id="a good patch"),
        pytest.param([*healthy(), rule(connectionPool={"tcp": {}})], wanted(), id="another rule"),
        pytest.param(
            [*healthy(), rule(**LOCALITY, outlierDetection={"minHealthPercent": 50})],
            wanted(),
            id="a share that is set",
        ),
        pytest.param(
            [
                *edited("istiod", "Deployment", flag("PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS")),
                rule(**LOCALITY),
            ],
            wanted(),
            id="a default that is set",
        ),
        pytest.param(
            [*of_version("1.29.5"), entry("cart", "x.org"), entry("kube-system", "y.org")],
            wanted("1.30.4", "1-30"),
            id="two hosts",
        ),
        pytest.param(
            [*of_version("1.31.0"), rule(**LOCALITY)], wanted("1.31.1", "1-31-1"), id="a patch"
        ),
        pytest.param(
            edited("istiod", "Deployment", flag("PILOT_SPAWN_UPSTREAM_SPAN_FOR_GATEWAY")),
            wanted("1.30.5", "1-30-5"),
            id="a variable that is still there",
        ),
    ],
)
def test_no_false_alarm(objects: list[Object], upgrade: Any) -> None:
    found = [each for each in codes(objects, upgrade) if each[0] not in OTHER]
    assert found == []


def test_a_registry_that_is_shut_off_is_named_with_both_images() -> None:
    text = shown(_from("gcr.io/istio-release"))
    assert "WARN   image_registry: Images come from gcr.io/istio-release" in text
    assert "gcr.io/istio-release/pilot:1.30.4, gcr.io/istio-release/proxyv2:1.30.4" in text
    assert codes(_from("gcr.io/istio-releases")) == []


def _from(registry: str) -> list[Object]:
    found: list[Object] = json.loads(json.dumps(healthy()).replace("hub.example.org", registry))
    return found


def test_the_way_to_keep_a_default_is_told() -> None:
    text = shown([*healthy(), rule(**LOCALITY)])
    assert "To keep the old way, set PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS=false." in text


def test_a_release_of_ones_own_is_judged_by_the_rules_that_are_given() -> None:
    objects = [*healthy(), mesh_objects.namespace("lost", rev="1-20")]
    unknown = wanted("1.32.0", "1-32")
    assert codes(objects, unknown)[0] == ("kubernetes_version", "block")
    rules = Rules.from_option(
        {"releases": {"1.32": {"kubernetes": ["1.33", "1.37"], "gateway_api": {}}}}
    )
    known: Upgrade = replace(unknown, rules=rules)
    assert codes(objects, known) == [("webhook_gap", "warn")]


def test_kinds_that_a_default_changes_for_are_read_only_on_the_way() -> None:
    api = FakeApi(*healthy())
    found = evidence.read(api, wanted(), clock=NOW.timestamp)
    assert sorted(found.affected) == ["DestinationRule", "Gateway", "WorkloadEntry"]
    assert _kinds.TELEMETRY.kind not in found.affected
