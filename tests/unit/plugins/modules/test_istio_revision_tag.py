# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.doc_fragments import control_plane
from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.modules import istio_revision_tag
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    mesh_objects,
    tagging,
)
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.tagging import (
    DEFAULT_TAG,
    actions,
    run,
)

Object = dict[str, Any]
ADMISSION = "admissionregistration.k8s.io/v1"
HOOKS = (ADMISSION, "MutatingWebhookConfiguration", None)
VALIDATOR = (ADMISSION, "ValidatingWebhookConfiguration", None, "istiod-default-validator")
NEVER = {"matchLabels": {"istio.io/deactivated": "never-match"}}


@pytest.fixture
def api() -> LiveMesh:
    """1-30 and 1-31 side by side, and a namespace for their users."""
    return tagging.two_revisions()


def injected_by(api: LiveMesh, *, namespace: dict[str, str], pod: dict[str, str]) -> list[str]:
    found = _injector.find(_injector.read(api), namespace, pod)
    return sorted(injector.revision for injector in found)


def test_sets_a_tag_and_then_has_nothing_to_do(api: LiveMesh) -> None:
    first = run(api)
    assert (first["rc"], first["changed"]) == (0, True), first.get("msg")
    assert (first["before"], first["after"]) == (None, "1-31")
    assert actions(first) == {
        "MutatingWebhookConfiguration istio-revision-tag-prod": "created",
        "Service istiod-revision-tag-prod": "created",
    }
    assert injected_by(api, namespace={"istio.io/rev": "prod"}, pod={}) == ["1-31"]
    assert injected_by(api, namespace={}, pod={"istio.io/rev": "prod"}) == ["1-31"]
    second = run(api)
    assert (second["changed"], second["objects"], second["diff"]) == (False, [], [])
    assert (second["before"], second["after"], api.writes) == ("1-31", "1-31", [])


def test_the_tag_calls_the_istiod_of_its_revision(api: LiveMesh) -> None:
    run(api)
    tag = api.objects[*HOOKS, "istio-revision-tag-prod"]
    own = api.objects[*HOOKS, "istio-sidecar-injector-1-31"]
    # With the certificates that istiod has written, or no pod could be created until it does.
    assert tag["webhooks"][0]["clientConfig"] == own["webhooks"][0]["clientConfig"]
    assert tag["webhooks"][0]["failurePolicy"] == "Fail"
    assert tag["metadata"]["labels"]["istio.io/tag"] == "prod"
    service = api.objects["v1", "Service", "istio-system", "istiod-revision-tag-prod"]
    istiod = api.objects["v1", "Service", "istio-system", "istiod-1-31"]
    assert service["spec"] == istiod["spec"]


def test_moves_a_tag(api: LiveMesh) -> None:
    run(api, revision="1-30")
    result = run(api)
    assert (result["before"], result["after"]) == ("1-30", "1-31")
    assert set(actions(result).values()) == {"updated"}
    assert injected_by(api, namespace={"istio.io/rev": "prod"}, pod={}) == ["1-31"]
    shown = next(each for each in result["diff"] if "MutatingWebhook" in each["before_header"])
    before, after = (
        shown[side]["metadata"]["labels"]["istio.io/rev"] for side in ("before", "after")
    )
    assert (before, after) == ("1-30", "1-31")
    # Nobody wants to read a certificate.
    assert "Q0E=" not in str(shown)


def test_check_mode_says_the_same_and_writes_nothing(api: LiveMesh) -> None:
    predicted = run(api, check=True, tag="default")
    assert api.writes == []
    assert run(api, tag="default") == predicted


def test_the_default_tag_brings_its_validator(api: LiveMesh) -> None:
    assert actions(run(api, tag="default")) == dict.fromkeys(DEFAULT_TAG, "created")
    assert injected_by(api, namespace={"istio-injection": "enabled"}, pod={}) == ["1-31"]
    assert injected_by(api, namespace={}, pod={"sidecar.istio.io/inject": "true"}) == ["1-31"]
    (hook,) = api.objects[VALIDATOR]["webhooks"]
    assert hook["clientConfig"]["service"]["name"] == "istiod-1-31"
    # It looks at what names no revision, and at nothing else.
    assert hook["objectSelector"]["matchExpressions"] == [
        {"key": "istio.io/rev", "operator": "DoesNotExist"}
    ]


def test_keeps_the_validation_closed_when_the_default_moves(api: LiveMesh) -> None:
    """The istiod has turned failurePolicy to Fail; what is rendered would open it again."""
    run(api, tag="default", revision="1-30")
    item = api.objects[VALIDATOR]
    assert item["webhooks"][0]["failurePolicy"] == "Fail"
    assert run(api, tag="default")["changed"]
    assert api.objects[VALIDATOR]["webhooks"][0]["failurePolicy"] == "Fail"
    assert api.objects[VALIDATOR]["metadata"]["labels"]["istio.io/rev"] == "1-31"


