# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _standing
from ansible_collections.meshwright.istio.plugins.module_utils._standing import (
    Policy,
    Sender,
    Standing,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    selecting,
    service,
)

SECURITY, NETWORKING = "security.istio.io/v1", "networking.istio.io/v1"
WEB = {"app": "web", "tier": "front"}


def read(*objects: dict[str, Any], namespaces: list[str] | None = None) -> Standing:
    return _standing.read(FakeApi(*objects), namespaces, ["istio-system"])


def policy(kind: str, *, namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    version = {
        "AuthorizationPolicy": SECURITY,
        "PeerAuthentication": SECURITY,
        "RequestAuthentication": SECURITY,
        "Telemetry": "telemetry.istio.io/v1",
        "WasmPlugin": "extensions.istio.io/v1alpha1",
        "EnvoyFilter": "networking.istio.io/v1alpha3",
        "NetworkPolicy": "networking.k8s.io/v1",
    }.get(kind, NETWORKING)
    return selecting(version, kind, "it", namespace, spec)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        pytest.param(service("web"), ["Service shop/web"], id="service"),
        pytest.param(service("web", namespace="other"), [], id="another namespace"),
        pytest.param(service("web", selector={"app": "back"}), [], id="other labels"),
        pytest.param(service("web", selector=None), [], id="without a selector"),
        pytest.param(service("web", type="ExternalName", externalName="x.org"), [], id="a name"),
        pytest.param(
            policy("ServiceEntry", workloadSelector={"labels": {"tier": "front"}}),
            ["ServiceEntry shop/it"],
            id="service entry",
        ),
        pytest.param(policy("ServiceEntry", hosts=["x.org"]), [], id="of the world outside"),
    ],
)
def test_finds_what_sends_requests_to_a_pod(item: dict[str, Any], found: list[str]) -> None:
    assert [str(each) for each in read(item).senders_of("shop", WEB)] == found


def test_knows_services_by_labels_that_controllers_add() -> None:
    one = {"statefulset.kubernetes.io/pod-name": "web-0"}
    standing = read(service("first", selector=one), service("both", selector={**WEB, **one}))
    assert standing.senders_of("shop", WEB) == []
    added = {"statefulset.kubernetes.io/pod-name": "web-"}
    assert len(standing.senders_of("shop", WEB, added)) == 2
    assert standing.senders_of("shop", WEB, dict.fromkeys(added, "store-")) == []


@pytest.mark.parametrize(
    ("spec", "headless", "local"),
    [
        pytest.param({"clusterIP": "10.0.0.1"}, False, False, id="usual"),
        pytest.param({"clusterIP": "None"}, True, False, id="headless"),
        pytest.param({"internalTrafficPolicy": "Local"}, False, True, id="inside"),
        pytest.param({"externalTrafficPolicy": "Local"}, False, True, id="outside"),
        pytest.param({"internalTrafficPolicy": "Cluster"}, False, False, id="everywhere"),
    ],
)
def test_knows_how_a_service_sends(spec: dict[str, Any], headless: bool, local: bool) -> None:
    (sender,) = read(service("web", **spec)).senders
    assert (sender.headless, sender.is_local) == (headless, local)


