# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each difference between two clusters that serve the same else is found, and nothing beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.modules import mesh_compare
from ansible_collections.meshwright.istio.tests.unit.support import (
    cluster_pairs,
    control_planes,
    leaves,
    mesh_objects,
    roots,
)
from ansible_collections.meshwright.istio.tests.unit.support.cluster_pairs import (
    KEY,
    NETWORKING,
    Cluster,
    custom,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    service,
    workload,
)

Make = Callable[[Cluster, Cluster], object]
Found = list[tuple[str, str, list[str]]]


def found(make: Make) -> Found:
    """What is found beside the versions once something is made different."""
    source, target = cluster_pairs.pair()
    make(source, target)
    result = cluster_pairs.run(mesh_compare, (source, target))
    assert result["rc"] == 0, result["msg"]
    assert target.writes == []
    assert KEY not in json.dumps(result)
    severities = [each["severity"] for each in result["findings"]]
    assert result["blocked"] == ("block" in severities)
    return [
        (each["code"], each["severity"], each["objects"])
        for each in result["findings"]
        if each["code"] != "istio_version"
    ]


# A kind, its name, another value of something in it, the topic, and how grave it is that the target
# lacks it or has it alone.
KINDS = [
    ("Gateway", "front", {"selector": {"app": "a"}}, "gateway", "block", "warn"),
    ("VirtualService", "web", {"http": []}, "route", "block", "warn"),
    ("HTTPRoute", "web", {"rules": []}, "route", "block", "warn"),
    ("DestinationRule", "web", {"host": "w"}, "traffic", "block", "warn"),
    ("ServiceEntry", "partner", {"hosts": []}, "traffic", "block", "warn"),
    ("Sidecar", "default", {"egress": []}, "traffic", "block", "warn"),
    ("EnvoyFilter", "limits", {"configPatches": []}, "filter", "block", "warn"),
    ("WasmPlugin", "auth", {"url": "oci://b"}, "filter", "block", "warn"),
    ("Telemetry", "default", {"tracing": []}, "proxy_setting", "warn", "info"),
    ("PeerAuthentication", "default", {"mtls": None}, "access", "block", "block"),
    ("RequestAuthentication", "users", {"jwtRules": []}, "access", "block", "block"),
    ("AuthorizationPolicy", "web", {"rules": []}, "access", "block", "block"),
]
Row = tuple[str, str, dict[str, Any], str, str, str]
ROWS = pytest.mark.parametrize("row", KINDS, ids=[each[0] for each in KINDS])


@ROWS
def test_configuration_that_lacks(row: Row) -> None:
    kind, name, _spec, topic, grave, _extra = row
    expected = [(f"{topic}_missing", grave, [f"{kind} shop/{name}"])]
    assert found(lambda _source, target: target.drop(kind, name)) == expected


@ROWS
def test_configuration_that_only_the_target_has(row: Row) -> None:
    kind, name, _spec, topic, _grave, extra = row
    expected = [(f"{topic}_extra", extra, [f"{kind} shop/{name}"])]
    assert found(lambda source, _target: source.drop(kind, name)) == expected


@ROWS
def test_configuration_that_differs(row: Row) -> None:
    kind, name, spec, topic, grave, _extra = row

    def make(_source: Cluster, target: Cluster) -> None:
        target.change(kind, name, spec={**target.find(kind, name)["spec"], **spec})

    ((code, severity, objects),) = found(make)
    assert (code, severity) == (f"{topic}_differs", grave)
    (key,) = spec
    assert objects[0].startswith(f"{kind} shop/{name} (spec.{key}")


SHOP_CERT = "Secret istio-ingress/shop-cert"
OTHER_MESH = cluster_pairs.MESH.replace("shop.test", "other.test") % ""
ALIASED = "trustDomainAliases: [%s]\n"


def mesh(api: Cluster, text: str) -> None:
    api.put(cluster_pairs.config_map("istio", "istio-system", "mesh", text))


def put(*items: Any) -> Make:
    """Put something into the target."""
    return lambda _source, target: [target.put(item) for item in items]


def other_domain_with_aliases(source: Cluster, target: Cluster) -> None:
    mesh(source, cluster_pairs.MESH % "" + ALIASED % "other.test")
    mesh(target, OTHER_MESH + ALIASED % "shop.test")


