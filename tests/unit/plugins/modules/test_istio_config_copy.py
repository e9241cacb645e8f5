# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import istio_config_copy, mesh_compare
from ansible_collections.meshwright.istio.tests.unit.support import (
    cluster_pairs,
    leaves,
    mesh_objects,
    roots,
)
from ansible_collections.meshwright.istio.tests.unit.support.cluster_pairs import (
    GATEWAY_API,
    KEY,
    NETWORKING,
    Cluster,
    custom,
)

Clusters = tuple[Cluster, Cluster]
Object = dict[str, Any]
WRITTEN = {"resourceVersion", "uid"}


@pytest.fixture
def clusters() -> Clusters:
    return cluster_pairs.pair()


def run(clusters: Clusters, *, check: bool = False, **options: Any) -> dict[str, Any]:
    clusters[1].writes.clear()
    result = cluster_pairs.run(istio_config_copy, clusters, check=check, **options)
    assert not check or clusters[1].writes == []
    if result["rc"] == 0:
        assert result["changed"] == (clusters[1].writes != [] or (check and result["diff"] != []))
    else:
        assert clusters[1].writes == []
    return result


def actions(result: dict[str, Any]) -> dict[str, str]:
    """What became of each object, but for those that were the same."""
    return {
        each["object"]: each["action"]
        for each in result["objects"]
        if each["action"] != "unchanged"
    }


def empty(api: Cluster) -> Cluster:
    """The same without any configuration."""
    for key in [key for key in api.objects if ".istio.io/" in key[0] or key[0] == GATEWAY_API]:
        del api.objects[key]
    return api


def stored(api: Cluster, kind: str, name: str, namespace: str = "shop") -> Object:
    item = api.find(kind, name, namespace)
    metadata = {key: value for key, value in item["metadata"].items() if key not in WRITTEN}
    return {**item, "metadata": metadata}


def test_equal_clusters_are_left_as_they_are(clusters: Clusters) -> None:
    result = run(clusters)
    assert (result["rc"], result["changed"], result["diff"]) == (0, False, [])
    assert result["counts"] == {
        "created": 0,
        "updated": 0,
        "replaced": 0,
        "unchanged": 13,
        "left_out": 0,
    }
    assert clusters[1].writes == []


def test_all_of_it_is_brought_over_and_the_second_run_writes_nothing(clusters: Clusters) -> None:
    empty(clusters[1])
    predicted = run(clusters, check=True)
    result = run(clusters)
    assert predicted == result
    assert result["counts"]["created"] == 13
    assert len(clusters[1].writes) == 13
    for kind, name in (("VirtualService", "web"), ("Gateway", "side"), ("WasmPlugin", "auth")):
        assert stored(clusters[1], kind, name) == stored(clusters[0], kind, name)
    again = run(clusters)
    assert (again["changed"], again["counts"]["unchanged"]) == (False, 13)
    compared = cluster_pairs.run(mesh_compare, clusters)
    assert [each["code"] for each in compared["findings"]] == ["istio_version"]


def test_what_differs_is_updated_with_a_diff(clusters: Clusters) -> None:
    clusters[1].change("DestinationRule", "web", spec={"host": "old"})
    predicted = run(clusters, check=True)
    result = run(clusters)
    assert predicted == result
    assert actions(result) == {"DestinationRule shop/web": "updated"}
    assert clusters[1].writes == [("apply", "DestinationRule", "web")]
    (diff,) = result["diff"]
    assert (diff["before"]["spec"], diff["after"]["spec"]) == ({"host": "old"}, {"host": "web"})
    assert diff["before_header"] == "DestinationRule shop/web"
    assert run(clusters)["changed"] is False


def test_nothing_that_only_the_target_has_is_deleted(clusters: Clusters) -> None:
    clusters[0].drop("VirtualService", "web")
    result = run(clusters)
    assert (result["changed"], result["only_in_target"]) == (False, ["VirtualService shop/web"])


def test_only_some_kinds_and_namespaces_are_copied(clusters: Clusters) -> None:
    empty(clusters[1])
    result = run(clusters, check=True, kinds=["Sidecar", "Gateway"])
    assert list(actions(result)) == ["Gateway shop/front", "Sidecar shop/default"]
    assert actions(run(clusters, check=True, excluded_namespaces=["shop"])) == {}
    assert actions(run(clusters, check=True, namespaces=["istio-ingress"])) == {}
    assert len(actions(run(clusters, check=True, namespaces=["shop"]))) == 13


def test_what_is_for_all_of_the_mesh_is_copied_with_any_namespace(clusters: Clusters) -> None:
    place = {"namespace": "istio-system"}
    clusters[0].put(custom(NETWORKING, "Sidecar", "default", {"egress": []}, **place))
    result = run(clusters, namespaces=["istio-ingress"])
    assert actions(result) == {"Sidecar istio-system/default": "created"}


