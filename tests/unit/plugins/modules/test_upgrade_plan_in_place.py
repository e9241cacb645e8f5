# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.modules import upgrade_plan
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    gateways,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

Object = dict[str, Any]
OLD, NEW = "1.30.4", "1.31.0"
GIVEN = {"global": {"hub": "hub.example.org", "tag": OLD}, "revision": "", "pilot": {"tag": OLD}}


def pod(name: str, namespace: str, version: str = OLD, *, revision: str = "default") -> Object:
    """A pod of the Deployment of the same name."""
    return mesh_objects.pod(
        f"{name}-x", namespace, revision=revision, deployment=name, version=version
    )


def values(text: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "values", "namespace": "istio-system"},
        "data": {"original-values": text},
    }


def gateway() -> Object:
    item = gateways.gateway("edge-in", labels={"sidecar.istio.io/inject": "true"})
    item["metadata"]["namespace"] = "edge"
    return item


def mesh(*objects: Object, version: str = OLD) -> FakeApi:
    """A mesh without a revision: two namespaces that follow the default, and a gateway."""
    return FakeApi(
        *control_planes.unrevisioned(),
        mesh_objects.istiod("default", f"hub.example.org/pilot:{version}", replicas=3),
        values(json.dumps(GIVEN)),
        mesh_objects.namespace("istio-system"),
        mesh_objects.namespace("edge", istio_injection="enabled"),
        mesh_objects.namespace("lab", istio_injection="enabled"),
        mesh_objects.namespace("shop", istio_injection="enabled"),
        gateway(),
        pod("edge-in", "edge"),
        *objects,
    )


def run(api: FakeApi, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"path": "in_place", "revision": "default", "version": NEW, **arguments}
    result = run_module(upgrade_plan, api, given, check=check)
    assert api.writes == []
    return result


def workloads(result: Object) -> list[str]:
    return [name for wave in result["plan"]["waves"] for name in wave["workloads"]]


def test_plans_what_runs_the_old_version_although_it_names_the_revision() -> None:
    result = run(mesh(pod("probe", "lab"), pod("web", "shop"), pod("new", "shop", NEW)))
    assert (result["rc"], result["changed"], result["needed"]) == (0, False, True)
    assert workloads(result) == ["lab/Deployment/probe", "shop/Deployment/web"]
    assert [wave["to_label"] for wave in result["plan"]["waves"]] == [[], []]
    assert result["plan"]["gateways"] == [
        {"reference": "edge/Deployment/edge-in", "revision": "default", "pods": 1}
    ]
    assert result["plan"]["hops"] == [NEW]
    assert result["table"] == [
        "default (1.30.4) -> 1.31.0, in place",
        "control   replace the control plane by 1.31.0",
        "gateway   edge/Deployment/edge-in: 1 pod",
        "wave 1    first: lab; 1 workload with 1 pod to restart",
        "wave 2    rest: shop; 1 workload with 1 pod to restart",
    ]


def test_the_record_has_what_the_way_back_needs() -> None:
    record = run(mesh(pod("web", "shop")))["record"]
    assert record == {
        "revision": "default",
        "version": NEW,
        "sources": [{"revision": "default", "version": OLD}],
        "replicas": 3,
        "cni": False,
        "settings": {"global": {"hub": "hub.example.org"}, "pilot": {}},
        "waves": [{"name": "first", "namespaces": ["shop"]}],
        "namespaces": {"shop": {"revision": None, "injection": "enabled", "source": "default"}},
        "gateways": [{"reference": "edge/Deployment/edge-in", "revision": "default", "pods": 1}],
        "tags": {},
    }


def test_a_second_run_keeps_the_waves_and_the_version_of_before() -> None:
    record = run(mesh(pod("probe", "lab"), pod("web", "shop")))["record"]
    after = record | {"wave_1": {}}
    again = run(mesh(pod("probe", "lab", NEW), pod("web", "shop"), version=NEW), record=after)
    assert again["plan"]["sources"] == [{"revision": "default", "version": OLD}]
    assert [wave["done"] for wave in again["plan"]["waves"]] == [True, False]
    assert again["installed"] is True


def test_gates_that_have_not_held_are_left() -> None:
    """A run that was killed while it soaked has restarted all of it, and written nothing down."""
    record = run(mesh(pod("web", "shop")))["record"]
    edge = pod("edge-in", "edge", NEW)
    after = [mesh(pod("web", "shop", NEW), edge, version=NEW) for _each in range(2)]
    left = run(after[0], record=record)
    assert left["table"][1:] == [
        "gateway   all have moved; their gate has not held yet",
        "wave 1    first: has moved; its gate has not held yet",
    ]
    assert (left["needed"], left["plan"]["gateways_due"]) == (True, True)
    held = run(after[1], record=record | {"wave_1": {}, "gateways_moved": {}})
    assert (held["needed"], held["plan"]["gateways_due"]) == (False, False)


