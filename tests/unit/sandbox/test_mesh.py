# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from a mesh, and what is written to it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from sandbox import discovery, istio, manifests, prometheus, reset, snapshot, status, workloads
from sandbox.build import Artifacts
from sandbox.places import Places
from sandbox.running import Sandbox, Wish
from sandbox.status import ClusterStatus
from sandbox.workloads.servers import Kind, OnSigterm

Object = dict[str, Any]


def pod(name: str, *, image: str = "localhost/istio/proxyv2:1.30.4", **metadata: Any) -> Object:
    return {
        "metadata": {"name": name, "namespace": "shop", **metadata},
        "spec": {
            "containers": [{"name": "server", "image": "programs:1"}],
            "initContainers": [{"name": "istio-proxy", "image": image}],
        },
        "status": {
            "phase": "Running",
            "podIP": "198.19.0.5",
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def istiod(revision: str, version: str, *, ready: bool = True) -> Object:
    labels = {"app": "istiod", "istio.io/rev": revision}
    found = pod(f"istiod-{revision}", labels=labels)
    found["spec"] = {"containers": [{"name": "discovery", "image": f"pilot:{version}"}]}
    found["status"]["conditions"][0]["status"] = str(ready)
    return found


def test_targets_are_those_that_run_with_what_tells_them_apart() -> None:
    starting = pod("starting")
    starting["status"] = {"phase": "Pending", "podIP": "198.19.0.9"}
    labels = {"app": "catalog", "version": "v1"}
    annotations = {"istio.io/rev": "1-31"}
    found = discovery.targets(
        [pod("catalog", labels=labels, annotations=annotations), starting, istiod("1-30", "1.30.4")]
    )
    assert [each["targets"] for each in found["istiod"]] == [["198.19.0.5:15014"]]
    assert found["istiod"][0]["labels"]["revision"] == "1-30"
    [envoy], [agent] = found["envoy"], found["agent"]
    assert (envoy["targets"], agent["targets"]) == (["198.19.0.5:15090"], ["198.19.0.5:15020"])
    assert envoy["labels"] == {"namespace": "shop", "pod": "catalog", "revision": "1-31", **labels}


def test_prometheus_asks_each_kind_of_target_in_its_own_way() -> None:
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load(prometheus.configuration(Places("a")))["scrape_configs"]
    }
    assert set(jobs) == set(discovery.targets([]))
    for name, job in jobs.items():
        assert job["file_sd_configs"] == [
            {"files": [str(prometheus.targets_file(Places("a"), name))]}
        ]
    # Without them a mesh of thirty proxies is a million series.
    assert "filter" in jobs["envoy"]["params"]
    assert jobs["agent"]["metric_relabel_configs"][0]["action"] == "drop"


def deployment(**status: int) -> Object:
    metadata = {"name": "catalog", "generation": 3}
    return {"metadata": metadata, "spec": {"replicas": 2}, "status": status}


WHOLE = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({}, "", id="whole"),
        pytest.param({"observedGeneration": 2}, "2 of 2", id="not looked at yet"),
        pytest.param({"availableReplicas": 1}, "1 of 2", id="one not there"),
        pytest.param({"replicas": 3}, "2 of 2", id="an old one still there"),
        pytest.param({"updatedReplicas": 1}, "2 of 2", id="one of the old form"),
    ],
)
def test_unready(change: dict[str, int], says: str) -> None:
    found = istio.unready([deployment(**{**WHOLE, **change})])
    assert found == (f"catalog has {says} pods" if says else "")


def test_hard_has_every_kind_of_workload() -> None:
    made = workloads.objects("hard")
    kinds = {(each["kind"], each["metadata"]["name"]): each for each in made}
    assert kinds["Deployment", "single"]["spec"]["replicas"] == 1
    assert kinds["StatefulSet", "stateful"]["spec"]["replicas"] == 2
    assert kinds["DaemonSet", "daemon"]["spec"]["updateStrategy"] == {"type": "OnDelete"}
    assert ("Job", "job") in kinds
    assert ("Pod", "bare") in kinds
    # A budget that forbids any disruption: as many must stay as there are.
    budget, guarded = kinds["PodDisruptionBudget", "guarded"], kinds["Deployment", "guarded"]
    assert budget["spec"]["minAvailable"] == guarded["spec"]["replicas"]
    for how in OnSigterm:
        container = kinds["Deployment", how]["spec"]["template"]["spec"]["containers"][0]
        assert f"--on-sigterm={how}" in container["args"]
    labels = {name: kinds["Namespace", name]["metadata"]["labels"] for name in _HARD_SPACES}
    assert labels == {
        "hard": {"istio-injection": "enabled"},
        "hard-tagged": {"istio.io/rev": workloads.TAG},
        "hard-excluded": {"istio-injection": "disabled"},
    }
    assert {server.kind for server in workloads.HARD} == set(Kind)


_HARD_SPACES = ("hard", "hard-tagged", "hard-excluded")


def test_no_object_is_asked_for_twice() -> None:
    made = workloads.objects("hard")
    keys = [
        (
            each["apiVersion"],
            each["kind"],
            each["metadata"].get("namespace"),
            each["metadata"]["name"],
        )
        for each in made
    ]
    assert len(keys) == len(set(keys))


def test_manifests_want_their_values() -> None:
    *_, service = manifests.load("coredns", dns_service="198.18.32.10")
    assert service["spec"]["clusterIP"] == "198.18.32.10"
    with pytest.raises(KeyError, match="dns_service"):
        manifests.load("coredns")


