# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rollouts whose template a Deployment has."""

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, restarting
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object
from ansible_collections.meshwright.istio.tests.unit.support.restarting import (
    BORROWER,
    LENDER,
    Cluster,
    drained,
    kill,
    restart,
    revisions,
)
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import (
    budget,
    by_reference,
    service,
    workload,
)


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


def annotated(**annotations: str) -> tuple[Object, Object]:
    item = workload("web", kind="Rollout", replicas=2, strategy={"canary": {}})
    names = {f"meshwright.istio/{key}": value for key, value in annotations.items()}
    item["spec"]["template"]["metadata"]["annotations"] = names
    return by_reference(item, "lender")


def test_is_drained_as_one_with_a_template_of_its_own() -> None:
    api = Cluster(BORROWER, LENDER, service("web"))
    assert len(drained(restart(api))) == 2
    assert (revisions(api), api.network.lost) == (["1-31"] * 2, [])


def test_the_annotations_of_the_template_count() -> None:
    api = Cluster(*annotated(exclude="true"), service("web"))
    result = restart(api)
    (left,) = result["not_restarted"]
    assert (left["kind"], left["reason"]) == (
        "Rollout",
        "its annotation meshwright.istio/exclude is true",
    )
    assert api.writes == []
    api = Cluster(*annotated(drain="rollout"), service("web"))
    assert drained(restart(api)) == []
    assert api.writes == [("patch", "Rollout", "web")]


def test_the_disruption_budgets_over_the_labels_of_the_template_count() -> None:
    api = Cluster(BORROWER, LENDER, service("web"), budget("web", allowed=0, at_best=0))
    result = restart(api, drain="rollout")
    assert "PodDisruptionBudget shop/web allows 0 pods to be away, never 1" in result["msg"]
    assert api.writes == []


def test_a_pod_that_asks_for_another_revision_itself_is_left() -> None:
    item = workload("web", kind="Rollout", replicas=2, labels={"istio.io/rev": "1-30"})
    api = Cluster(*by_reference(item, "lender"), service("web"))
    api.put(mesh_objects.namespace("shop"))
    result = restart(api)
    assert "its labels and its namespace's ask for 1-30, not for 1-31" in result["msg"]
    assert api.writes == []


@pytest.mark.parametrize("lender", ["not read", "gone"])
def test_is_not_drained_by_guess_where_the_template_is_not_known(lender: str) -> None:
    api = Cluster(BORROWER, LENDER, service("web"))
    if lender == "gone":
        del api.objects["apps/v1", "Deployment", "shop", "lender"]
    result = restart(api, kinds=["Rollout"] if lender == "not read" else None)
    (left,) = result["not_restarted"]
    assert "it has the template of Deployment shop/lender, which is no Deployment" in left["reason"]
    assert (result["rc"], api.writes) == (1, [])


def test_what_a_run_before_has_let_go_is_given_back_where_the_template_is_not_known() -> None:
    api = Cluster(BORROWER, LENDER, service("web"))
    api.controllers.startup = 9
    kill(api, 1)
    assert len(api.marked()) == 1
    result = restart(api, kinds=["Rollout"])
    api.run_on(3)
    assert "it is not drained any further: it has the template of Deployment" in result["msg"]
    assert (revisions(api), api.marked(), api.network.lost) == (["1-30"] * 2, [], [])


def test_is_rolled_out_without_its_template_where_that_is_chosen() -> None:
    api = Cluster(BORROWER, LENDER, service("web"))
    assert restart(api, kinds=["Rollout"], drain="rollout")["rc"] == 0
    assert (revisions(api), api.writes) == (["1-31"] * 2, [("patch", "Rollout", "web")])
