# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _drain_plan
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage, Way
from ansible_collections.meshwright.istio.plugins.module_utils._standing import (
    Policy,
    Sender,
    Standing,
)
from ansible_collections.meshwright.istio.plugins.module_utils._surge import SurgeMode
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.tests.unit.support import workload_objects

POD_NAME = "statefulset.kubernetes.io/pod-name"
HASH = "rollouts-pod-template-hash"
RECREATE = {"type": "Recreate"}
CLAIM = {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}
PORT = {"containers": [{"name": "app", "ports": [{"hostPort": 8080}]}]}
LOCKED = Budget(namespace="shop", name="tight", selector=None, allowed=0, at_best=0)


def workload(kind: str = "Deployment", replicas: int = 2, **more: Any) -> Workload:
    item = workload_objects.workload("web", kind=kind, replicas=replicas, **more)
    return Workload.from_object({**item, "status": {"desiredNumberScheduled": replicas}})


def sender(*, local: bool = False, **selector: str) -> Sender:
    chosen = selector or {"app": "web"}
    return Sender(namespace="shop", kind="Service", name="web", selector=chosen, is_local=local)


def find(
    item: Workload,
    *senders: Sender,
    budgets: tuple[Budget, ...] = (),
    mode: SurgeMode = SurgeMode.SAFE,
    policies: tuple[Policy, ...] = (),
) -> Passage:
    standing = Standing(senders=senders or (sender(),), policies=policies)
    return _drain_plan.find(item, standing, budgets, mode)


@pytest.mark.parametrize(
    ("item", "way", "takes"),
    [
        pytest.param(workload(), Way.SUCCESSOR, 0, id="deployment"),
        pytest.param(workload(replicas=1), Way.SUCCESSOR, 0, id="deployment of one"),
        pytest.param(workload("Rollout", 1), Way.SUCCESSOR, 0, id="rollout"),
        pytest.param(workload("DeploymentConfig", 1), Way.SUCCESSOR, 0, id="legacy"),
        pytest.param(workload(pod=CLAIM), Way.OTHERS, 1, id="claims"),
        pytest.param(workload(pod=PORT), Way.OTHERS, 1, id="host port"),
        pytest.param(workload("StatefulSet"), Way.OTHERS, 1, id="stateful set"),
        pytest.param(workload("DaemonSet"), Way.OTHERS, 1, id="daemon set"),
        pytest.param(workload("DaemonSet", 1), Way.STAND_IN, 0, id="daemon set of one"),
    ],
)
def test_chooses_what_stands_in(item: Workload, way: Way, takes: int) -> None:
    found = find(item)
    assert (found.way, found.obstacle, found.footing.takes) == (way, None, takes)
    assert found.departure.changes == {"app": "meshwright-draining"}


@pytest.mark.parametrize(
    ("kind", "release"),
    [
        ("Deployment", "pod-template-hash"),
        ("Rollout", HASH),
        ("DeploymentConfig", "deployment"),
        ("StatefulSet", ""),
    ],
)
def test_knows_by_which_label_a_pod_is_let_go(kind: str, release: str) -> None:
    assert find(workload(kind)).release == release


def test_a_pod_may_stand_beside_another_where_surge_is_always() -> None:
    for item in (workload(strategy=RECREATE), workload(pod=CLAIM)):
        assert find(item, mode=SurgeMode.ALWAYS).way is Way.SUCCESSOR


def test_the_pod_of_a_node_gets_a_stand_in_where_no_other_may_answer() -> None:
    local = sender(local=True)
    assert find(workload("DaemonSet", 3), local).way is Way.STAND_IN
    assert find(workload("DaemonSet", 3), budgets=(LOCKED,)).way is Way.STAND_IN


NETWORK = {"hostNetwork": True, "containers": [{"name": "app"}]}


