# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.module_utils.compare import catalogue
from ansible_collections.meshwright.istio.plugins.modules import mesh_compare
from ansible_collections.meshwright.istio.tests.unit.support import (
    cluster_pairs,
    control_planes,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.cluster_pairs import Cluster

Clusters = tuple[Cluster, Cluster]


@pytest.fixture
def clusters() -> Clusters:
    return cluster_pairs.pair()


def run(clusters: Clusters, *, check: bool = False, **options: Any) -> dict[str, Any]:
    result = cluster_pairs.run(mesh_compare, clusters, check=check, **options)
    assert clusters[1].writes == []
    assert cluster_pairs.KEY not in json.dumps(result)
    return result


def codes(result: dict[str, Any]) -> list[str]:
    """What is found beside the two versions, which differ on purpose."""
    return [each["code"] for each in result["findings"] if each["code"] != "istio_version"]


def test_equal_clusters_differ_in_their_version_alone(clusters: Clusters) -> None:
    result = run(clusters)
    assert (result["rc"], result["changed"], result["blocked"]) == (0, False, False)
    assert codes(result) == []
    (finding,) = result["findings"]
    assert (finding["code"], finding["severity"]) == ("istio_version", "info")
    assert finding["title"] == "Istio is 1.30.4 in the source and 1.31.0 in the target"
    assert result["counts"] == {"block": 0, "warn": 0, "info": 1, "expected": 0}
    assert result["namespaces"] == ["istio-ingress", "istio-system", "shop"]
    assert result["source"] == {
        "kubernetes": "v1.35.4",
        "revision": "default",
        "uid": "uid-a",
        "version": "1.30.4",
        "versions": ["1.30.4"],
    }
    assert (result["target"]["uid"], result["target"]["version"]) == ("uid-b", "1.31.0")
    assert result["table"].startswith("INFO   istio_version: Istio is 1.30.4")


def test_nothing_differs_where_the_versions_are_the_same() -> None:
    same = (cluster_pairs.cluster("1.31.0", "a"), cluster_pairs.cluster("1.31.0", "b"))
    assert run(same)["table"] == "Nothing differs between the clusters."


def test_check_mode_says_the_same(clusters: Clusters) -> None:
    clusters[1].drop("VirtualService", "web")
    assert run(clusters, check=True) == run(clusters)


def test_the_way_back_is_to_an_older_version(clusters: Clusters) -> None:
    (finding,) = run((clusters[1], clusters[0]))["findings"]
    assert (finding["code"], finding["severity"]) == ("istio_version", "warn")


def test_what_lacks_forbids_the_switchover_and_is_named(clusters: Clusters) -> None:
    clusters[1].drop("VirtualService", "web")
    result = run(clusters)
    assert result["blocked"] is True
    assert result["findings"][0] == {
        "code": "route_missing",
        "severity": "block",
        "title": "The target lacks routes that the source has",
        "objects": ["VirtualService shop/web"],
        "consequence": "Requests go elsewhere there than they do now, or nowhere.",
        "remedy": "Create them in the target; istio_config_copy brings it over.",
        "source": "istio.io traffic-management, security; both clusters were read",
        "override": "route_missing",
        "overridden": False,
    }


def test_what_is_expected_is_told_and_does_not_block(clusters: Clusters) -> None:
    clusters[1].drop("VirtualService", "web")
    result = run(clusters, expected=[{"code": "route_missing"}])
    assert result["blocked"] is False
    assert result["findings"][0]["overridden"] is True
    assert result["counts"]["expected"] == 1
    assert "route_missing (overridden)" in result["table"]
    assert "warnings" not in result


def test_only_the_objects_that_are_expected_are_allowed(clusters: Clusters) -> None:
    clusters[1].change("AuthorizationPolicy", "web", spec={"rules": []})
    clusters[1].change("PeerAuthentication", "default", spec={"mtls": {"mode": "PERMISSIVE"}})
    expected = {"code": "access_differs", "objects": ["AuthorizationPolicy shop/web"]}
    result = run(clusters, expected=[expected])
    assert result["blocked"] is True
    assert [(each["objects"], each["overridden"]) for each in result["findings"][:2]] == [
        (["AuthorizationPolicy shop/web (spec.rules)"], True),
        (["PeerAuthentication shop/default (spec.mtls.mode)"], False),
    ]
    both = [*expected["objects"], "PeerAuthentication shop/default (spec.mtls.mode)"]
    result = run(clusters, expected=[{**expected, "objects": both}])
    assert (result["blocked"], codes(result)) == (False, ["access_differs"])


def test_what_is_expected_and_not_found_gives_a_warning(clusters: Clusters) -> None:
    result = run(
        clusters,
        expected=[{"code": "replicas"}, {"code": "route_extra", "objects": ["HTTPRoute a/b"]}],
    )
    assert result["warnings"] == [
        "expected: replicas was not found. Take the entry out.",
        "expected: route_extra was not found at HTTPRoute a/b. Take that object out.",
    ]


def test_a_code_that_does_not_exist_is_refused(clusters: Clusters) -> None:
    result = run(clusters, expected=[{"code": "routes_missing"}])
    assert result["rc"] == 1
    assert result["msg"].startswith(
        "expected: got the code 'routes_missing', which no finding has; right is one of access_"
    )
    assert clusters[0].reads == clusters[1].reads == []


def test_the_same_cluster_twice_is_refused(clusters: Clusters) -> None:
    result = run((clusters[0], cluster_pairs.cluster("1.31.0", "uid-a")))
    assert result["rc"] == 1
    assert result["msg"] == (
        "target: it is the same cluster as the source, for the namespace kube-system of both has"
        " the uid uid-a. Give the kubeconfig or context of the other one."
    )


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_cluster_that_does_not_answer_is_named(clusters: Clusters, side: str) -> None:
    api = clusters[side == "target"]
    error = cluster_pairs.ApiError("The API server https://x cannot be reached: no.", status=0)
    api.failures["get", "kube-system"] = [error]
    result = run(clusters)
    assert (result["rc"], result["cluster"]) == (1, side)
    assert result["msg"] == (
        f"The {side} cannot be read: The API server https://x cannot be reached: no."
    )


def test_what_is_no_cluster_is_refused(clusters: Clusters) -> None:
    clusters[1].drop("Namespace", "kube-system", None)
    assert run(clusters)["msg"].startswith("The target has no namespace kube-system")


def beside(clusters: Clusters, *, default: bool = True) -> None:
    """Put a second control plane into the target; the first injects by default, or none does."""
    target = clusters[1]
    target.put(mesh_objects.istiod("1-32", "hub.example.org/pilot:1.32.0"))
    target.put(cluster_pairs.config_map("istio-1-32", "istio-system", "mesh", "accessLog: 1"))
    for item in control_planes.revision("1-32"):
        target.put(item)
    if not default:
        target.drop("MutatingWebhookConfiguration", "istio-revision-tag-default", None)


def test_of_several_control_planes_the_default_one_counts(clusters: Clusters) -> None:
    beside(clusters)
    result = run(clusters)
    assert (result["target"]["revision"], codes(result)) == ("default", [])
    assert result["target"]["versions"] == ["1.31.0", "1.32.0"]
    result = run(clusters, target_revision="1-32")
    assert (result["target"]["version"], codes(result)) == (
        "1.32.0",
        ["trust_domain", "mesh_setting"],
    )


def test_which_control_plane_counts_has_to_be_clear(clusters: Clusters) -> None:
    beside(clusters, default=False)
    assert run(clusters)["msg"] == (
        "target_revision: none of the control planes 1-32, default of the target injects by"
        " default. Name the one that serves, or will."
    )


def test_settings_that_cannot_be_read_are_refused(clusters: Clusters) -> None:
    clusters[0].put(cluster_pairs.config_map("istio", "istio-system", "mesh", "a: [b"))
    assert run(clusters)["msg"].startswith(
        "ConfigMap istio-system/istio: its mesh configuration is no valid YAML"
    )


def test_only_some_namespaces_are_compared(clusters: Clusters) -> None:
    clusters[1].drop("VirtualService", "web")
    assert codes(run(clusters, excluded_namespaces=["shop"])) == []
    assert codes(run(clusters, namespaces=["istio-ingress"])) == []
    result = run(clusters, namespaces=["shop"])
    assert codes(result) == ["route_missing"]
    # What lies beside istiod holds everywhere.
    assert result["namespaces"] == ["istio-system", "shop"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(
            {"namespaces": ["none"]}, "namespaces: neither cluster has none.", id="unknown"
        ),
        pytest.param(
            {"namespaces": ["shop"], "excluded_namespaces": ["shop"]},
            "namespaces, excluded_namespaces: both have shop. Name it in one.",
            id="in both",
        ),
        pytest.param(
            {"target_revision": "1-31"},
            "target_revision: the target has no control plane 1-31; right is one of default.",
            id="revision",
        ),
    ],
)
def test_refuses(clusters: Clusters, options: dict[str, Any], sentence: str) -> None:
    result = run(clusters, **options)
    assert result["rc"] == 1
    assert result["msg"].startswith(sentence)


def test_every_code_is_known_and_documented() -> None:
    notes = " ".join(yaml.safe_load(mesh_compare.DOCUMENTATION)["notes"])
    for code in catalogue.CODES:
        assert f"C({code})" in notes or any(
            f"C({part})" in notes for part in (code.rpartition("_")[0],)
        )


def test_takes_and_returns_what_is_documented(clusters: Clusters) -> None:
    options = yaml.safe_load(mesh_compare.DOCUMENTATION)["options"]
    shared = {"namespaces", "excluded_namespaces", "istio_namespace"}
    assert set(mesh_compare.argument_spec()) == set(options) | shared
    returned = yaml.safe_load(mesh_compare.RETURN)
    result = run(clusters)
    assert set(result) - {"rc", "changed"} == set(returned)
    assert set(result["findings"][0]) == set(returned["findings"]["contains"])