def test_the_one_without_a_revision_gives_the_default_away() -> None:
    """Its own injector matches what the default tag does: both would inject."""
    api = LiveMesh(mesh_objects.namespace("shop"))
    api.install("1.30.4")
    api.install("1.31.0", revision="1-31")
    result = run(api, tag="default")
    asleep = "MutatingWebhookConfiguration istio-sidecar-injector"
    assert actions(result) == {**dict.fromkeys(DEFAULT_TAG, "created"), asleep: "updated"}
    assert injected_by(api, namespace={"istio-injection": "enabled"}, pod={}) == ["1-31"]
    hooks = api.objects[*HOOKS, "istio-sidecar-injector"]["webhooks"]
    assert all(hook["namespaceSelector"] == NEVER == hook["objectSelector"] for hook in hooks)
    # It is asked before the tag is written, so that no pod ever reaches two.
    assert api.writes[0] == ("apply", "MutatingWebhookConfiguration", "istio-sidecar-injector")
    assert run(api, tag="default")["changed"] is False
    back = run(api, tag="default", revision="default")
    assert (back["before"], back["after"]) == ("1-31", "default")
    assert injected_by(api, namespace={"istio-injection": "enabled"}, pod={}) == ["default"]


def test_a_tag_that_an_installation_made_stays_one_of_an_installation(api: LiveMesh) -> None:
    run(api, tag="default", revision="1-30")
    hook = api.objects[*HOOKS, "istio-revision-tag-default"]
    assert "operator.istio.io/component" not in hook["metadata"]["labels"]
    hook["metadata"]["labels"]["operator.istio.io/component"] = "Pilot"
    run(api, tag="default")
    labels = api.objects[*HOOKS, "istio-revision-tag-default"]["metadata"]["labels"]
    assert labels["operator.istio.io/component"] == "Pilot"
    assert labels["install.operator.istio.io/owning-resource-not-pruned"] == "true"


def test_a_tag_leaves_behind_what_another_tool_marks_its_own_with(api: LiveMesh) -> None:
    own = api.objects[*HOOKS, "istio-sidecar-injector-1-31"]["metadata"]
    own["annotations"] = {"meta.helm.sh/release-name": "istiod", "team": "mesh"}
    own["labels"]["operator.istio.io/version"] = "1.31.0"
    run(api)
    tag = api.objects[*HOOKS, "istio-revision-tag-prod"]["metadata"]
    assert tag["annotations"] == {"team": "mesh"}
    assert not [label for label in tag["labels"] if "operator.istio.io" in label]


def test_istiods_before_1_28_need_no_service_for_their_tags(api: LiveMesh) -> None:
    api.install("1.27.3", revision="1-27")
    assert actions(run(api, revision="1-27")) == {
        "MutatingWebhookConfiguration istio-revision-tag-prod": "created"
    }


def test_a_tag_that_goes_back_before_1_28_takes_its_service_along(api: LiveMesh) -> None:
    """The istiods since then join the tags of both kinds: two would hold it."""
    api.install("1.27.3", revision="1-27")
    run(api)
    assert actions(run(api, revision="1-27")) == {
        "MutatingWebhookConfiguration istio-revision-tag-prod": "updated",
        "Service istiod-revision-tag-prod": "updated",
    }
    service = api.objects["v1", "Service", "istio-system", "istiod-revision-tag-prod"]
    assert service["metadata"]["labels"]["istio.io/rev"] == "1-27"
    assert service["spec"]["selector"]["istio.io/rev"] == "1-27"


def test_refuses_a_revision_whose_istiod_does_not_answer(api: LiveMesh) -> None:
    api.put(control_planes.endpoint_slice("istiod-1-31", ready=False))
    result = run(api)
    assert "has no ready endpoint" in result["msg"]
    assert (result["rc"], api.writes) == (1, [])


def test_refuses_a_revision_that_is_not_complete(api: LiveMesh) -> None:
    del api.objects["v1", "Service", "istio-system", "istiod-1-31"]
    result = run(api)
    assert "got '1-31', which is no revision in istio-system" in result["msg"]
    assert (result["rc"], api.writes) == (1, [])


def test_refuses_a_tag_that_would_have_pods_injected_twice(api: LiveMesh) -> None:
    """A tag of that name is there already, in the mesh of another namespace."""
    other = control_planes.webhook_configuration(
        "istio-revision-tag-prod-istio-two", "1-30", tag="prod", service="istiod-1-30"
    )
    api.put(other)
    result = run(api)
    assert (result["rc"], api.writes) == (1, [])
    assert "would both inject the same pods" in result["msg"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"tag": "1.31"}, "tag: got '1.31'", id="tag"),
        pytest.param({"revision": "1.31"}, "revision: got '1.31'", id="revision"),
        pytest.param({"revision": "1-29"}, "no revision in istio-system", id="unknown"),
        pytest.param({"istio_namespace": "elsewhere"}, "no revision in elsewhere", id="namespace"),
        pytest.param({"tag": "1-30"}, "'1-30' is the name of a revision", id="revision's name"),
        pytest.param({"revision": "test"}, "A tag cannot point at another tag", id="tag of a tag"),
        pytest.param({"state": "gone"}, "value of state must be one of", id="state"),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_refuses_before_any_write(
    api: LiveMesh, arguments: dict[str, Any], message: str, check: bool
) -> None:
    run(api, tag="test")
    result = run(api, check=check, **arguments)
    assert (result["rc"], api.writes) == (1, [])
    assert message in result["msg"]


def test_wants_to_know_the_revision(api: LiveMesh) -> None:
    result = run_module(istio_revision_tag, api, {"tag": "prod"})
    assert "all of the following are missing: revision" in result["msg"]


def test_takes_and_returns_what_is_documented(api: LiveMesh) -> None:
    own = yaml.safe_load(istio_revision_tag.DOCUMENTATION)["options"]
    shared = yaml.safe_load(control_plane.ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(istio_revision_tag.argument_spec()) == {*own, *shared}
    returned = yaml.safe_load(istio_revision_tag.RETURN)
    assert set(run(api)) - {"rc", "changed", "diff"} == set(returned) - {"users"}
