# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _removal
from ansible_collections.meshwright.istio.plugins.modules import istio_revision
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects, rendering
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

ADMISSION = "admissionregistration.k8s.io/v1"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for version in ("1.30.4", "1.31.0", "1.29.2"):
        rendering.install(tmp_path, version)
    return tmp_path


@pytest.fixture
def api() -> LiveMesh:
    return LiveMesh(mesh_objects.namespace("default"))


def run(api: LiveMesh, programs: Path, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    given = {"istioctl_directory": str(programs), "wait_timeout": 1, **arguments}
    if given.get("state") != "absent":
        given.setdefault("version", "1.31.0")
    return run_module(istio_revision, api, given, check=check)


def install(api: LiveMesh, programs: Path, **arguments: Any) -> dict[str, Any]:
    result = run(api, programs, **arguments)
    assert result["rc"] == 0, result["msg"]
    return result


def actions(result: dict[str, Any]) -> dict[str, str]:
    return {f"{each['kind']} {each['name']}": each["action"] for each in result["objects"]}


def test_installs_proves_it_and_then_has_nothing_to_do(api: LiveMesh, programs: Path) -> None:
    first = install(api, programs, revision="1-31", hub="hub.example.org/istio")
    assert first["changed"]
    assert actions(first)["Deployment istiod-1-31"] == "created"
    assert first["proof"] == {
        "istiod_image": "hub.example.org/istio/pilot:1.31.0",
        "injected": {"revision": "1-31", "image": "hub.example.org/istio/proxyv2:1.31.0"},
    }
    api.writes.clear()
    second = install(api, programs, revision="1-31", hub="hub.example.org/istio")
    assert (second["changed"], second["objects"], second["diff"]) == (False, [], [])
    assert api.writes == []


def test_check_mode_names_the_same_objects_and_writes_nothing(
    api: LiveMesh, programs: Path
) -> None:
    checked = run(api, programs, check=True, revision="1-31")
    assert api.writes == []
    assert "proof" not in checked
    done = install(api, programs, revision="1-31")
    assert actions(checked) == actions(done)


def test_the_first_revision_gets_the_default_tag_and_the_second_does_not(
    api: LiveMesh, programs: Path
) -> None:
    first = install(api, programs, revision="1-30", version="1.30.4")
    assert "MutatingWebhookConfiguration istio-revision-tag-default" in actions(first)
    before = dict(api.objects)
    second = install(api, programs, revision="1-31")
    assert not [name for name in actions(second) if "default" in name]
    old = {key: item for key, item in before.items() if key[3].endswith("1-30")}
    assert old == {key: api.objects[key] for key in old}, "another revision was touched"


def test_the_one_without_a_revision_leaves_injection_to_its_tag(
    api: LiveMesh, programs: Path
) -> None:
    install(api, programs, version="1.30.4")
    sleeping = api.objects[ADMISSION, _kinds.MUTATING_WEBHOOK.kind, None, "istio-sidecar-injector"]
    assert all("matchLabels" in hook["namespaceSelector"] for hook in sleeping["webhooks"])
    assert not install(api, programs, version="1.30.4")["changed"]


def test_the_number_of_istiods_overrules_that_of_a_document(api: LiveMesh, programs: Path) -> None:
    document = {"spec": {"components": {"pilot": {"k8s": {"replicaCount": 4}}}}}
    istiod = ("apps/v1", "Deployment", "istio-system", "istiod-1-31")
    install(api, programs, revision="1-31", operator=document, replicas=2)
    assert api.objects[istiod]["spec"]["replicas"] == 2


def test_an_update_waits_for_istiod_before_its_settings(api: LiveMesh, programs: Path) -> None:
    install(api, programs, revision="prod", version="1.30.4")
    api.writes.clear()
    result = install(api, programs, revision="prod", version="1.31.0")
    names = [f"{kind} {name}" for _verb, kind, name in api.writes]
    assert names.index("Deployment istiod-prod") < names.index(
        "ConfigMap istio-sidecar-injector-prod"
    )
    assert result["proof"]["istiod_image"].endswith(":1.31.0")


def test_what_istiod_writes_is_not_written_back(api: LiveMesh, programs: Path) -> None:
    install(api, programs, revision="1-31")
    key = (ADMISSION, "ValidatingWebhookConfiguration", None, "istio-validator-1-31-istio-system")
    assert api.objects[key]["webhooks"][0]["failurePolicy"] == "Fail", "played by the support"
    api.writes.clear()
    assert not install(api, programs, revision="1-31")["changed"]


def test_replicas_budget_and_values_are_rendered(api: LiveMesh, programs: Path) -> None:
    install(
        api,
        programs,
        revision="1-31",
        replicas=3,
        disruption_budget={"max_unavailable": 1},
        values={"pilot": {"env": [{"name": "A", "value": "b"}]}},
        operator={"spec": {"meshConfig": {"accessLogFile": "/dev/stdout"}}},
    )
    istiod = api.objects["apps/v1", "Deployment", "istio-system", "istiod-1-31"]
    assert istiod["spec"]["replicas"] == 3
    assert istiod["spec"]["template"]["spec"]["containers"][0]["env"][0]["name"] == "A"
    budget = api.objects["policy/v1", "PodDisruptionBudget", "istio-system", "istiod-1-31"]
    assert budget["spec"]["maxUnavailable"] == 1
    config = api.objects["v1", "ConfigMap", "istio-system", "istio-1-31"]
    assert "/dev/stdout" in config["data"]["mesh"]


def test_values_files_are_read(api: LiveMesh, programs: Path, tmp_path: Path) -> None:
    values = tmp_path / "values.yml"
    values.write_text("pilot: {replicaCount: 2}\n")
    operator = tmp_path / "operator.yml"
    operator.write_text(
        "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nspec: {hub: from.file}\n"
    )
    install(
        api, programs, revision="1-31", values_files=[str(values)], operator_files=[str(operator)]
    )
    istiod = api.objects["apps/v1", "Deployment", "istio-system", "istiod-1-31"]
    assert istiod["spec"]["replicas"] == 2
    assert istiod["spec"]["template"]["spec"]["containers"][0]["image"] == "from.file/pilot:1.31.0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"version": "1.31"}, "version: got '1.31'", id="half a version"),
        pytest.param({"version": "1.28.0"}, "no istioctl of 1.28.0", id="no such istioctl"),
        pytest.param({"replicas": 0}, "replicas: got 0", id="no replicas"),
        pytest.param({"revision": "1.31"}, "revision: got '1.31'", id="a dot in the name"),
        pytest.param(
            {"operator": {"spec": {"unknownField": 1}}}, "cannot render", id="unknown field"
        ),
        pytest.param(
            {"operator": {"spec": {"components": {"ingressGateways": [{"enabled": True}]}}}},
            "gateway",
            id="a gateway in the document",
        ),
        pytest.param({"operator": {"spec": {"tag": "1.30.4"}}}, "1.30.4", id="another tag"),
        pytest.param(
            {"replicas": 1, "disruption_budget": {"min_available": 1}},
            "min_available",
            id="a budget that forbids everything",
        ),
        pytest.param(
            {"disruption_budget": {"min_available": 1, "max_unavailable": 1}},
            "max_unavailable",
            id="two budgets",
        ),
        pytest.param({"wait_timeout": 0}, "wait_timeout: got 0", id="no time"),
        pytest.param({"values_files": ["/none"]}, "/none", id="a missing file"),
    ],
)
def test_bad_input_is_refused_before_any_write(
    api: LiveMesh, programs: Path, arguments: dict[str, Any], words: str
) -> None:
    result = run(api, programs, **{"revision": "1-31", **arguments})
    assert result["rc"] == 1
    assert words in result["msg"]
    assert api.writes == []