def both_roots(source: Cluster, target: Cluster) -> None:
    for api in (source, target):
        api.put(cluster_pairs.root_secret(roots.MESH + roots.OTHER))
    target.put(cluster_pairs.root_secret(roots.OTHER))


def certificate(text: str, key: str = KEY, **more: str) -> Any:
    return cluster_pairs.secret("shop-cert", "istio-ingress", tls_crt=text, tls_key=key, **more)


def unknown_revision(_source: Cluster, target: Cluster) -> None:
    target.change("VirtualService", "web", metadata={"labels": {"istio.io/rev": "1-30"}})


def installed(source: Cluster, _target: Cluster) -> None:
    labels = {"operator.istio.io/component": "Pilot"}
    source.put(custom(NETWORKING, "Sidecar", "own", {}, namespace="istio-system", labels=labels))


def unserved(_source: Cluster, target: Cluster) -> None:
    target.drop("HTTPRoute", "web")
    target.unserved.add("httproutes")


def forbidden(source: Cluster, target: Cluster) -> None:
    source.forbidden.add("envoyfilters")
    target.forbidden |= {"envoyfilters", "secrets"}


def without_istio(_source: Cluster, target: Cluster) -> None:
    target.drop("Deployment", "istiod", "istio-system")


def silent_in_both(source: Cluster, target: Cluster) -> None:
    for api in (source, target):
        api.put(service("silent", ports=[{"port": 80}]))


def alias_of_a_host(source: Cluster, _target: Cluster) -> None:
    source.put(service("partner", type="ExternalName"))


