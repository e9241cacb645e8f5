# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What istiods say of their proxies, and what the account may do, before an upgrade."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError, MeshError
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import Finding
from ansible_collections.meshwright.istio.tests.unit.support import (
    gateways,
    istiods,
    mesh_objects,
    workload_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    SYSTEM,
    deployment,
    find,
    healthy,
    in_place,
    merged,
    opened,
    simple,
    wanted,
)

Object = dict[str, Any]
Asked = Mapping[str, str]
REJECTED = {**istiods.stale(), "lastError": "Internal:Error adding/updating listener(s) 0.0.0.0_80"}
SYNCZ = (SYSTEM, "istiod-1", 15014, "/debug/syncz")
REFUSED = ApiError("Port 15014 cannot be reached: it refuses.", status=403)


def istiod(name: str, revision: str | None = None, **status: Any) -> Object:
    """The pod of one that is ready, unless something else is said."""
    ready = [{"type": "Ready", "status": "True"}]
    return istiods.pod(name, revision, **{"conditions": ready, **status})


def mesh(*entries: Object, extra: tuple[Object, ...] = ()) -> FakeApi:
    """The healthy mesh with an istiod that serves these proxies."""
    api = FakeApi(*healthy(), istiod("istiod-1"), *extra)
    istiods.serve(api, "istiod-1", "1.30.4", entries)
    return api


def rejecting(proxy: str = "cart-1.cart") -> Object:
    return istiods.entry(proxy, listeners=REJECTED)


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(each.code, str(each.severity)) for each in findings]


def test_a_proxy_that_rejects_its_configuration_is_named_with_the_reason() -> None:
    (found,) = find(mesh(rejecting(), istiods.entry("cart-2.cart")), wanted())
    assert (found.code, found.blocks, found.override) == ("rejected_config", True, found.code)
    (said,) = found.objects
    assert said.startswith("cart/cart-1: LDS: Internal:Error adding/updating listener(s)")


def test_an_upgrade_that_was_cut_off_may_go_on() -> None:
    (found,) = find(mesh(rejecting(), extra=(opened("1-31"),)), wanted())
    assert (found.code, found.blocks, found.override) == ("rejected_config", False, None)


def test_what_it_rejects_is_cut_short() -> None:
    long = istiods.entry("cart-1.cart", listeners={**REJECTED, "lastError": "no " * 500})
    (found,) = find(mesh(long), wanted())
    assert found.objects[0].endswith(" …")
    assert len(found.objects[0]) < 250


@pytest.mark.parametrize(
    ("api", "upgrade"),
    [
        pytest.param(mesh(istiods.entry("cart-1.cart")), wanted(), id="in sync"),
        pytest.param(
            mesh(istiods.entry("cart-1.cart", listeners=istiods.stale())), wanted(), id="on its way"
        ),
        pytest.param(
            mesh(rejecting(), extra=(mesh_objects.namespace("else", istio_injection="enabled"),)),
            wanted(excluded=("cart",)),
            id="it does not move",
        ),
        pytest.param(
            mesh(extra=(istiod("istiod-2", phase="Pending"),)),
            wanted(),
            id="an istiod that does not run",
        ),
        pytest.param(
            mesh(extra=(istiod("istiod-2", conditions=[]),)), wanted(), id="one that only starts"
        ),
        pytest.param(
            mesh(
                extra=(
                    merged(istiod("istiod-2"), {"metadata": {"deletionTimestamp": "2026-05-04"}}),
                )
            ),
            wanted(),
            id="one that ends",
        ),
        pytest.param(
            mesh(extra=(istiod("istiod-1-31-x", "1-31"),)),
            wanted(),
            id="the istiod to which they move is not asked",
        ),
    ],
)
def test_no_false_alarm(api: FakeApi, upgrade: Any) -> None:
    assert find(api, upgrade) == []


def test_where_a_proxy_has_gone_since_decides() -> None:
    """It has reconnected, and the istiod that it has left still remembers."""
    api = mesh(rejecting(), extra=(istiod("istiod-2"),))
    istiods.serve(
        api, "istiod-2", "1.30.4", [istiods.entry("cart-1.cart", sent_time="2026-05-04T09:00:00Z")]
    )
    assert find(api, wanted()) == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(REFUSED, id="it may not be reached"),
        pytest.param(ApiError("The connection was lost.", status=0), id="it does not answer"),
        pytest.param(MeshError("The package is needed."), id="the library is missing"),
    ],
)
def test_an_istiod_that_cannot_be_asked_is_a_finding_and_no_error(error: MeshError) -> None:
    api = mesh()
    api.pod_answers[SYNCZ] = error
    (found,) = find(api, wanted())
    assert told([found]) == [("istiod_not_asked", "warn")]
    assert found.objects == (f"Pod {SYSTEM}/istiod-1: {error.message}",)


