# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.module_utils import _istiod
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import istio_revision_info
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    istiods,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import workload

Object = dict[str, Any]
ISTIOD = "istiod-1-30-5d8-0"
ON_OLD = {"istio.io/rev": "1-30"}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)


@pytest.fixture
def api() -> LiveMesh:
    """1-30 without a user, and the tag that would make it one beside it."""
    mesh = LiveMesh(mesh_objects.namespace("shop"))
    mesh.install("1.30.4", revision="1-30")
    istiods.serve(mesh, ISTIOD, "1.30.4", [])
    return mesh


def tag(name: str, revision: str) -> Object:
    return control_planes.webhook_configuration(
        f"istio-revision-tag-{name}", revision, tag=name, service=f"istiod-{revision}"
    )


def run(api: LiveMesh, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    api.writes.clear()
    result = run_module(istio_revision_info, api, arguments, check=check)
    assert api.writes == []
    return result


def users(result: dict[str, Any]) -> dict[str, list[str]]:
    """The kinds of users of the only revision, those that there are."""
    (entry,) = result["revisions"]
    found: dict[str, list[str]] = {kind: names for kind, names in entry["users"].items() if names}
    assert entry["in_use"] is bool(found)
    return found


def custom(api_version: str, kind: str, name: str, *, spec: Object, **labels: str) -> Object:
    names = {"rev": "istio.io/rev"}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {names[key]: value for key, value in labels.items()},
        },
        "spec": spec,
    }


def k8s_gateway(class_name: str = "istio", **labels: str) -> Object:
    spec = {"gatewayClassName": class_name}
    return custom("gateway.networking.k8s.io/v1", "Gateway", "door", spec=spec, **labels)


def cron_job() -> Object:
    template = {"metadata": {"labels": ON_OLD}, "spec": {"containers": [{"name": "app"}]}}
    spec = {"jobTemplate": {"spec": {"template": template}}}
    return custom("batch/v1", "CronJob", "nightly", spec=spec)


def native(pod: Object) -> Object:
    """The same with its sidecar as an init container."""
    app, proxy = pod["spec"]["containers"]
    return {**pod, "spec": {"initContainers": [proxy], "containers": [app]}}


def router(pod: Object) -> Object:
    pod["spec"]["containers"][-1]["args"] = ["proxy", "router"]
    return pod


def ended(pod: Object) -> Object:
    return {**pod, "status": {"phase": "Succeeded"}}


def sharing(name: str, config: str) -> Object:
    """A control plane that reads another's mesh configuration beside its own."""
    item = mesh_objects.istiod("1-31", "hub.example.org/pilot:1.31.0")
    item["metadata"]["name"] = name
    env = [{"name": "SHARED_MESH_CONFIG", "value": config}]
    item["spec"]["template"]["spec"]["containers"][0]["env"] = env
    return item


def old_gateway() -> Object:
    item = workload("istio-ingressgateway")
    labels = {**ON_OLD, "operator.istio.io/component": "IngressGateways"}
    item["metadata"]["labels"] = labels
    return item


def validator() -> Object:
    service = {"name": "istiod-1-30", "namespace": "istio-system", "path": "/validate"}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "istiod-default-validator", "labels": ON_OLD},
        "webhooks": [{"name": "validation.istio.io", "clientConfig": {"service": service}}],
    }


def test_tells_what_each_revision_is(api: LiveMesh) -> None:
    api.install("1.31.0", revision="1-31")
    for name, revision in (("default", "1-31"), ("prod", "1-31"), ("old", "1-29")):
        api.put(tag(name, revision))
    result = run(api, users=False)
    assert (result["rc"], result["changed"]) == (0, False)
    assert result["revisions"] == [
        {
            "revision": "1-30",
            "namespace": "istio-system",
            "deployment": "istiod-1-30",
            "image": "hub.example.org/istio/pilot:1.30.4",
            "version": "1.30.4",
            "replicas": 1,
            "tags": [],
            "is_default": False,
            "validates": False,
            "in_use": None,
            "users": None,
        },
        {
            "revision": "1-31",
            "namespace": "istio-system",
            "deployment": "istiod-1-31",
            "image": "hub.example.org/istio/pilot:1.31.0",
            "version": "1.31.0",
            "replicas": 1,
            "tags": ["default", "prod"],
            "is_default": True,
            "validates": False,
            "in_use": None,
            "users": None,
        },
    ]
    # The last one leads nowhere.
    assert result["tags"] == {"default": "1-31", "old": "1-29", "prod": "1-31"}