def test_stable_forgets_what_changes_by_itself() -> None:
    item = {
        "metadata": {
            "name": "catalog",
            "uid": "1",
            "generation": 4,
            "annotations": {"deployment.kubernetes.io/revision": "2"},
        },
        "spec": {"replicas": 2},
        "status": {"replicas": 2},
    }
    assert snapshot.stable(item) == {"metadata": {"name": "catalog"}, "spec": {"replicas": 2}}
    item["metadata"]["annotations"]["mine"] = "stays"
    assert snapshot.stable(item)["metadata"]["annotations"] == {"mine": "stays"}


@pytest.mark.parametrize(
    ("path", "space"),
    [
        ("/api/v1/namespaces/shop", ""),
        ("/api/v1/namespaces/shop/services/catalog", "shop"),
        ("/apis/apps/v1/namespaces/shop/deployments/catalog", "shop"),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles/namespaces", ""),
    ],
)
def test_namespace_of_a_path(path: str, space: str) -> None:
    assert reset._namespace(path) == space


def _injected(namespace: str, revision: str, version: str) -> Object:
    sidecar = {"name": "istio-proxy", "image": f"localhost/istio/proxyv2:{version}"}
    return {
        "metadata": {
            "name": f"catalog-{revision}",
            "namespace": namespace,
            "annotations": {"istio.io/rev": revision},
        },
        "spec": {
            "containers": [{"name": "server", "image": "server"}],
            "initContainers": [sidecar],
        },
    }


def test_pods_go_whose_proxy_their_namespace_had_not() -> None:
    old, new = _injected("shop", "default", "1.30.4"), _injected("shop", "1-31", "1.31.0")
    plain = {
        "metadata": {"name": "plain", "namespace": "shop"},
        "spec": {"containers": [{"name": "server", "image": "server"}]},
    }
    before = reset._proxies([old, old, plain, _injected("istio-ingress", "1-31", "1.31.0")])
    assert before["shop"] == [["default", "localhost/istio/proxyv2:1.30.4"]]
    # Somebody else's proxies are of another namespace, or of another version.
    replaced = _injected("shop", "default", "1.31.0")
    assert list(reset._foreign_pods([old, new, plain, replaced], before)) == [
        "/api/v1/namespaces/shop/pods/catalog-1-31?gracePeriodSeconds=1",
        "/api/v1/namespaces/shop/pods/catalog-default?gracePeriodSeconds=1",
    ]


def test_pods_of_controllers_are_waited_for_until_they_are_ready() -> None:
    owned = {"ownerReferences": [{"kind": "ReplicaSet", "name": "catalog"}]}
    starting, done, bare = pod("starting", **owned), pod("done", **owned), pod("bare")
    for each, phase in ((starting, "Pending"), (done, "Succeeded"), (bare, "Running")):
        each["status"] = {"phase": phase}
    assert reset._starting([pod("ready", **owned), done, bare]) == ""
    assert reset._starting([pod("ready", **owned), starting]) == "starting not ready"


def test_connected_proxies_of_every_version_count() -> None:
    metrics = (
        "# TYPE pilot_xds gauge\n"
        'pilot_xds{version="1.30.4"} 8\npilot_xds{version="1.31.0"} 3\n'
        'pilot_xds_pushes{type="cds"} 90\n'
    )
    assert reset._connected(metrics) == 11
    assert reset._connected("") == 0


def test_revisions_tags_and_proxies() -> None:
    pods = [istiod("1-31", "1.31.0", ready=False), istiod("1-30", "1.30.4"), pod("catalog")]
    assert status._revisions(pods) == ("1-30 (1.30.4, 1/1 ready)", "1-31 (1.31.0, 0/1 ready)")
    hooks = [{"metadata": {"labels": {"istio.io/tag": "prod", "istio.io/rev": "1-30"}}}] * 2
    assert status._tags([*hooks, {"metadata": {}}]) == ("prod -> 1-30",)
    assert [status._proxy_version(each) for each in pods] == ["", "", "1.30.4"]
    assert status._counts({"1.31.0": 1, "1.30.4": 7}) == "7 x 1.30.4, 1 x 1.31.0"


def cluster_status(name: str) -> ClusterStatus:
    return ClusterStatus(
        name=name,
        kubernetes="v1.35.4",
        revisions=(),
        tags=(),
        proxies={},
        pods="1 of 1 ready",
        ingress=f"http://198.18.{'ab'.index(name) + 1}.2:30080",
        prometheus="",
        kubeconfig="",
        memory=1024**3,
        dead=("a/kubelet",) if name == "a" else (),
    )


def test_table_has_a_column_a_cluster() -> None:
    sandbox = Sandbox(wish=Wish(clusters=2), started="today", artifacts=Artifacts(entries={}))
    lines = status.table(sandbox, [cluster_status("a"), cluster_status("b")]).splitlines()
    rows = {line[:13].strip(): line[13:].split() for line in lines}
    assert rows["cluster"] == ["a", "b"]
    assert rows["ingress"] == ["http://198.18.1.2:30080", "http://198.18.2.2:30080"]
    assert rows["memory"] == ["1024", "MiB", "1024", "MiB"]
    assert rows["not running"] == ["a/kubelet", "-"]
    assert rows["front"][0] == "http://198.18.0.1"
    document = status.document(sandbox, [cluster_status("a")])
    assert document["front"] == ""