def test_marks_of_other_tools_and_of_the_cluster_stay_behind(clusters: Clusters) -> None:
    clusters[0].change(
        "VirtualService",
        "web",
        metadata={
            "labels": {"team": "a", "app.kubernetes.io/managed-by": "Helm"},
            "annotations": {
                "note": "b",
                "meta.helm.sh/release-name": "web",
                "argocd.argoproj.io/tracking-id": "web",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            },
            "finalizers": ["wait"],
            "ownerReferences": [{"kind": "App", "name": "web", "uid": "1"}],
            "generation": 3,
        },
        status={"conditions": []},
    )
    clusters[1].drop("VirtualService", "web")
    run(clusters)
    copy = stored(clusters[1], "VirtualService", "web")
    assert copy["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "labels": {"team": "a"},
        "annotations": {"note": "b"},
    }
    assert "status" not in copy


def test_what_a_controller_makes_is_left_out_and_listed(clusters: Clusters) -> None:
    owner = {"kind": "Ingress", "name": "old", "controller": True}
    clusters[0].change("VirtualService", "web", metadata={"ownerReferences": [owner]})
    clusters[1].drop("VirtualService", "web")
    result = run(clusters)
    assert result["changed"] is False
    assert result["left_out"] == [
        {
            "object": "VirtualService shop/web",
            "reason": "Ingress old makes it, in the target too",
        }
    ]


@pytest.mark.parametrize(
    ("revision", "labels"),
    [
        pytest.param(None, {"team": "a"}, id="taken away"),
        pytest.param("1-31", {"team": "a", "istio.io/rev": "1-31"}, id="that of the target"),
    ],
)
def test_the_label_of_a_revision(
    clusters: Clusters, revision: str | None, labels: dict[str, str]
) -> None:
    there = {"labels": {"team": "a", "istio.io/rev": "1-30"}}
    clusters[0].change("VirtualService", "web", metadata=there)
    clusters[1].drop("VirtualService", "web")
    run(clusters, revision=revision)
    assert stored(clusters[1], "VirtualService", "web")["metadata"]["labels"] == labels
    assert run(clusters, revision=revision)["changed"] is False


def test_namespaces_that_lack_are_refused_by_name(clusters: Clusters) -> None:
    clusters[1].drop("Namespace", "shop", None)
    empty(clusters[1])
    result = run(clusters)
    assert result["rc"] == 1
    assert result["msg"] == (
        "The target lacks the namespaces shop. Create them, set create_namespaces, or name them in"
        " excluded_namespaces."
    )


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        pytest.param({}, {"team": "a"}, id="without the mesh"),
        pytest.param(
            {"injection_labels": True},
            {"team": "a", "istio-injection": "enabled"},
            id="in the mesh",
        ),
    ],
)
def test_namespaces_are_created_when_told(
    clusters: Clusters, options: dict[str, Any], labels: dict[str, str]
) -> None:
    space = mesh_objects.namespace("shop", istio_injection="enabled", team="a")
    space["metadata"]["labels"]["kubernetes.io/metadata.name"] = "shop"
    clusters[0].put(space)
    clusters[1].drop("Namespace", "shop", None)
    empty(clusters[1])
    options = {"create_namespaces": True, **options}
    predicted = run(clusters, check=True, **options)
    result = run(clusters, **options)
    assert predicted == result
    assert result["namespaces"] == ["shop"]
    assert clusters[1].writes[0] == ("create", "Namespace", "shop")
    assert clusters[1].find("Namespace", "shop", None)["metadata"]["labels"] == labels
    assert run(clusters, **options)["changed"] is False


def test_a_namespace_of_a_revision_needs_one_of_the_target(clusters: Clusters) -> None:
    clusters[0].put(mesh_objects.namespace("shop", rev="1-30"))
    clusters[1].drop("Namespace", "shop", None)
    empty(clusters[1])
    options = {"create_namespaces": True, "injection_labels": True}
    assert run(clusters, **options)["msg"].startswith(
        "injection_labels: shop ask for a revision of the source."
    )
    run(clusters, **options, revision="1-31")
    labels = clusters[1].find("Namespace", "shop", None)["metadata"]["labels"]
    assert labels == {"istio.io/rev": "1-31"}


def conflict() -> ApiError:
    said = (
        'Apply failed with 1 conflict: conflict with "argocd" using networking.istio.io/v1: .spec'
    )
    return ApiError(said, status=409, reason="Conflict")


def test_what_another_tool_keeps_is_refused_by_name(clusters: Clusters) -> None:
    clusters[1].change("DestinationRule", "web", spec={"host": "old"})
    clusters[1].drop("Sidecar", "default")
    clusters[1].failures["apply", "web"] = [conflict()]
    result = run(clusters)
    assert result["rc"] == 1
    assert result["msg"] == (
        "Others keep DestinationRule shop/web (argocd) in the target, and it differs from the"
        " source. Change it by what keeps it, leave it out, or set force to take it over."
    )
    assert result["conflicts"] == ["DestinationRule shop/web"]


