# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.doc_fragments.preflight import ModuleDocFragment
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import catalogue
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import (
    Path as Path_,
)
from ansible_collections.meshwright.istio.plugins.modules import mesh_preflight
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, upgrade_meshes
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

Object = dict[str, Any]
TRIAL = ("v1", "Pod", "istio-system", "meshwright-image-trial")
TRIED = [
    ("create", "Pod", "meshwright-image-trial"),
    ("delete", "Pod", "meshwright-image-trial"),
]
CNI = upgrade_meshes.simple(
    "apps/v1",
    "DaemonSet",
    "istio-cni-node",
    "istio-system",
    labels={"k8s-app": "istio-cni-node"},
    spec={
        "template": {
            "spec": {"containers": [{"image": "hub.example.org/install-cni:1.30.4-distroless"}]}
        }
    },
)
REFUSED = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
PULLED = {"terminated": {"exitCode": 0}}


class Kubelet(FakeApi):
    """Pulls the images of the trial: `state` is how its containers end up.

    A second passes with each watch.
    """

    state: Object = PULLED
    now = 0

    def __init__(self, *objects: Object) -> None:
        super().__init__(*objects)
        self.tried: list[Object] = []
        self.on_write = self._start

    def _start(self, _api: FakeApi, event: str, item: Object) -> None:
        if event == "ADDED" and item["kind"] == "Pod":
            self.tried.append(item)
            statuses = [
                {"name": each["name"], "image": each["image"], "state": self.state}
                for each in item["spec"]["containers"]
            ]
            self.put({**item, "status": {"phase": "Running", "containerStatuses": statuses}})

    def watch(
        self, *asked: Any, resource_version: str, seconds: int, **more: Any
    ) -> Iterator[tuple[str, Object]]:
        self.now += 1
        yield from super().watch(*asked, resource_version=resource_version, seconds=seconds, **more)


def healthy() -> list[Object]:
    settings = upgrade_meshes.injector_settings("1.30.4")
    values = json.loads(settings["data"]["values"])
    values["global"]["variant"] = "distroless"
    settings["data"]["values"] = json.dumps(values)
    return [*upgrade_meshes.without("istio-sidecar-injector", "n1"), mesh_objects.node(), settings]


