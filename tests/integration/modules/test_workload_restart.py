# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind of workload that upgrades find difficult gets to the new revision, or says why not."""

from __future__ import annotations

from typing import Any

from sandbox import istio, workloads
from sandbox.cluster import Cluster
from tests.integration.support.lab import NEW, Lab

# What nothing would make again.
LEFT = {"bare", "job"}
RESTARTED = {
    "hard/Deployment/single",
    "hard/Deployment/guarded",
    "hard/StatefulSet/stateful",
    "hard/DaemonSet/daemon",
    "hard/Deployment/slow",
    "hard/Deployment/exit",
    "hard/Deployment/close",
    "hard/Deployment/serve",
    "hard/Deployment/streams",
}


def _servers(lab: Lab) -> list[Any]:
    """The pods, without those of the gateway that istiod itself looks after."""
    return [each for each in lab.pods("hard") if "app" in each["metadata"]["labels"]]


def _by_app(lab: Lab, app: str) -> list[Any]:
    return [each for each in _servers(lab) if each["metadata"]["labels"]["app"] == app]


def _revisions(lab: Lab) -> dict[str, set[str]]:
    """The revisions of the pods of each server."""
    found: dict[str, set[str]] = {}
    for each in _servers(lab):
        metadata = each["metadata"]
        found.setdefault(metadata["labels"]["app"], set()).add(
            metadata["annotations"]["istio.io/rev"]
        )
    return found


def _names(outcome: Any, key: str) -> set[str]:
    return {f"{each['namespace']}/{each['kind']}/{each['name']}" for each in outcome.result[key]}


def test_the_hard_ones_move(beside: Cluster, lab: Lab) -> None:
    istio.set_tag(beside, "1.30", workloads.TAG)
    workloads.deploy(beside, "hard")
    workloads.wait_ready(beside, "hard")
    beside.kubectl("label", "namespace", "hard", "istio-injection-", f"istio.io/rev={NEW}")
    # The gateway in it is istiod's, which lets it follow in its own time.
    deployments = "/apis/apps/v1/namespaces/hard/deployments"
    beside.objects.wait(deployments, _not_taken_over, what="the gateway of the namespace")
    kept = {app: [each["metadata"]["uid"] for each in _by_app(lab, app)] for app in LEFT}
    before = _specs(beside)

    proof = lab.prove(
        "workload_restart", namespaces=["hard"], revision=NEW, max_parallel=9, drain_hold=1
    )
    assert _names(proof.done, "workloads") == RESTARTED
    assert {each["action"] for each in proof.done.result["workloads"]} == {"restarted"}
    assert _names(proof.done, "not_restarted") == {"hard/Job/job", "hard/Pod/bare"}
    assert not any("/namespaces/shop/" in each for each in proof.writes)
    for app, revisions in _revisions(lab).items():
        assert revisions == ({"default"} if app in LEFT else {NEW}), app
    assert kept == {app: [each["metadata"]["uid"] for each in _by_app(lab, app)] for app in LEFT}
    assert _specs(beside) == before, "nothing of a restart is left in what is asked for"


def _not_taken_over(deployments: list[dict[str, Any]]) -> str:
    (public,) = (each for each in deployments if each["metadata"]["name"] == "public-istio")
    found = public["spec"]["template"]["metadata"]["annotations"]["istio.io/rev"]
    return istio.unready([public]) if found == NEW else f"{found} has it still"


def _specs(cluster: Cluster) -> dict[str, Any]:
    """What each controller asks for, its pods' template aside."""
    found = {}
    for plural in ("deployments", "statefulsets", "daemonsets"):
        for item in cluster.objects.get(f"/apis/apps/v1/namespaces/hard/{plural}")["items"]:
            spec = {key: value for key, value in item["spec"].items() if key != "template"}
            found[f"{plural}/{item['metadata']['name']}"] = spec
    return found


def test_what_is_not_restarted_is_not_written(beside: Cluster, lab: Lab) -> None:
    beside.kubectl("label", "namespace", "shop", "istio-injection-", f"istio.io/rev={NEW}")
    beside.kubectl("annotate", "-n", "shop", "deployment/catalog", "meshwright.istio/exclude=true")
    proof = lab.prove(
        "workload_restart", namespaces=["shop"], names=["catalog", "payments"], revision=NEW
    )
    assert _names(proof.done, "workloads") == {"shop/Deployment/payments"}
    assert _names(proof.done, "not_restarted") == {"shop/Deployment/catalog"}
    assert not [each for each in proof.writes if "payments" not in each]

    refused = lab.refused("workload_restart", names=["none"], revision=NEW)
    assert "none" in refused.message
    refused = lab.refused("workload_restart", namespaces=["shop"], revision="1-99")
    assert "1-99" in refused.message