def test_check_mode_says_the_same(api: LiveMesh) -> None:
    assert run(api, check=True) == run(api)


def test_a_revision_that_nobody_uses_may_go(api: LiveMesh) -> None:
    assert users(run(api)) == {}


def test_the_one_without_a_revision_is_called_default() -> None:
    api = LiveMesh(mesh_objects.namespace("shop", istio_injection="enabled"))
    api.install("1.30.4")
    istiods.serve(api, "istiod-5d8-0", "1.30.4", [])
    result = run(api, revision="default")
    assert [each["revision"] for each in result["revisions"]] == ["default"]
    assert result["revisions"][0]["is_default"] is True
    assert users(result) == {"namespaces": ["shop"]}


def test_a_revision_that_is_not_there_is_no_error(api: LiveMesh) -> None:
    result = run(api, revision="1-29")
    assert (result["rc"], result["revisions"]) == (0, [])


def test_the_version_of_an_image_without_one_is_that_of_its_labels(api: LiveMesh) -> None:
    digest = mesh_objects.istiod("1-30", "hub.example.org/pilot@sha256:0a")
    api.put(digest)
    assert run(api, users=False)["revisions"][0]["version"] is None
    digest["metadata"]["labels"]["app.kubernetes.io/version"] = "1.30.5"
    api.put(digest)
    assert run(api, users=False)["revisions"][0]["version"] == "1.30.5"


POD = ("web-x", "shop")
USERS = [
    pytest.param(
        mesh_objects.namespace("shop", rev="1-30"), {"namespaces": ["shop"]}, id="namespace"
    ),
    pytest.param(
        mesh_objects.pod(*POD, revision="1-30"), {"pods": ["shop/web-x"]}, id="pod, by its sidecar"
    ),
    pytest.param(
        native(mesh_objects.pod(*POD, revision="1-30")), {"pods": ["shop/web-x"]}, id="native pod"
    ),
    pytest.param(
        router(mesh_objects.pod(*POD, revision="1-30")),
        {"gateways": ["Pod shop/web-x"]},
        id="gateway's pod",
    ),
    pytest.param(
        workload("web", labels=ON_OLD), {"workloads": ["Deployment shop/web"]}, id="workload"
    ),
    pytest.param(
        workload("web", kind="Rollout", labels=ON_OLD),
        {"workloads": ["Rollout shop/web"]},
        id="Rollout",
    ),
    pytest.param(
        mesh_objects.pod(*POD, labels=ON_OLD), {"workloads": ["Pod shop/web-x"]}, id="pod to come"
    ),
    pytest.param(
        mesh_objects.pod(*POD, revision="1-30", labels=ON_OLD),
        {"pods": ["shop/web-x"]},
        id="pod that asks and carries",
    ),
    pytest.param(cron_job(), {"workloads": ["CronJob shop/nightly"]}, id="job to come"),
    pytest.param(k8s_gateway(rev="1-30"), {"gateways": ["Gateway shop/door"]}, id="gateway"),
    pytest.param(
        old_gateway(), {"gateways": ["Deployment shop/istio-ingressgateway"]}, id="old gateway"
    ),
    pytest.param(tag("prod", "1-30"), {"tags": ["prod"]}, id="tag"),
    pytest.param(
        validator(),
        {"webhooks": ["ValidatingWebhookConfiguration istiod-default-validator"]},
        id="validator",
    ),
    pytest.param(
        custom("networking.istio.io/v1", "Sidecar", "slim", spec={}, rev="1-30"),
        {"config_objects": ["Sidecar shop/slim"]},
        id="configuration",
    ),
]


