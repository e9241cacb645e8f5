# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the new control plane is to be installed with, and what of it does not fit the mesh."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_meshes import (
    SYSTEM,
    codes,
    edited,
    healthy,
    in_place,
    merged,
    shown,
    simple,
    wanted,
    without,
)

Object = dict[str, Any]
PARAMS: dict[str, Any] = {
    "version": "1.31.0",
    "revision": "1-31",
    "istio_namespace": SYSTEM,
    "path": "canary",
    "drain": "endpoints",
    "rules": {},
    "namespaces": [],
    "excluded_namespaces": [],
    "operator": None,
    "operator_files": [],
    "values": None,
    "values_files": [],
}


def mesh_config(text: str) -> Object:
    return simple("v1", "ConfigMap", "istio", SYSTEM, data={"mesh": text})


def kept(values: Any) -> Object:
    """The values that the charts have kept of a control plane."""
    data = {"original-values": values if isinstance(values, str) else json.dumps(values)}
    return simple("v1", "ConfigMap", "values", SYSTEM, data=data)


def trusting(domain: str, *aliases: str) -> dict[str, Any]:
    return {"meshConfig": {"trustDomain": domain, "trustDomainAliases": list(aliases)}}


OURS = mesh_config("trustDomain: ours.example\n")
BRIDGED = mesh_config("trustDomain: ours.example\ntrustDomainAliases: [new.example]\n")


def test_a_trust_domain_that_the_new_values_do_not_have_is_lost() -> None:
    assert codes([*healthy(), OURS], wanted(settings={})) == [("trust_domain", "block")]
    said = shown([*healthy(), OURS], wanted(settings={}))
    assert "from ours.example to cluster.local" in said
    assert f"ConfigMap {SYSTEM}/istio" in said
    assert "meshConfig.trustDomain: ours.example" in said


@pytest.mark.parametrize(
    ("config", "upgrade", "severity"),
    [
        pytest.param(OURS, wanted(settings=trusting("new.example")), "block", id="another one"),
        pytest.param(
            mesh_config("rootNamespace: x\n"),
            wanted(settings=trusting("new.example")),
            "block",
            id="the default becomes another one",
        ),
        pytest.param(
            OURS,
            wanted(settings=trusting("new.example", "ours.example")),
            "block",
            id="the old proxies do not know the new ones",
        ),
        pytest.param(
            BRIDGED,
            wanted(settings=trusting("new.example")),
            "block",
            id="the new proxies do not know the old ones",
        ),
        pytest.param(
            BRIDGED,
            wanted(settings=trusting("new.example", "ours.example")),
            "warn",
            id="each knows the other",
        ),
    ],
)
def test_two_trust_domains(config: Object, upgrade: Any, severity: str) -> None:
    assert codes([*healthy(), config], upgrade) == [("trust_domain", severity)]


@pytest.mark.parametrize(
    ("extra", "upgrade"),
    [
        pytest.param([OURS], wanted(), id="nobody said what it is to be"),
        pytest.param([OURS], wanted(settings=trusting("ours.example")), id="the same"),
        pytest.param([], wanted(settings=trusting("new.example")), id="no configuration"),
        pytest.param(
            [mesh_config("{")], wanted(settings=trusting("new.example")), id="it cannot be read"
        ),
        pytest.param(
            [mesh_config("[]")], wanted(settings=trusting("new.example")), id="it is no mapping"
        ),
        pytest.param([mesh_config("")], wanted(settings={}), id="an empty one, and the default"),
        pytest.param(
            [mesh_config("trustDomain: cluster.local")],
            wanted(settings={"meshConfig": "what the charts will refuse"}),
            id="values that are none",
        ),
        pytest.param([OURS], in_place(), id="in place, and its values are not known"),
        pytest.param([OURS, kept("{")], in_place(), id="in place, and they cannot be read"),
        pytest.param([OURS, kept(trusting("ours.example"))], in_place(), id="in place, as it is"),
    ],
)
def test_no_false_alarm(extra: list[Object], upgrade: Any) -> None:
    assert codes([*healthy(), *extra], upgrade) == []


@pytest.mark.parametrize(
    ("values", "details"),
    [
        pytest.param({}, {}, id="changed by hand, and in no values"),
        pytest.param(
            trusting("ours.example"), {"settings": trusting("new.example")}, id="new values"
        ),
        pytest.param(
            trusting("ours.example"),
            {"settings": {"meshConfig": {}}, "renewed": True},
            id="a new document in place of the old values",
        ),
    ],
)
def test_in_place_it_goes_by_the_values_that_the_control_plane_has(
    values: Any, details: dict[str, Any]
) -> None:
    found = codes([*healthy(), OURS, kept(values)], in_place(**details))
    assert found == [("trust_domain", "block")]