BY_APP = {"matchLabels": {"app": "web"}}
POLICIES = {
    **{
        kind: policy(kind, selector=BY_APP)
        for kind in (
            "AuthorizationPolicy",
            "PeerAuthentication",
            "RequestAuthentication",
            "Telemetry",
            "WasmPlugin",
        )
    },
    "Sidecar": policy("Sidecar", workloadSelector={"labels": {"app": "web"}}),
    "EnvoyFilter": policy("EnvoyFilter", workloadSelector={"labels": {"app": "web"}}),
    "Gateway": policy("Gateway", selector={"app": "web"}),
    "DestinationRule": policy("DestinationRule", workloadSelector=BY_APP),
    "NetworkPolicy": policy("NetworkPolicy", podSelector=BY_APP),
    "root": policy("AuthorizationPolicy", namespace="istio-system", selector=BY_APP),
    "Gateway of another namespace": policy("Gateway", namespace="other", selector={"app": "web"}),
    "peer": policy(
        "NetworkPolicy",
        podSelector={"matchLabels": {"app": "back"}},
        ingress=[{"from": [{"podSelector": BY_APP}, {"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
    ),
    "peer of another namespace": policy(
        "NetworkPolicy",
        namespace="other",
        podSelector={},
        egress=[{"to": [{"podSelector": BY_APP, "namespaceSelector": {}}]}, {}],
    ),
    "expression": policy(
        "NetworkPolicy",
        podSelector={
            "matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "back"]}]
        },
    ),
}


@pytest.mark.parametrize("namespaces", [None, ["shop"]], ids=["everything", "one namespace"])
@pytest.mark.parametrize("case", POLICIES)
def test_a_policy_that_selects_by_a_label_would_be_switched_off(
    case: str, namespaces: list[str] | None
) -> None:
    standing = read(POLICIES[case], namespaces=namespaces)
    item = POLICIES[case]
    name = f"{item['kind']} {item['metadata']['namespace']}/it"
    assert standing.disturbed("shop", WEB, {**WEB, "app": "x"}) == [name]
    assert standing.disturbed("shop", WEB, {**WEB, "tier": "x"}) == []


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(policy("AuthorizationPolicy"), id="whole namespace"),
        pytest.param(policy("NetworkPolicy", podSelector={}), id="every pod"),
        pytest.param(
            policy("AuthorizationPolicy", namespace="other", selector=BY_APP), id="elsewhere"
        ),
        pytest.param(
            policy(
                "NetworkPolicy",
                namespace="other",
                podSelector={},
                ingress=[{"from": [{"podSelector": BY_APP}]}],
            ),
            id="peer of its own namespace",
        ),
        pytest.param(
            policy(
                "NetworkPolicy",
                podSelector={},
                ingress=[{"from": [{"namespaceSelector": {}}]}],
            ),
            id="every peer",
        ),
    ],
)
def test_a_policy_that_does_not_look_at_the_label_stays(item: dict[str, Any]) -> None:
    assert read(item).disturbed("shop", WEB, {**WEB, "app": "x"}) == []


def test_a_policy_may_also_be_switched_on() -> None:
    absent = {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}
    standing = read(policy("NetworkPolicy", podSelector=absent))
    assert standing.disturbed("shop", WEB, {**WEB, "app": "x"}) == ["NetworkPolicy shop/it"]


HASH = "rollouts-pod-template-hash"


@pytest.mark.parametrize(
    ("item", "named"),
    [
        pytest.param(
            service("canary", selector={"app": "web", HASH: "6d4"}),
            ["Service shop/canary"],
            id="service",
        ),
        pytest.param(
            policy("AuthorizationPolicy", selector={"matchLabels": {HASH: "6d4"}}),
            ["AuthorizationPolicy shop/it"],
            id="policy",
        ),
        pytest.param(
            policy(
                "NetworkPolicy",
                podSelector={"matchExpressions": [{"key": HASH, "operator": "Exists"}]},
            ),
            ["NetworkPolicy shop/it"],
            id="expression",
        ),
        pytest.param(
            policy("DestinationRule", host="web", subsets=[{"labels": {HASH: "6d4"}}]),
            ["DestinationRule shop/it"],
            id="subset",
        ),
        pytest.param(
            policy(
                "DestinationRule",
                namespace="other",
                host="web.shop.svc.cluster.local",
                subsets=[{"labels": {HASH: "6d4"}}],
            ),
            ["DestinationRule other/it"],
            id="subset by full name",
        ),
        pytest.param(
            policy(
                "DestinationRule",
                namespace="other",
                host="web",
                subsets=[{"labels": {HASH: "6d4"}}, {}],
            ),
            [],
            id="subset of another service",
        ),
        pytest.param(service("web"), [], id="nothing"),
    ],
)
def test_knows_what_looks_at_a_label_at_all(item: dict[str, Any], named: list[str]) -> None:
    assert read(item, namespaces=["shop"]).using("shop", HASH) == named


def test_a_subset_is_no_policy_of_its_pods() -> None:
    item = policy("DestinationRule", host="web", subsets=[{"labels": {"app": "web"}}])
    assert read(item).disturbed("shop", WEB, {**WEB, "app": "x"}) == []


def test_reads_only_what_it_must_of_other_namespaces() -> None:
    api = FakeApi()
    _standing.read(api, ["shop"], ["istio-system"])
    kinds = [kind for _verb, kind in api.reads]
    assert (kinds.count("Service"), kinds.count("NetworkPolicy"), kinds.count("Telemetry")) == (
        1,
        1,
        2,
    )


def test_a_policy_of_no_namespace_counts_everywhere() -> None:
    everywhere = Policy(name="it", namespace=None, selector=BY_APP)
    assert everywhere.tells_apart("any", WEB, {})
    assert everywhere.asks_for("any", "app")
    assert not everywhere.asks_for("any", "tier")


def test_what_concerns_one_namespace_is_all_that_matters_there() -> None:
    sender = Sender(namespace="shop", kind="Service", name="web", selector={"app": "web"})
    other = replace(sender, namespace="mail")
    here = Policy(name="p", namespace="shop", selector={})
    there, everywhere = replace(here, namespace="mail"), replace(here, namespace=None)
    standing = Standing(
        senders=(sender, other), policies=(here, there, everywhere), subsets=(there, everywhere)
    )
    inside = standing.divide()
    assert inside("shop") == Standing(
        senders=(sender,), policies=(here, everywhere), subsets=(everywhere,)
    )
    assert inside("none") == Standing(policies=(everywhere,), subsets=(everywhere,))