CASES = [
    pytest.param(
        put(cluster_pairs.root_secret(roots.OTHER)),
        [("root_of_trust", "block", ["root of the Secret cacerts or istio-ca-secret"])],
        id="root of the authority",
    ),
    pytest.param(
        put(
            cluster_pairs.config_map(
                "istio-ca-root-cert", "istio-ingress", "root-cert.pem", roots.OTHER
            )
        ),
        [("root_of_trust", "block", ["ConfigMap istio-ingress/istio-ca-root-cert"])],
        id="root in a namespace",
    ),
    pytest.param(
        put(
            cluster_pairs.config_map("istio-ca-root-cert", "outside", "root-cert.pem", roots.OTHER)
        ),
        [],
        id="root in a namespace without a mesh",
    ),
    pytest.param(
        both_roots,
        [("root_bundle", "warn", ["root of the Secret cacerts or istio-ca-secret"])],
        id="root being changed",
    ),
    pytest.param(
        lambda _source, target: mesh(target, OTHER_MESH),
        [("trust_domain", "block", ["trustDomain"])],
        id="trust domain",
    ),
    pytest.param(
        other_domain_with_aliases,
        [("trust_domain", "warn", ["trustDomain"])],
        id="trust domain with aliases",
    ),
    pytest.param(
        lambda _source, target: mesh(target, cluster_pairs.MESH % "-1-31" + "enableTracing: true"),
        [("mesh_setting", "warn", ["meshConfig.enableTracing"])],
        id="mesh setting, and another istiod",
    ),
    pytest.param(
        put(mesh_objects.namespace("shop")),
        [("injection_differs", "block", ["Namespace shop (sidecar, none)"])],
        id="injection",
    ),
    pytest.param(
        put(mesh_objects.namespace("shop", rev="default")), [], id="injection by revision"
    ),
    pytest.param(
        unknown_revision,
        [("config_unread", "block", ["VirtualService shop/web (1-30)"])],
        id="label of another revision",
    ),
    pytest.param(installed, [], id="what an installation brings"),
    pytest.param(
        unserved,
        [("kind_not_served", "block", ["HTTPRoute (1 in the source)"])],
        id="kind that is not served",
    ),
    pytest.param(
        forbidden,
        [
            (
                "not_compared",
                "block",
                [
                    "envoyfilters of the source",
                    "envoyfilters of the target",
                    "secrets of the target",
                ],
            )
        ],
        id="missing rights",
    ),
    pytest.param(
        without_istio, [("control_plane_missing", "block", ["target"])], id="no control plane"
    ),
    pytest.param(
        lambda _source, target: target.drop("Secret", "shop-cert", "istio-ingress"),
        [("certificate_missing", "block", [SHOP_CERT])],
        id="certificate missing",
    ),
    pytest.param(
        put(certificate(leaves.RENEWED, key="other")),
        [("certificate_differs", "warn", [f"{SHOP_CERT} (another key)"])],
        id="certificate renewed",
    ),
    pytest.param(
        put(certificate(leaves.BLOG)),
        [("certificate_names", "block", [SHOP_CERT])],
        id="certificate for others",
    ),
    pytest.param(
        put(certificate(leaves.ENDED)),
        [
            ("certificate_ended", "block", [SHOP_CERT]),
            ("certificate_differs", "warn", [SHOP_CERT]),
        ],
        id="certificate that has ended",
    ),
    pytest.param(
        put(certificate(leaves.SHOP, key="other")),
        [("certificate_key", "block", [f"{SHOP_CERT} (another key)"])],
        id="key that does not fit",
    ),
    pytest.param(
        put(certificate(leaves.SHOP, ca_crt=roots.MESH)),
        [("certificate_authority", "block", [SHOP_CERT])],
        id="authority of clients",
    ),
    pytest.param(
        lambda _source, target: target.drop("EndpointSlice", "web-x"),
        [("no_ready_endpoint", "block", ["Service shop/web"])],
        id="no endpoint",
    ),
    pytest.param(
        put(control_planes.endpoint_slice("web", namespace="shop", ready=False)),
        [("no_ready_endpoint", "block", ["Service shop/web"])],
        id="endpoint that is not ready",
    ),
    pytest.param(silent_in_both, [], id="no endpoint on either side"),
    pytest.param(
        lambda _source, target: target.drop("Service", "web"),
        [("service_missing", "block", ["Service shop/web"])],
        id="service missing",
    ),
    pytest.param(
        alias_of_a_host, [("service_missing", "warn", ["Service shop/partner"])], id="alias missing"
    ),
    pytest.param(
        put(service("web", ports=[{"name": "grpc", "port": 80}, {"name": "http", "port": 8080}])),
        [("service_ports", "block", ["Service shop/web (80 TCP http)"])],
        id="ports",
    ),
    pytest.param(
        put(service("web", ports=[{"name": "http", "port": 80, "nodePort": 30080}])),
        [],
        id="port of the nodes",
    ),
    pytest.param(
        put(workload("db", kind="StatefulSet", replicas=1)),
        [("replicas", "warn", ["StatefulSet shop/db (3, 1)"])],
        id="fewer replicas",
    ),
    pytest.param(
        put(workload("db", kind="StatefulSet", replicas=4)),
        [("replicas", "info", ["StatefulSet shop/db (3, 4)"])],
        id="more replicas",
    ),
    pytest.param(put(workload("web", replicas=1)), [], id="replicas that an autoscaler sets"),
    pytest.param(put(workload("agent", kind="DaemonSet", replicas=9)), [], id="daemons"),
    pytest.param(
        lambda _source, target: target.drop("StatefulSet", "db"),
        [("workload_missing", "warn", ["StatefulSet shop/db"])],
        id="workload missing",
    ),
    pytest.param(
        put(cluster_pairs.autoscaler(most=5)),
        [("autoscaler", "warn", ["Deployment shop/web (2 to 9, 2 to 5)"])],
        id="autoscaler",
    ),
    pytest.param(
        lambda _source, target: target.drop("HorizontalPodAutoscaler", "web"),
        [("autoscaler", "warn", ["Deployment shop/web (2 to 9, none)"])],
        id="autoscaler missing",
    ),
]


@pytest.mark.parametrize(("make", "expected"), CASES)
def test_finds(make: Make, expected: Found) -> None:
    assert found(make) == expected


def test_a_namespace_that_lacks_is_told_beside_what_lies_in_it() -> None:
    def make(source: Cluster, _target: Cluster) -> None:
        source.put(mesh_objects.namespace("blog", istio_injection="enabled"))
        source.put(custom(NETWORKING, "Sidecar", "slim", {}, namespace="blog"))

    assert found(make) == [
        ("namespace_missing", "block", ["Namespace blog"]),
        ("traffic_missing", "block", ["Sidecar blog/slim"]),
    ]