def test_nothing_is_left_after_the_upgrade() -> None:
    done = FakeApi(
        *control_planes.unrevisioned(),
        mesh_objects.istiod("default", f"hub.example.org/pilot:{NEW}"),
        mesh_objects.namespace("shop", istio_injection="enabled"),
        pod("web", "shop", NEW),
    )
    result = run(done, check=True)
    assert (result["changed"], result["needed"], result["plan"]["waves"]) == (False, False, [])
    assert result["table"] == [
        "default (1.31.0) -> 1.31.0, in place",
        "Everything is there already; nothing is left to be restarted.",
    ]
    # Without the charts' ConfigMap nobody knows what it was installed with.
    assert result["record"]["settings"] is None


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_settings_that_cannot_be_read_are_not_known(text: str) -> None:
    api = FakeApi(
        *control_planes.unrevisioned(),
        mesh_objects.istiod("default", f"hub.example.org/pilot:{OLD}"),
        values(text),
    )
    assert run(api)["record"]["settings"] is None


def test_where_somebody_has_replaced_it_already_the_proxies_say_what_was_there() -> None:
    result = run(mesh(pod("web", "shop"), version=NEW))
    assert (result["installed"], result["needed"]) == (True, True)
    assert result["plan"]["sources"] == [{"revision": "default", "version": OLD}]


def test_pods_of_others_stay() -> None:
    """A pod whose successor another control plane would inject, and one that nothing replaces."""
    job = pod("import", "shop")
    owner = {"kind": "Job", "name": "import", "controller": True}
    job["metadata"]["ownerReferences"] = [owner]
    result = run(
        mesh(
            *control_planes.revision("1-30"),
            mesh_objects.namespace("other", rev="1-30"),
            pod("web", "other", revision="1-30"),
            job,
        )
    )
    assert workloads(result) == []
    assert result["plan"]["kept"] == [
        {
            "name": "Job shop/import",
            "reason": "nothing replaces its pods; they stay as they are",
        }
    ]


def test_a_version_that_runs_already_is_still_one_to_be_reached() -> None:
    """Its gateways and workloads may have to follow."""
    result = run(mesh(version="1.29.2"), version="1.30.4", through=["1.29.2"])
    assert result["plan"]["hops"] == ["1.29.2", "1.30.4"]


def test_pods_that_no_restart_of_ours_would_change_stay() -> None:
    deployed = pod("api", "shop")
    deployed["metadata"]["labels"]["gateway.istio.io/managed"] = "istio.io-gateway-controller"
    without = mesh_objects.pod("bare-x", "shop", deployment="bare")
    without["spec"]["hostNetwork"] = True
    istiod = mesh_objects.pod(
        "istiod-x", "istio-system", deployment="istiod", labels={"istio.io/rev": "default"}
    )
    result = run(mesh(deployed, without, istiod))
    assert (workloads(result), result["plan"]["kept"]) == ([], [])


def test_check_mode_shows_which_proxies_change() -> None:
    bare = mesh_objects.pod("late-x", "lab", deployment="late")
    result = run(mesh(pod("web", "shop"), bare), check=True)
    assert result["changed"] is True
    shown = {each["before_header"]: (each["before"], each["after"]) for each in result["diff"]}
    after = {"proxy": "default (1.31.0)"}
    assert shown == {
        "edge/Deployment/edge-in": ({"proxy": "default (1.30.4)"}, after),
        "shop/Deployment/web": ({"proxy": "default (1.30.4)"}, after),
        "lab/Deployment/late": ({"proxy": "no proxy"}, after),
    }


def test_namespaces_that_may_not_move_keep_their_gateways_too() -> None:
    result = run(mesh(pod("web", "shop"), pod("probe", "lab")), excluded_namespaces=["edge", "lab"])
    assert (result["plan"]["gateways"], workloads(result)) == ([], ["shop/Deployment/web"])


def test_the_cni_is_seen() -> None:
    node = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "istio-cni-node",
            "namespace": "kube-system",
            "labels": {"k8s-app": "istio-cni-node"},
        },
    }
    assert run(mesh(node))["record"]["cni"] is True


def test_several_minor_releases_are_a_chain() -> None:
    result = run(mesh(version="1.28.1"), version="1.30.4", through=["1.29.2"])
    assert result["plan"]["hops"] == ["1.29.2", "1.30.4"]
    assert "hops      1.29.2, then 1.30.4; each is complete before the next" in result["table"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(
            {"version": "1.33.0"},
            "version: 1.33.0 is 3 minor releases ahead of 1.30.4, and in place Istio allows one."
            " Go through the releases between, each by a whole version: through 1.31.x, 1.32.x.",
            id="too far",
        ),
        pytest.param({"version": "2.0.0"}, "through another major release.", id="major"),
        pytest.param({"version": "1.29.0"}, "1.29.0 is older than 1.30.4, which runs", id="older"),
        pytest.param(
            {"version": "1.32.0", "through": ["1.33.0"]},
            "through: got 1.33.0 before 1.32.0; right are versions that grow",
            id="chain backwards",
        ),
        pytest.param({"through": ["1.31"]}, "through: got '1.31'; right is a whole", id="no patch"),
        pytest.param(
            {"revision": "1-30"},
            "revision: there is no control plane 1-30 in istio-system, only default.",
            id="no such control plane",
        ),
    ],
)
def test_refuses(arguments: Object, sentence: str) -> None:
    result = run(mesh(), **arguments)
    assert result["rc"] == 1
    assert sentence in result["msg"]


def test_refuses_a_control_plane_of_an_unknown_version() -> None:
    result = run(mesh(version="nightly"))
    assert result["msg"] == (
        "Deployment istio-system/istiod does not say its version. Give it the label"
        " app.kubernetes.io/version."
    )
