# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _tag_objects
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector, find
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._tag_objects import Source
from ansible_collections.meshwright.istio.tests.unit.support import rendering

NAMED = {"istio.io/rev": "prod"}


def source(*, url: str = "", validator: bool = True, namespace: str = "istio-system") -> Source:
    """The objects of 1-31, whose istiod is inside of the cluster unless it has a URL."""
    objects = {each["kind"]: each for each in rendering.render("1.31.0", {"revision": "1-31"})}
    injector = objects["MutatingWebhookConfiguration"]
    if url:
        for hook in injector["webhooks"]:
            hook["clientConfig"] = {"url": url}
    return Source(
        revision=Revision(name="1-31", namespace=namespace),
        injector=injector,
        service=objects["Service"],
        validator=objects["ValidatingWebhookConfiguration"] if validator else None,
    )


def takes(tag: str, namespace: dict[str, str], pod: dict[str, str], *, auto: bool = False) -> bool:
    document = _tag_objects.injector(source(), tag, ca_bundle="", auto=auto, installed=False)
    return bool(find(list(Injector.from_object(document)), namespace, pod))


@pytest.mark.parametrize(
    ("tag", "namespace", "pod", "expected"),
    [
        pytest.param("prod", NAMED, {}, True, id="namespace"),
        pytest.param("prod", {}, NAMED, True, id="pod"),
        pytest.param("prod", NAMED, {"sidecar.istio.io/inject": "false"}, False, id="refused"),
        pytest.param("prod", {"istio.io/rev": "1-31"}, NAMED, False, id="namespace decides"),
        pytest.param("prod", {**NAMED, "istio-injection": "enabled"}, {}, False, id="enabled"),
        pytest.param("prod", {"istio-injection": "enabled"}, {}, False, id="not the default"),
        pytest.param("default", {"istio-injection": "enabled"}, {}, True, id="default"),
        pytest.param("default", {}, {"sidecar.istio.io/inject": "true"}, True, id="default's pod"),
        pytest.param("default", {"istio-injection": "disabled"}, {}, False, id="opted out"),
        pytest.param("default", {}, {}, False, id="nobody asks"),
    ],
)
def test_takes_the_pods_that_istioctls_takes(
    tag: str, namespace: dict[str, str], pod: dict[str, str], expected: bool
) -> None:
    assert takes(tag, namespace, pod) is expected


@pytest.mark.parametrize(
    ("namespace", "pod", "expected"),
    [
        pytest.param({}, {}, True, id="nobody asks"),
        pytest.param({"kubernetes.io/metadata.name": "kube-system"}, {}, False, id="system"),
        pytest.param({}, {"sidecar.istio.io/inject": "false"}, False, id="refused"),
        pytest.param({"istio.io/rev": "1-30"}, {}, False, id="asks for another"),
    ],
)
def test_injects_unasked_where_the_control_plane_does(
    namespace: dict[str, str], pod: dict[str, str], expected: bool
) -> None:
    assert takes("default", namespace, pod, auto=True) is expected
    assert takes("prod", namespace, pod, auto=True) is False


def test_knows_again_what_it_has_made() -> None:
    def make(*, auto: bool, installed: bool) -> Object:
        return _tag_objects.injector(
            source(), "default", ca_bundle="Q0E=", auto=auto, installed=installed
        )

    assert _tag_objects.has_auto(make(auto=True, installed=False))
    assert not _tag_objects.has_auto(make(auto=False, installed=False))
    assert not _tag_objects.has_auto(None)
    assert _tag_objects.is_installed(make(auto=False, installed=True))
    assert not _tag_objects.is_installed(make(auto=False, installed=False))
    assert not _tag_objects.is_installed(None)
    assert _tag_objects.ca_bundle_of(make(auto=False, installed=False)) == "Q0E="
    assert _tag_objects.ca_bundle_of(source().injector) == ""
    assert _tag_objects.ca_bundle_of(None) == ""


def test_outside_of_istio_system_the_name_says_where() -> None:
    assert _tag_objects.configuration_name("prod", "istio-system") == "istio-revision-tag-prod"
    assert _tag_objects.configuration_name("prod", "mesh") == "istio-revision-tag-prod-mesh"


def test_a_node_port_is_not_asked_for_twice() -> None:
    found = source()
    found.service["spec"]["ports"][0]["nodePort"] = 30443
    document = _tag_objects.service(found, "prod", installed=False)
    assert document["spec"]["ports"] == [
        {"name": "https-webhook", "port": 443, "targetPort": 15017}
    ]


def test_the_service_finds_the_istiods_of_its_revision_and_no_others() -> None:
    found = source()
    found.service["spec"]["selector"] = {"app": "istiod", "istio": "pilot"}
    document = _tag_objects.service(found, "prod", installed=False)
    assert document["spec"]["selector"] == {
        "app": "istiod",
        "istio.io/rev": found.revision.name,
    }


@pytest.mark.parametrize(
    ("found", "client"),
    [
        pytest.param(
            source(),
            {"service": {"name": "istiod-1-31", "namespace": "istio-system", "path": "/validate"}},
            id="inside",
        ),
        pytest.param(
            source(url="https://istiod.example.org:15017/inject/cluster/c1/net/n1"),
            {"url": "https://istiod.example.org:15017/validate"},
            id="outside",
        ),
    ],
)
def test_the_validator_asks_the_same_istiod(found: Source, client: Object) -> None:
    document = _tag_objects.default_validator(found, ca_bundle="", tagged=True, installed=False)
    assert document["webhooks"][0]["clientConfig"] == client
    trusting = _tag_objects.default_validator(found, ca_bundle="Q0E=", tagged=True, installed=False)
    assert trusting["webhooks"][0]["clientConfig"] == {**client, "caBundle": "Q0E="}


def test_a_validator_without_a_model_checks_all_of_istios_kinds() -> None:
    document = _tag_objects.default_validator(
        source(validator=False), ca_bundle="", tagged=False, installed=True
    )
    (hook,) = document["webhooks"]
    assert "networking.istio.io" in hook["rules"][0]["apiGroups"]
    assert (hook["admissionReviewVersions"], hook["failurePolicy"]) == (["v1"], "Ignore")
    # Without a tag it is an installation's own default.
    assert "istio.io/tag" not in document["metadata"]["labels"]
    assert document["metadata"]["labels"]["istio.io/rev"] == "1-31"