def without_room() -> list[Object]:
    return [
        *(each for each in healthy() if each["kind"] != "Node"),
        mesh_objects.node(memory="1Mi"),
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an istioctl of 1.31.0."""
    answer = json.dumps({"clientVersion": {"version": "1.31.0"}})
    program = tmp_path / "istioctl-1.31.0"
    program.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
    program.chmod(0o755)
    return tmp_path


def run(api: Kubelet, folder: Path, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    def start(seconds: int, say: Callable[[str], None]) -> Waiter:
        waiter = Waiter.start(seconds, say)
        return replace(waiter, deadline=api.now + seconds, clock=lambda: float(api.now))

    given = {"version": "1.31.0", "revision": "1-31", "istioctl_directory": str(folder)}
    given = {key: value for key, value in {**given, **arguments}.items() if value is not None}
    with mock.patch.object(mesh_preflight, "Waiter", SimpleNamespace(start=start)):
        return run_module(mesh_preflight, api, given, check=check)


def codes(result: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in result["findings"]]


def test_a_healthy_mesh_may_be_upgraded(folder: Path) -> None:
    api = Kubelet(*healthy())
    result = run(api, folder)
    assert result == {
        "rc": 0,
        "changed": False,
        "blocked": False,
        "findings": [],
        "images": [
            "hub.example.org/pilot:1.31.0",
            "hub.example.org/proxyv2:1.31.0-distroless",
        ],
        "table": ["Nothing stands against the upgrade."],
    }
    assert api.writes[-2:] == TRIED
    assert TRIAL not in api.objects


def test_tries_the_images_that_are_given_with_the_secrets(folder: Path) -> None:
    api = Kubelet(*healthy())
    result = run(api, folder, images=["hub/a:1", "hub/b:1"], image_pull_secrets=["regcred"])
    assert result["images"] == ["hub/a:1", "hub/b:1"]
    (pod,) = api.tried
    assert [each["image"] for each in pod["spec"]["containers"]] == ["hub/a:1", "hub/b:1"]
    assert pod["spec"]["imagePullSecrets"] == [{"name": "regcred"}]
    assert pod["metadata"]["namespace"] == "istio-system"


def private(secret: str) -> list[Object]:
    """A control plane from a private registry, on nodes of its own."""
    objects = healthy()
    for item in objects:
        name = item["metadata"]["name"]
        if (item["kind"], name) == ("ConfigMap", "istio-sidecar-injector"):
            values = json.loads(item["data"]["values"])
            values["global"]["imagePullSecrets"] = [secret]
            item["data"]["values"] = json.dumps(values)
        if (item["kind"], name) == ("Deployment", "istiod"):
            item["spec"]["template"]["spec"]["nodeSelector"] = {"infra": "yes"}
    return objects


@pytest.mark.parametrize(
    ("arguments", "secrets", "nodes"),
    [
        pytest.param({}, ["live"], {"infra": "yes"}, id="as the control plane that runs"),
        pytest.param(
            {"image_pull_secrets": ["given"]}, ["given"], {"infra": "yes"}, id="secrets are given"
        ),
        pytest.param(
            {
                "values": {
                    "global": {"imagePullSecrets": ["new"]},
                    "pilot": {"nodeSelector": {"infra": "new"}},
                }
            },
            ["new"],
            {"infra": "new"},
            id="values are given",
        ),
    ],
)
def test_tries_them_as_the_new_istiod_will_pull_them(
    folder: Path, arguments: dict[str, Any], secrets: list[str], nodes: Object
) -> None:
    api = Kubelet(*private("live"))
    run(api, folder, **arguments)
    (pod,) = api.tried
    assert [each["name"] for each in pod["spec"]["imagePullSecrets"]] == secrets
    assert pod["spec"]["nodeSelector"] == nodes


def test_a_trial_that_no_node_takes_forbids_the_upgrade(folder: Path) -> None:
    api = Kubelet(*healthy())
    waits = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
    pending = {"status": {"phase": "Pending", "conditions": [waits]}}
    api.on_write = lambda fake, event, item: event == "ADDED" and fake.put({**item, **pending})
    (found,) = run(api, folder, wait_timeout=7)["findings"]
    assert (found["code"], found["severity"]) == ("image_pull", "block")
    assert "0/3 nodes are available" in found["consequence"]
    assert found["remedy"].startswith("Correct nodeSelector, tolerations and affinity")
    assert TRIAL not in api.objects


def test_an_image_that_cannot_be_pulled_forbids_the_upgrade(folder: Path) -> None:
    api = Kubelet(*healthy())
    api.state = REFUSED
    result = run(api, folder)
    assert (result["rc"], result["blocked"], codes(result)) == (0, True, ["image_pull"])
    assert "hub.example.org/pilot:1.31.0: no such image" in result["findings"][0]["consequence"]
    assert TRIAL not in api.objects
    allowed = run(api, folder, allow=["image_pull"])
    assert (allowed["blocked"], allowed["findings"][0]["overridden"]) == (False, True)


def test_gives_up_after_the_time(folder: Path) -> None:
    api = Kubelet(*healthy())
    api.state = {"waiting": {"reason": "ContainerCreating"}}
    result = run(api, folder, wait_timeout=7)
    assert api.now == 7
    assert codes(result) == ["image_pull"]
    assert "is being pulled" in result["findings"][0]["consequence"]
    assert TRIAL not in api.objects


@pytest.mark.parametrize(
    ("objects", "arguments", "check"),
    [
        pytest.param(healthy(), {}, True, id="check mode"),
        pytest.param(healthy(), {"try_images": False}, False, id="not wanted"),
        pytest.param(without_room(), {}, False, id="something else forbids the upgrade"),
    ],
)
def test_tries_no_images(
    folder: Path, objects: list[Object], arguments: dict[str, Any], check: bool
) -> None:
    api = Kubelet(*objects)
    result = run(api, folder, check=check, **arguments)
    assert (result["rc"], result["images"], api.writes) == (0, [], [])


def test_tries_the_images_when_what_else_forbids_it_is_allowed(folder: Path) -> None:
    api = Kubelet(*without_room())
    result = run(api, folder, allow=["control_plane_room"])
    assert (result["blocked"], codes(result)) == (False, ["control_plane_room"])
    assert len(api.tried) == 1


def test_there_is_nothing_to_try_where_no_image_is_known(folder: Path) -> None:
    objects = [each for each in healthy() if each["metadata"]["name"] != "istiod"]
    plane = mesh_objects.istiod("default", "hub.example.org/pilot@sha256:0a")
    plane["metadata"]["labels"]["operator.istio.io/version"] = "1.30.4"
    objects = [each for each in objects if each["kind"] != "ConfigMap"]
    api = Kubelet(*objects, plane)
    result = run(api, folder)
    assert (result["blocked"], result["images"], api.writes) == (False, [], [])


def test_without_its_istioctl_nothing_can_be_installed(folder: Path) -> None:
    result = run(Kubelet(*healthy()), folder, version="1.30.5", revision="1-30-5")
    assert (result["blocked"], codes(result)) == (True, ["istioctl_missing"])
    assert "1.30.5" in result["findings"][0]["title"]


def test_an_istioctl_of_another_version_does_not_do(folder: Path) -> None:
    path = str(folder / "istioctl-1.31.0")
    arguments = {"version": "1.30.5", "revision": "1-30-5", "istioctl_directory": None}
    result = run(Kubelet(*healthy()), folder, istioctl_path=path, **arguments)
    assert codes(result) == ["istioctl_missing"]
    assert "is 1.31.0" in result["findings"][0]["consequence"]


def test_in_place_the_way_back_needs_the_istioctl_of_the_old_version(folder: Path) -> None:
    place = {"path": "in_place", "revision": "default"}
    result = run(Kubelet(*healthy()), folder, **place)
    assert (result["blocked"], codes(result)) == (True, ["way_back"])
    assert "1.30.4" in result["findings"][0]["consequence"]
    program = folder / "istioctl-1.30.4"
    answer = json.dumps({"clientVersion": {"version": "1.30.4"}})
    program.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
    program.chmod(0o755)
    paths = {
        "istioctl_directory": None,
        "istioctl_path": str(folder / "istioctl-1.31.0"),
        "old_istioctl_path": str(program),
    }
    assert run(Kubelet(*healthy()), folder, **place, **paths)["findings"] == []
    assert codes(run(Kubelet(*healthy()), folder, **place)) == []
    images = run(Kubelet(*healthy(), CNI), folder, **place)["images"]
    assert images[2:] == ["hub.example.org/install-cni:1.31.0-distroless"]
    assert len(run(Kubelet(*healthy(), CNI), folder)["images"]) == 2
    assert codes(run(Kubelet(*healthy()), folder)) == []


def test_rules_of_ones_own_are_judged_by(folder: Path) -> None:
    rules = {"releases": {"1.31": {"kubernetes": ["1.28", "1.30"], "gateway_api": {}}}}
    assert codes(run(Kubelet(*healthy()), folder, rules=rules)) == ["kubernetes_version"]
    assert "rules: got" in run(Kubelet(*healthy()), folder, rules={"new": {}})["msg"]


def test_what_the_new_control_plane_is_to_be_is_compared_with_the_mesh(folder: Path) -> None:
    config = upgrade_meshes.simple(
        "v1", "ConfigMap", "istio", "istio-system", data={"mesh": "trustDomain: ours.example"}
    )
    api = Kubelet(*healthy(), config)
    assert codes(run(api, folder)) == []
    assert codes(run(api, folder, values={})) == ["trust_domain"]
    document = {"spec": {"meshConfig": {"trustDomain": "ours.example"}}}
    assert codes(run(api, folder, operator=document)) == []
    values = folder / "values.yml"
    values.write_text("meshConfig: {trustDomain: new.example}", encoding="utf-8")
    later = run(api, folder, operator=document, values_files=[str(values)])
    assert (later["blocked"], codes(later)) == (True, ["trust_domain"])
    assert not run(api, folder, values={}, allow=["trust_domain"])["blocked"]


def test_an_account_that_would_stop_half_way_may_not_begin(folder: Path) -> None:
    api = Kubelet(*healthy())
    api.refuses = lambda asked: asked["resource"] == "namespaces"
    result = run(api, folder)
    assert (result["blocked"], codes(result)) == (True, ["missing_rights"])
    assert api.writes == []


def test_only_the_namespaces_that_move_matter(folder: Path) -> None:
    api = Kubelet(*healthy(), mesh_objects.namespace("lost", rev="1-20"))
    assert codes(run(api, folder)) == ["webhook_gap"]
    assert codes(run(api, folder, namespaces=["cart"])) == []
    assert codes(run(api, folder, excluded_namespaces=["lost"])) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"version": "newest"}, "version: got 'newest'", id="no version"),
        pytest.param({"version": "1.31"}, "version: got '1.31'", id="half a version"),
        pytest.param({"revision": "1.31"}, "revision: got '1.31'", id="no name"),
        pytest.param({"namespaces": ["crat"]}, "'crat' does not exist", id="no namespace"),
        pytest.param(
            {"excluded_namespaces": ["crat"]}, "'crat' does not exist", id="none to exclude"
        ),
        pytest.param({"wait_timeout": 0}, "wait_timeout: got 0", id="no time"),
        pytest.param({"operator": {"a": 1}}, "operator: got a IstioOperator with", id="no spec"),
        pytest.param({"values_files": ["/no"]}, "'/no' cannot be read", id="no such file"),
        pytest.param({"allow": ["version_skew"]}, "value of allow must be", id="no override"),
        pytest.param({"istioctl_path": "/bin/true"}, "mutually exclusive", id="two istioctls"),
    ],
)
def test_refuses_before_it_tries_anything(
    folder: Path, arguments: dict[str, Any], message: str
) -> None:
    api = Kubelet(*healthy())
    result = run(api, folder, **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert api.writes == []


def test_says_of_each_finding_what_is_documented(folder: Path) -> None:
    documented = yaml.safe_load(mesh_preflight.RETURN)
    result = run(Kubelet(*without_room()), folder)
    assert set(result) - {"rc", "changed"} == set(documented)
    assert set(result["findings"][0]) == set(documented["findings"]["contains"])
    assert result["table"][0].startswith("BLOCK  control_plane_room: ")


def test_takes_the_documented_options_and_overrides() -> None:
    documented = {
        **yaml.safe_load(mesh_preflight.DOCUMENTATION)["options"],
        **yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
    }
    spec = mesh_preflight.argument_spec()
    assert set(spec) == set(documented)
    assert tuple(documented["allow"]["choices"]) == catalogue.OVERRIDES
    for name, option in spec.items():
        assert option.get("default") == documented[name].get("default"), name
        assert option.get("required") == documented[name].get("required"), name
        assert option.get("choices") == documented[name].get("choices"), name


def test_offers_every_path_and_way_to_drain_that_there_is() -> None:
    spec = mesh_preflight.argument_spec()
    assert spec["path"]["choices"] == [str(path) for path in Path_]
    assert spec["drain"]["choices"] == [str(mode) for mode in DrainMode]