@pytest.mark.parametrize(("item", "expected"), USERS)
def test_finds_a_user(api: LiveMesh, item: Object, expected: dict[str, list[str]]) -> None:
    api.put(item)
    assert users(run(api)) == expected


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(ended(mesh_objects.pod(*POD, revision="1-30")), id="pod that has ended"),
        pytest.param(mesh_objects.pod(*POD, revision="1-31"), id="pod of another revision"),
        pytest.param(
            workload("web", labels={**ON_OLD, "sidecar.istio.io/inject": "false"}),
            id="workload against a sidecar",
        ),
        pytest.param(k8s_gateway(rev="1-31"), id="gateway of another revision"),
        pytest.param(k8s_gateway("nginx", rev="1-30"), id="gateway of another controller"),
        pytest.param(
            mesh_objects.namespace("shop", rev="1-30", istio_injection="disabled"), id="opted out"
        ),
    ],
)
def test_does_not_take_for_a_user(api: LiveMesh, item: Object) -> None:
    api.put(item)
    assert users(run(api)) == {}


def test_finds_those_who_ask_by_a_tag_or_by_the_default(api: LiveMesh) -> None:
    api.put(tag("default", "1-30"))
    api.put(mesh_objects.namespace("cart", rev="default"))
    api.put(mesh_objects.namespace("mail", istio_injection="enabled"))
    api.put(mesh_objects.namespace("vault", istio_injection="disabled"))
    api.put(workload("web", labels={"sidecar.istio.io/inject": "true"}))
    api.put(workload("cart", namespace="cart", labels=ON_OLD))
    api.put(k8s_gateway())
    assert users(run(api)) == {
        "namespaces": ["cart", "mail"],
        "tags": ["default"],
        # In cart the namespace decides, whatever the pods name.
        "workloads": ["Deployment shop/web"],
        "gateways": ["Gateway shop/door"],
    }


def test_finds_the_control_planes_that_share_its_mesh_configuration(api: LiveMesh) -> None:
    api.put(sharing("istiod-1-31", "istio-1-30"))
    api.put(sharing("istiod-1-32", "istio"))
    entry = run(api)["revisions"][0]
    assert entry["users"]["control_planes"] == ["Deployment istio-system/istiod-1-31"]


def test_finds_the_proxies_that_are_connected_without_a_pod(api: LiveMesh) -> None:
    istiods.serve(api, ISTIOD, "1.30.4", [istiods.entry("vm.shop")])
    assert users(run(api)) == {"proxies": ["shop/vm"]}
    assert run(api, users=False)["revisions"][0]["in_use"] is None


def test_says_who_validates_by_default(api: LiveMesh) -> None:
    api.put(validator())
    assert run(api)["revisions"][0]["validates"] is True


def test_an_istiod_that_does_not_answer_may_have_users(api: LiveMesh) -> None:
    where = ("istio-system", ISTIOD, 15014, "/debug/syncz")
    api.pod_answers[where] = ApiError("The port is closed.", status=0)
    assert users(run(api)) == {"unanswered": [f"istio-system/{ISTIOD}: The port is closed."]}


def test_an_istiod_that_does_not_run_has_none(api: LiveMesh) -> None:
    pod = api.objects["v1", "Pod", "istio-system", ISTIOD]
    api.put({**pod, "status": {"phase": "Pending"}})
    assert users(run(api)) == {}


def test_refuses_a_name_that_no_revision_can_have(api: LiveMesh) -> None:
    result = run(api, revision="1.31")
    assert (result["rc"], "revision: got '1.31'" in result["msg"]) == (1, True)
    assert "Unsupported parameters" in run(api, tag="prod")["msg"]


def test_takes_and_returns_what_is_documented(api: LiveMesh) -> None:
    options = yaml.safe_load(istio_revision_info.DOCUMENTATION)["options"]
    assert set(istio_revision_info.argument_spec()) == set(options)
    returned = yaml.safe_load(istio_revision_info.RETURN)
    result = run(api)
    assert set(result) - {"rc", "changed"} == set(returned)
    assert set(result["revisions"][0]) == set(returned["revisions"]["contains"])