def read(**given: Any) -> Mapping[str, Any] | None:
    return Upgrade.from_params({**PARAMS, **given}).settings


def test_nothing_given_is_not_the_same_as_nothing_but_the_defaults() -> None:
    assert read() is None
    assert read(values={}) == {}
    assert read(operator={}) == {}


def test_a_document_takes_the_place_of_the_values_that_the_control_plane_has() -> None:
    def renews(**given: Any) -> bool:
        return Upgrade.from_params({**PARAMS, **given}).renewed

    assert renews(operator={"spec": {}})
    assert not renews(operator={}, values={"global": {}})


def test_the_last_word_is_that_of_istioctl(tmp_path: Path) -> None:
    values, operator = tmp_path / "values.yml", tmp_path / "operator.yml"
    values.write_text("meshConfig: {trustDomain: c}\nglobal: {proxy: {image: x}}\n")
    operator.write_text("spec: {meshConfig: {trustDomain: a, rootNamespace: r}}\n")
    found = read(
        operator_files=[str(operator)],
        operator={"spec": {"values": {"meshConfig": {"trustDomain": "b"}}}},
        values_files=[str(values)],
        values={"global": {"proxy": {"resources": {}}}},
    )
    assert found == {
        "meshConfig": {"trustDomain": "c", "rootNamespace": "r"},
        "global": {"proxy": {"image": "x", "resources": {}}},
    }


def test_a_file_that_cannot_be_read_is_refused_as_at_the_installation() -> None:
    with pytest.raises(BadInputError, match=r"values_files: '/none\.yml' cannot be read"):
        read(values_files=["/none.yml"])


def limit_range(kind: str = "Container", **limits: Any) -> Object:
    return simple("v1", "LimitRange", "small", "cart", spec={"limits": [{"type": kind, **limits}]})


def annotated(**annotations: str) -> list[Object]:
    named = {f"sidecar.istio.io/{name}": value for name, value in annotations.items()}
    change = {"spec": {"template": {"metadata": {"annotations": named}}}}
    return edited("cart", "Deployment", change)


def containers(*found: Object, **spec: Any) -> list[Object]:
    change = {"spec": {"template": {"spec": {"containers": list(found), **spec}}}}
    return edited("cart", "Deployment", change)


def asking(name: str, **limits: str) -> Object:
    return {"name": name, "resources": {"limits": limits}}


CHART = wanted(settings={})


@pytest.mark.parametrize(
    ("objects", "upgrade", "said"),
    [
        pytest.param(
            [*healthy(), limit_range(max={"cpu": "1"})],
            CHART,
            "the sidecar may take more cpu than 1",
            id="the limit of the charts",
        ),
        pytest.param(
            [*healthy(), limit_range(min={"memory": "200Mi"})],
            CHART,
            "the sidecar asks for less memory than 200Mi",
            id="the request of the charts",
        ),
        pytest.param(
            [*healthy(), limit_range(max={"cpu": "3"})],
            wanted(settings={"global": {"proxy": {"resources": {"limits": {"cpu": "4"}}}}}),
            "the sidecar may take more cpu than 3",
            id="the limit in the new values",
        ),
        pytest.param(
            [*annotated(proxyCPULimit="4"), limit_range(max={"cpu": "3"})],
            CHART,
            "the sidecar may take more cpu than 3",
            id="the annotation of the pod",
        ),
        pytest.param(
            [*annotated(proxyMemory="64Mi"), limit_range(min={"memory": "100Mi"})],
            CHART,
            "the sidecar asks for less memory than 100Mi",
            id="a request in an annotation",
        ),
        pytest.param(
            [*annotated(proxyCPULimit="50m"), limit_range(min={"cpu": "60m"})],
            CHART,
            "the sidecar asks for less cpu than 60m",
            id="a limit in an annotation is the request too",
        ),
        pytest.param(
            [
                *containers({"name": "app"}, asking("istio-proxy", cpu="4")),
                limit_range(max={"cpu": "3"}),
            ],
            CHART,
            "the sidecar may take more cpu than 3",
            id="the container that the pod names itself",
        ),
        pytest.param(
            [*annotated(proxyCPU="2"), limit_range(max={"cpu": "1"}, default={"cpu": "1"})],
            CHART,
            "the sidecar may take more cpu than 1",
            id="a request above the most",
        ),
        pytest.param(
            [*containers(asking("app", cpu="2")), limit_range("Pod", max={"cpu": "3"})],
            CHART,
            "all containers together may take more cpu than 3",
            id="the pod as a whole",
        ),
        pytest.param(
            [
                *containers(
                    {"name": "app"},
                    initContainers=[{**asking("helper", cpu="2"), "restartPolicy": "Always"}],
                ),
                limit_range("Pod", max={"cpu": "3"}),
            ],
            CHART,
            "all containers together may take more cpu than 3",
            id="with a sidecar of its own",
        ),
    ],
)
def test_pods_that_a_limit_range_forbids(objects: list[Object], upgrade: Any, said: str) -> None:
    assert codes(objects, upgrade) == [("limit_range", "block")]
    assert f"LimitRange cart/small: {said} (Deployment cart/cart)" in shown(objects, upgrade)