def test_a_field_that_another_tool_has_added_is_refused_or_replaced(clusters: Clusters) -> None:
    added = {"host": "web", "subsets": [{"name": "v1"}]}
    labels = {"istio.io/rev": "1-30", "team": "a"}
    clusters[1].change("DestinationRule", "web", spec=added, metadata={"labels": labels})
    result = run(clusters)
    assert result["msg"].startswith("Others keep DestinationRule shop/web (another tool)")
    predicted = run(clusters, check=True, force=True)
    result = run(clusters, force=True)
    assert predicted == result
    assert actions(result) == {"DestinationRule shop/web": "replaced"}
    assert clusters[1].writes == [("replace", "DestinationRule", "web")]
    copy = stored(clusters[1], "DestinationRule", "web")
    assert (copy["spec"], copy["metadata"]["labels"]) == ({"host": "web"}, {"team": "a"})
    assert run(clusters, force=True)["changed"] is False


def test_a_label_by_which_nobody_reads_it_is_taken_away_by_force_alone(clusters: Clusters) -> None:
    labels = {"istio.io/rev": "1-30"}
    clusters[1].change("DestinationRule", "web", metadata={"labels": labels})
    assert run(clusters)["msg"].startswith("Others keep DestinationRule shop/web (another tool)")
    assert actions(run(clusters, force=True)) == {"DestinationRule shop/web": "replaced"}
    assert stored(clusters[1], "DestinationRule", "web")["metadata"]["labels"] == {}


def test_a_kind_that_the_target_does_not_know_is_refused(clusters: Clusters) -> None:
    empty(clusters[1]).unserved.add("httproutes")
    assert run(clusters)["msg"].startswith(
        "The target does not know HTTPRoute, of which the source has objects."
    )
    assert run(clusters, kinds=["Sidecar"])["counts"]["created"] == 1


def test_what_may_not_be_read_is_refused(clusters: Clusters) -> None:
    clusters[1].forbidden.add("sidecars")
    assert run(clusters)["msg"].startswith("The account may not read sidecars of the target.")


def test_secrets_are_copied_only_when_told_and_never_shown(clusters: Clusters) -> None:
    clusters[0].put(
        cluster_pairs.secret(
            "shop-cert", "istio-ingress", tls_crt=leaves.SHOP, tls_key=KEY, password=KEY
        )
    )
    clusters[0].put(cluster_pairs.secret("other", "istio-ingress", tls_crt=leaves.BLOG))
    clusters[1].drop("Secret", "shop-cert", "istio-ingress")
    assert run(clusters)["changed"] is False
    predicted = run(clusters, check=True, secrets=True)
    result = run(clusters, secrets=True)
    assert predicted == result
    assert actions(result) == {"Secret istio-ingress/shop-cert": "created"}
    copy = stored(clusters[1], "Secret", "shop-cert", "istio-ingress")
    assert set(copy["data"]) == {"tls.crt", "tls.key"}
    assert run(clusters, secrets=True)["changed"] is False
    text = json.dumps(result)
    assert KEY not in text
    assert copy["data"]["tls.key"] not in text


def test_a_secret_that_differs_is_updated_with_its_fingerprints(clusters: Clusters) -> None:
    clusters[1].put(
        cluster_pairs.secret(
            "shop-cert", "istio-ingress", tls_crt=leaves.BLOG, tls_key="old", ca_crt=roots.MESH
        )
    )
    result = run(clusters, secrets=True, force=True)
    assert actions(result) == {"Secret istio-ingress/shop-cert": "replaced"}
    (diff,) = result["diff"]
    assert diff["before"]["certificates"] != diff["after"]["certificates"]
    assert diff["before"]["key"] == "another than in the source"
    assert diff["after"]["key"] == "as in the source"
    assert run(clusters, secrets=True)["changed"] is False


def test_the_same_cluster_twice_is_refused(clusters: Clusters) -> None:
    result = run((clusters[0], cluster_pairs.cluster("1.31.0", "uid-a")))
    assert result["msg"].startswith("target: it is the same cluster as the source")


def test_refuses_options_that_cannot_be_used(clusters: Clusters) -> None:
    assert run(clusters, revision="1.31")["msg"].startswith("revision: got '1.31'")
    assert run(clusters, namespaces=["none"])["msg"].startswith(
        "namespaces: the source has no none."
    )
    assert "value of kinds must be" in run(clusters, kinds=["Pod"])["msg"]


def test_takes_and_returns_what_is_documented(clusters: Clusters) -> None:
    options = yaml.safe_load(istio_config_copy.DOCUMENTATION)["options"]
    shared = {"namespaces", "excluded_namespaces", "istio_namespace"}
    spec = istio_config_copy.argument_spec()
    assert set(spec) == set(options) | shared
    assert set(spec["kinds"]["choices"]) == set(options["kinds"]["choices"])
    returned = yaml.safe_load(istio_config_copy.RETURN)
    assert set(run(clusters)) - {"rc", "changed", "diff"} == set(returned)