def test_an_istioctl_of_another_version_is_refused(api: LiveMesh, programs: Path) -> None:
    result = run_module(
        istio_revision,
        api,
        {
            "revision": "1-31",
            "version": "1.31.0",
            "istioctl_path": str(programs / "istioctl-1.30.4"),
        },
    )
    assert "renders that" in result["msg"]
    assert api.writes == []


def test_two_minor_releases_in_place_are_refused_unless_allowed(
    api: LiveMesh, programs: Path
) -> None:
    install(api, programs, revision="prod", version="1.29.2")
    api.writes.clear()
    result = run(api, programs, revision="prod", version="1.31.0")
    assert result["rc"] == 1
    assert "1.29.2" in result["msg"]
    assert api.writes == []
    assert install(api, programs, revision="prod", version="1.31.0", allow_skew=True)["changed"]


def test_images_that_cannot_be_pulled_stop_it_before_istio_is_written(
    api: LiveMesh, programs: Path
) -> None:
    api.unpullable = {"hub.example.org/istio/proxyv2:1.31.0"}
    result = run(api, programs, revision="1-31")
    assert result["rc"] == 1
    assert "proxyv2:1.31.0: not found" in result["msg"]
    assert {kind for _verb, kind, _name in api.writes} == {"Pod"}


def test_images_are_tried_as_the_istiod_of_the_manifest_pulls_them(
    api: LiveMesh, programs: Path
) -> None:
    pods: list[dict[str, Any]] = []
    react = api.on_write

    def notice(fake: Any, event: str, item: dict[str, Any]) -> None:
        if (event, item["kind"]) == ("ADDED", "Pod"):
            pods.append(item["spec"])
        react(fake, event, item)

    api.on_write = notice
    tolerated = [{"key": "infra", "operator": "Exists"}]
    pilot = {"tolerations": tolerated, "nodeSelector": {"infra": "yes"}}
    values = {"global": {"imagePullSecrets": ["of-the-values"]}, "pilot": pilot}
    install(api, programs, revision="1-31", values=values)
    trial = pods[0]
    assert trial["containers"][0]["name"] == "image-0"
    assert trial["imagePullSecrets"] == [{"name": "of-the-values"}]
    assert (trial["tolerations"], trial["nodeSelector"]) == (tolerated, {"infra": "yes"})