@pytest.mark.parametrize(
    ("objects", "upgrade"),
    [
        pytest.param(
            [*healthy(), limit_range(max={"cpu": "2"}, min={"cpu": "100m"})], CHART, id="just so"
        ),
        pytest.param(
            [*annotated(proxyCPULimit="1"), limit_range(max={"cpu": "1"})],
            CHART,
            id="the pod has a smaller one",
        ),
        pytest.param(
            [
                *containers(asking("app", cpu="1"), asking("istio-proxy", cpu="2")),
                limit_range("Pod", max={"cpu": "3"}),
            ],
            CHART,
            id="the sidecar counts once",
        ),
        pytest.param(
            [*annotated(proxyCPULimit="lots"), limit_range(max={"cpu": "1"})],
            CHART,
            id="an annotation that is no amount",
        ),
        pytest.param(
            [*healthy(), limit_range(max={"storage": "1Gi"}, min={"storage": "1Mi"})],
            CHART,
            id="of something else",
        ),
        pytest.param(
            [*healthy(), limit_range("PersistentVolumeClaim", max={"storage": "1Gi"})],
            CHART,
            id="of volumes",
        ),
        pytest.param(
            [*healthy(), merged(limit_range(max={"cpu": "1m"}), {"metadata": {"namespace": "x"}})],
            CHART,
            id="of a namespace that does not move",
        ),
        pytest.param(
            [
                *containers(asking("app", cpu="1"), initContainers=[asking("once", cpu="2")]),
                limit_range("Pod", max={"cpu": "3"}),
            ],
            CHART,
            id="what has ended before the others begin",
        ),
        pytest.param(
            [*healthy(), limit_range(max={"cpu": "1m"})], wanted(), id="nobody knows what it gets"
        ),
    ],
)
def test_pods_that_a_limit_range_lets_pass(objects: list[Object], upgrade: Any) -> None:
    assert codes(objects, upgrade) == []


def test_without_new_values_the_sidecar_is_taken_to_be_as_now() -> None:
    values = {"global": {"proxy": {"resources": {"limits": {"cpu": "500m"}}}}}
    settings = simple(
        "v1", "ConfigMap", "istio-sidecar-injector", SYSTEM, data={"values": json.dumps(values)}
    )
    objects = [*without("istio-sidecar-injector"), settings]
    assert codes([*objects, limit_range(max={"cpu": "400m"})]) == [("limit_range", "block")]
    assert codes([*objects, limit_range(max={"cpu": "500m"})]) == []


def test_many_workloads_of_one_limit_are_counted() -> None:
    change = {"metadata": {"name": "bill"}, "spec": {"selector": {"matchLabels": {"app": "bill"}}}}
    second = [
        merged(item, change)
        for item in healthy()
        if (item["kind"], item["metadata"]["name"]) == ("Deployment", "cart")
    ]
    pod = [
        merged(
            item,
            {
                "metadata": {
                    "name": "bill-1",
                    "ownerReferences": [
                        {"kind": "ReplicaSet", "name": "bill-5d8", "controller": True}
                    ],
                }
            },
        )
        for item in healthy()
        if item["metadata"]["name"] == "cart-1"
    ]
    said = shown([*healthy(), *second, *pod, limit_range(max={"cpu": "1"})], CHART)
    assert "(Deployment cart/bill and 1 more)" in said