@pytest.mark.parametrize(
    ("item", "more", "reason"),
    [
        pytest.param(
            workload("StatefulSet", 1),
            {},
            "it has no other pod that would take its requests meanwhile",
            id="stateful set of one",
        ),
        pytest.param(
            workload(strategy=RECREATE),
            {},
            "its strategy Recreate asks for never two pods at once; its strategy Recreate takes all"
            " its pods away at once",
            id="recreate",
        ),
        pytest.param(
            workload(replicas=1, pod=CLAIM),
            {},
            "two pods may not be able to use its volume claims at once; it has no other pod that"
            " would take its requests meanwhile",
            id="claims of one",
        ),
        pytest.param(
            workload(replicas=1),
            {"mode": SurgeMode.NEVER},
            "surge is never, so the old pod goes before there is another; it has no other pod that"
            " would take its requests meanwhile",
            id="surge never",
        ),
        pytest.param(
            workload("StatefulSet"),
            {"budgets": (LOCKED,)},
            "PodDisruptionBudget shop/tight never lets one of its pods be away",
            id="budget",
        ),
        pytest.param(
            workload("DaemonSet", 1, pod=PORT),
            {},
            "it has no other pod that would take its requests meanwhile; two pods cannot have the"
            " same port of a node",
            id="daemon set with a host port",
        ),
        pytest.param(
            workload("DaemonSet", 1, pod=NETWORK),
            {},
            "it has no other pod that would take its requests meanwhile; two pods cannot have the"
            " same port of a node",
            id="daemon set in the network of its node",
        ),
    ],
)
def test_says_why_there_is_no_way(item: Workload, more: dict[str, Any], reason: str) -> None:
    found = find(item, **more)
    assert found.obstacle == reason
    # Nothing is taken away any more.
    assert (found.footing.takes, found.departure.senders != ()) == (0, True)


def test_says_that_a_service_leads_to_the_pod_of_the_node() -> None:
    local = sender(local=True)
    said = find(workload("DaemonSet", pod=PORT), local).obstacle
    assert said == (
        "its Service leads to the pod of the same node and to no other; two pods cannot have the"
        " same port of a node"
    )


@pytest.mark.parametrize("kind", ["Deployment", "Rollout", "DeploymentConfig", "StatefulSet"])
@pytest.mark.parametrize("mode", [SurgeMode.SAFE, SurgeMode.ALWAYS])
def test_nothing_on_another_node_stands_in_where_a_service_leads_to_the_same_node(
    kind: str, mode: SurgeMode
) -> None:
    found = find(workload(kind, 3), sender(), sender(local=True), mode=mode)
    assert found.obstacle == "its Service leads to the pod of the same node and to no other"
    assert found.footing.takes == 0


def test_says_that_a_service_leads_to_one_pod() -> None:
    one = sender(app="web", **{POD_NAME: "web-0"})
    assert find(workload("StatefulSet"), one).obstacle == (
        "Service shop/web leads to one of its pods and to no other"
    )


def test_does_not_let_a_pod_go_by_a_label_that_others_look_at() -> None:
    canary = sender(app="web", **{HASH: "6d4"})
    found = find(workload("Rollout"), canary)
    assert (found.way, found.obstacle) == (Way.OTHERS, None)
    assert "Service shop/web selects pods by rollouts-pod-template-hash" in str(
        find(workload("Rollout", 1), canary).obstacle
    )


def test_says_that_a_policy_is_in_the_way() -> None:
    policy = Policy(
        name="Sidecar shop/it", namespace="shop", selector={"matchLabels": {"app": "web"}}
    )
    found = find(workload(), policies=(policy,))
    assert "Sidecar shop/it" in str(found.obstacle)


@pytest.mark.parametrize(
    ("kind", "selector", "serves"),
    [
        ("Deployment", {"app": "web"}, True),
        ("Deployment", {"app": "back"}, False),
        ("StatefulSet", {POD_NAME: "web-0"}, True),
        ("StatefulSet", {POD_NAME: "store-0"}, False),
        ("DeploymentConfig", {"deploymentconfig": "web"}, True),
        ("Rollout", {"app": "web", HASH: "6d4"}, True),
        ("Deployment", {"app": "web", HASH: "6d4"}, False),
    ],
)
def test_knows_whether_anything_sends_requests(
    kind: str, selector: dict[str, str], serves: bool
) -> None:
    standing = Standing(senders=(sender(**selector),))
    assert _drain_plan.serves_nobody(workload(kind), standing) is not serves