def test_an_image_of_the_type_of_the_mesh_is_tried_once(api: LiveMesh, programs: Path) -> None:
    tried: list[str] = []
    react = api.on_write

    def notice(fake: Any, event: str, item: dict[str, Any]) -> None:
        if (event, item["metadata"]["name"]) == ("ADDED", "meshwright-image-trial"):
            tried.extend(each["image"] for each in item["spec"]["containers"])
        react(fake, event, item)

    api.on_write = notice
    config = {"defaultConfig": {"image": {"imageType": "distroless"}}}
    operator = {"apiVersion": "install.istio.io/v1alpha1", "spec": {"meshConfig": config}}
    given = {"revision": "1-31", "operator": {**operator, "kind": "IstioOperator"}}
    assert install(api, programs, **given)["proof"]["injected"]["revision"] == "1-31"
    assert tried[1:] == ["hub.example.org/istio/proxyv2:1.31.0-distroless"]
    tried.clear()
    assert not install(api, programs, **given)["changed"]
    assert tried == []


def test_an_istiod_that_never_gets_ready_fails_in_words_and_the_next_run_goes_on(
    api: LiveMesh, programs: Path
) -> None:
    api.broken = {"1-31"}
    result = run(api, programs, revision="1-31")
    assert result["rc"] == 1
    assert "istiod-1-31" in result["msg"]
    injector = (ADMISSION, _kinds.MUTATING_WEBHOOK.kind, None, "istio-sidecar-injector-1-31")
    assert injector not in api.objects, "nobody may be sent to it"
    api.broken = set()
    deployment = api.objects["apps/v1", "Deployment", "istio-system", "istiod-1-31"]
    api.on_write(api, "MODIFIED", deployment)
    assert install(api, programs, revision="1-31")["changed"]
    assert injector in api.objects


def test_without_waiting_nothing_is_proven(api: LiveMesh, programs: Path) -> None:
    api.broken = {"1-31"}
    assert "proof" not in install(api, programs, revision="1-31", wait=False)


def test_objects_of_another_tool_are_refused_and_may_be_taken_over(
    api: LiveMesh, programs: Path
) -> None:
    install(api, programs, revision="1-31")
    key = ("apps/v1", "Deployment", "istio-system", "istiod-1-31")
    item = api.objects[key]
    item["metadata"]["annotations"] = {"meta.helm.sh/release-name": "istiod"}
    item["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm"
    api.put(item)
    refused = run(api, programs, revision="1-31", replicas=2)
    assert refused["rc"] == 1
    assert "helm" in refused["msg"].lower()
    assert run(api, programs, revision="1-31", replicas=2, take_over=["helm"])["rc"] == 0


def used(api: LiveMesh) -> None:
    api.put(mesh_objects.namespace("shop", rev="1-31"))
    api.put(mesh_objects.pod("web-1", "shop", revision="1-31", deployment="web"))


@pytest.fixture
def nobody_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the istiods say is told elsewhere."""
    monkeypatch.setattr(_removal._istiod, "ask_all", lambda *_arguments: [])


@pytest.mark.usefixtures("nobody_connected")
def test_removal_is_refused_with_every_user(api: LiveMesh, programs: Path) -> None:
    install(api, programs, revision="1-30", version="1.30.4")
    install(api, programs, revision="1-31")
    used(api)
    api.writes.clear()
    result = run(api, programs, revision="1-31", state="absent")
    assert result["rc"] == 1
    assert result["users"]["namespaces"] == ["shop"]
    assert result["users"]["pods"] == ["shop/web-1"]
    assert "namespaces (1): shop" in result["msg"]
    assert api.writes == []


@pytest.mark.usefixtures("nobody_connected")
def test_removal_takes_all_of_it_and_nothing_of_another(api: LiveMesh, programs: Path) -> None:
    install(api, programs, revision="1-30", version="1.30.4")
    before = set(api.objects)
    install(api, programs, revision="1-31")
    checked = run(api, programs, check=True, revision="1-31", state="absent")
    removed = run(api, programs, revision="1-31", state="absent")
    assert removed["rc"] == 0, removed["msg"]
    assert removed["changed"]
    assert actions(checked) == actions(removed)
    left = set(api.objects) - before
    assert {key[1] for key in left} <= {"EndpointSlice"}
    assert before <= set(api.objects), "something of another is gone"
    again = run(api, programs, revision="1-31", state="absent")
    assert (again["changed"], again["objects"]) == (False, [])