def test_what_the_others_say_is_found_all_the_same() -> None:
    api = mesh(extra=(istiod("istiod-2"),))
    istiods.serve(api, "istiod-2", "1.30.4", [rejecting()])
    api.pod_answers[SYNCZ] = REFUSED
    assert told(find(api, wanted())) == [("rejected_config", "block"), ("istiod_not_asked", "warn")]


def test_nobody_is_waited_for_twice() -> None:
    """It is a snapshot of a few seconds, also where an istiod says nothing."""
    asked: list[float] = []

    class Slow(FakeApi):
        def pod_get(self, *_names: str, timeout: float = 30.0, **_more: Any) -> bytes:
            asked.append(timeout)
            raise ApiError("It has not answered.", status=0)

    find(Slow(*healthy(), istiod("istiod-1")), wanted())
    assert asked == [4.0]


def but(*refused: tuple[str, str]) -> Callable[[Asked], bool]:
    """An account that has all rights but these, each a verb and a plural with its subresource."""
    return lambda asked: _pair(asked) in refused


def _pair(asked: Asked) -> tuple[str, str]:
    part = f"/{asked['subresource']}" if asked["subresource"] else ""
    return asked["verb"], asked["resource"] + part


def account(refuses: Callable[[Asked], bool], *extra: Object) -> FakeApi:
    api = FakeApi(*healthy(), *extra)
    api.refuses = refuses
    return api


DAEMON = [
    deployment("logs", "cart", kind="DaemonSet"),
    {
        **mesh_objects.pod("logs-1", "cart", revision="default"),
        "metadata": {
            **mesh_objects.pod("logs-1", "cart", revision="default")["metadata"],
            "ownerReferences": [{"kind": "DaemonSet", "name": "logs", "controller": True}],
        },
    },
]
EDGE = [
    mesh_objects.namespace("edge"),
    gateways.gateway(labels={"istio.io/rev": None}),
    gateways.service(),
    mesh_objects.pod("edge-in-1", "edge", revision="default", deployment="edge-in"),
]
DEPLOYED = mesh_objects.pod(
    "public-1",
    "cart",
    revision="default",
    deployment="public",
    labels={"gateway.istio.io/managed": "istio.io-gateway-controller"},
)
ROLLOUT = {"drain": DrainMode.ROLLOUT}


@pytest.mark.parametrize(
    ("verb", "what", "upgrade", "extra"),
    [
        pytest.param("patch", "namespaces", wanted(), (), id="namespaces"),
        pytest.param("patch", "deployments", wanted(), (), id="workloads"),
        pytest.param("patch", "daemonsets", wanted(), DAEMON, id="DaemonSets"),
        pytest.param("get", "controllerrevisions", wanted(), DAEMON, id="stand-ins"),
        pytest.param("create", "clusterroles", wanted(), (), id="roles of istiod"),
        pytest.param("patch", "customresourcedefinitions", in_place(), (), id="definitions"),
        pytest.param("create", "virtualservices", in_place(), (), id="the validation"),
        pytest.param("create", "pods/portforward", wanted(), (), id="port-forwards"),
        pytest.param("get", "pods/portforward", wanted(), (), id="websockets"),
        pytest.param("delete", "pods", wanted(), (), id="the end of a pod"),
        pytest.param("watch", "pods", wanted(), (), id="pods"),
        pytest.param("get", "pods", wanted(), (), id="what the kubelet says of a pod"),
        pytest.param("patch", "replicasets", in_place(), [DEPLOYED], id="the same in place"),
        pytest.param("patch", "replicasets", wanted(), [DEPLOYED], id="ReplicaSets of gateways"),
        pytest.param("patch", "gateways", wanted(), [DEPLOYED], id="Gateways"),
        pytest.param("delete", "pods", in_place(**ROLLOUT), EDGE, id="gateways are drained"),
    ],
)
def test_a_right_that_the_upgrade_needs_is_missing(
    verb: str, what: str, upgrade: Any, extra: list[Object]
) -> None:
    (found,) = [
        each
        for each in find(account(but((verb, what)), *extra), upgrade)
        if each.code == "missing_rights"
    ]
    assert (str(found.severity), found.override) == ("block", "missing_rights")
    assert all(each.startswith(f"{verb} {what}") for each in found.objects)


@pytest.mark.parametrize(
    ("verb", "what", "upgrade", "extra"),
    [
        pytest.param("patch", "namespaces", in_place(), (), id="no label changes in place"),
        pytest.param("patch", "daemonsets", wanted(), (), id="there is none"),
        pytest.param("get", "controllerrevisions", wanted(), (), id="no stand-in is needed"),
        pytest.param("create", "virtualservices", wanted(), (), id="nothing is validated"),
        pytest.param("delete", "pods", wanted(**ROLLOUT), (), id="nothing is drained"),
        pytest.param("create", "pods/eviction", wanted(), (), id="nothing is evicted"),
        pytest.param("patch", "gateways", wanted(), (), id="istiod deploys no gateway"),
        pytest.param("patch", "gateways", in_place(), [DEPLOYED], id="no Gateway changes in place"),
        pytest.param("delete", "namespaces", wanted(), (), id="nobody needs it"),
    ],
)
def test_a_right_that_nobody_needs_may_be_missing(
    verb: str, what: str, upgrade: Any, extra: list[Object]
) -> None:
    found = find(account(but((verb, what)), *extra), upgrade)
    assert [each for each in found if each.code == "missing_rights"] == []


def test_evictions_are_asked_for_where_pods_are_not_drained() -> None:
    found = find(account(but(("create", "pods/eviction"))), wanted(**ROLLOUT))
    assert ("missing_rights", "block") in told(found)


def test_without_the_status_of_pods_it_goes_on_with_less_care() -> None:
    found = find(account(but(("patch", "pods/status"))), wanted())
    assert told(found) == [("missing_rights", "warn")]
    assert found[0].override is None


def test_both_are_told_beside_each_other() -> None:
    found = find(account(but(("patch", "pods/status"), ("patch", "deployments"))), wanted())
    assert told(found) == [("missing_rights", "block"), ("missing_rights", "warn")]


def test_an_account_that_only_reads_could_not_begin() -> None:
    api = account(lambda _asked: True)
    (found,) = find(api, wanted())
    assert told([found]) == [("missing_rights", "info")]
    assert "create leases in istio-system (for the lock and the journal)" in found.objects


def test_a_right_in_every_namespace_that_moves_is_enough() -> None:
    def refuses(asked: Asked) -> bool:
        return asked["resource"] == "deployments" and asked["namespace"] not in ("cart", SYSTEM)

    other = [mesh_objects.namespace("else", istio_injection="enabled")]
    assert find(account(refuses, *other), wanted()) == []


def test_the_first_namespace_without_it_is_named() -> None:
    bill = [
        mesh_objects.namespace("bill", istio_injection="enabled"),
        deployment("bill", "bill"),
        workload_objects.service("bill", namespace="bill"),
        mesh_objects.pod("bill-1", "bill", revision="default", deployment="bill"),
    ]

    def refuses(asked: Asked) -> bool:
        return asked["resource"] == "deployments" and asked["namespace"] in ("", "cart")

    (found,) = find(account(refuses, *bill), wanted())
    assert found.objects == ("patch deployments in cart (to restart the workloads)",)


@pytest.mark.parametrize(("minor", "lacking"), [("34", []), ("35", ["missing_rights"])])
def test_older_api_servers_do_not_ask_a_websocket_for_create(
    minor: str, lacking: list[str]
) -> None:
    api = account(but(("create", "pods/portforward")))
    api.server_version = {"major": "1", "minor": minor}
    assert [each.code for each in find(api, wanted())] == lacking


def test_an_account_that_may_not_even_ask_is_said_to_be_so() -> None:
    api = account(lambda _asked: True)
    api.failures = {("review", ""): [ApiError("forbidden", status=403)]}
    (found,) = find(api, wanted())
    assert (found.code, found.objects) == ("not_seen", ("selfsubjectaccessreviews",))


def test_another_error_is_not_taken_for_a_missing_right() -> None:
    api = account(lambda _asked: True)
    api.failures = {("review", ""): [ApiError("broken", status=500)]}
    with pytest.raises(ApiError, match="broken"):
        find(api, wanted())


def every_right() -> Iterator[tuple[str, str]]:
    asked: list[Asked] = []
    extra = [*DAEMON, *EDGE, DEPLOYED, simple("v1", "Namespace", "x", None)]
    for upgrade in (wanted(), in_place(), wanted(**ROLLOUT)):
        find(account(lambda each: bool(asked.append(each)), *extra), upgrade)
    return iter({_pair(each) for each in asked})


def test_only_rights_to_change_and_to_reach_are_asked_for() -> None:
    """What may not be read is found while it is read."""
    verbs = {verb for verb, _what in every_right()}
    assert verbs == {"create", "delete", "get", "patch", "update", "watch"}
    assert {what for verb, what in every_right() if verb == "get"} == {
        "controllerrevisions",
        "pods",
        "pods/portforward",
    }
