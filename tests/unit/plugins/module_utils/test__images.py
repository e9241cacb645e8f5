# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _images,
    _likely_images,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._images import Images
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

VERSION = Version(major=1, minor=31, patch=0)
USUAL = {"hub": "hub", "tag": "1.31.0", "proxy": {"image": "proxyv2"}}


def settings(name: str = "istio-sidecar-injector", **values: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "istio-system"},
        "data": {"values": json.dumps(values)},
    }


def mesh_config(text: str, name: str = "istio") -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "istio-system"},
        "data": {"mesh": text},
    }


def of_type(name: str) -> str:
    return f"defaultConfig:\n  image:\n    imageType: {json.dumps(name)}\n"


@pytest.mark.parametrize(
    ("values", "image"),
    [
        pytest.param({"global": USUAL}, "hub/proxyv2:1.31.0", id="hub and tag"),
        pytest.param(
            {"global": {**USUAL, "variant": "distroless"}},
            "hub/proxyv2:1.31.0-distroless",
            id="variant",
        ),
        pytest.param(
            {"global": {**USUAL, "tag": "1.31.0-debug", "variant": "distroless"}},
            "hub/proxyv2:1.31.0-distroless",
            id="variant in place of that in the tag",
        ),
        pytest.param(
            {"global": {**USUAL, "proxy": {"image": "mine.example.org/envoy:7"}}},
            "mine.example.org/envoy:7",
            id="whole image",
        ),
        pytest.param({"global": {**USUAL, "tag": ""}}, None, id="no tag"),
        pytest.param({"global": {"hub": "hub", "tag": "1"}}, None, id="no image"),
        pytest.param({}, None, id="no values"),
    ],
)
def test_reads_the_sidecars_image(values: dict[str, Any], image: str | None) -> None:
    assert _images.read_proxy_image(settings(**values)) == image


@pytest.mark.parametrize(
    ("config", "image"),
    [
        pytest.param(of_type("distroless"), "1.31.0-distroless", id="distroless"),
        pytest.param(of_type("default"), "1.31.0", id="the usual one"),
        pytest.param(of_type(""), "1.31.0-debug", id="none"),
        pytest.param("{}", "1.31.0-debug", id="no settings"),
        pytest.param("", "1.31.0-debug", id="nothing"),
        pytest.param("a: [", "1.31.0-debug", id="no YAML"),
    ],
)
def test_the_type_of_the_mesh_goes_before_the_variant(config: str, image: str) -> None:
    """As istio/istio pkg/kube/inject/inject.go has it."""
    found = _images.read_proxy_image(
        settings(**{"global": {**USUAL, "variant": "debug"}}), mesh_config(config)
    )
    assert found == f"hub/proxyv2:{image}"


@pytest.mark.parametrize("data", [None, {}, {"values": "{"}, {"values": "[1]"}])
def test_an_injector_without_values_tells_nothing(data: Object | None) -> None:
    item = {"metadata": {"name": "x"}, "data": data}
    assert _images.read_proxy_image(item) is None
    assert _images.read_network(item) == ""
    assert _images.injects_unlabelled(item) is False


def test_reads_what_else_the_values_say() -> None:
    webhook = {"enableNamespacesByDefault": True}
    item = settings(**{"global": {"network": "blue"}, "sidecarInjectorWebhook": webhook})
    assert (_images.read_network(item), _images.injects_unlabelled(item)) == ("blue", True)


def test_reads_istiods_image_from_its_own_container() -> None:
    item = mesh_objects.istiod("1-31", "hub/pilot:1.31.0")
    containers = item["spec"]["template"]["spec"]["containers"]
    containers.insert(0, {"name": "helper", "image": "helper:1"})
    assert _images.read_istiod_image(item) == "hub/pilot:1.31.0"
    containers[1]["name"] = "renamed"
    assert _images.read_istiod_image(item) == "helper:1"


@pytest.mark.parametrize(
    ("istiod", "proxy"),
    [
        pytest.param("hub/pilot:1.31.0", "hub/proxyv2:1.31.0-debug", id="the version"),
        pytest.param("hub/pilot:v1.31.0", None, id="with a letter"),
        pytest.param("hub/pilot:1.31.0-fips.2", "hub/proxyv2:1.31.0-fips.2", id="a build of it"),
        pytest.param("hub/pilot@sha256:0a", "hub/proxyv2:stable", id="names of one's own"),
    ],
)
def test_takes_images_of_the_version(istiod: str, proxy: str | None) -> None:
    Images(istiod=istiod, proxy=proxy, pull_policy=None).check(VERSION)


@pytest.mark.parametrize(
    ("istiod", "proxy", "message"),
    [
        pytest.param(
            "hub/pilot:1.30.4", None, "give istiod the image hub/pilot:1.30.4", id="istiod"
        ),
        pytest.param(
            "hub/pilot:1.31.0", "hub/proxyv2:1.31.1", "the sidecars the image", id="sidecars"
        ),
        pytest.param(
            "hub/pilot:1.31.0-rc.1", "hub/proxyv2:1.30.0-x", "the sidecars", id="one of both"
        ),
    ],
)
def test_refuses_images_of_another_version(istiod: str, proxy: str | None, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        Images(istiod=istiod, proxy=proxy, pull_policy=None).check(VERSION)


def guess(*objects: Object) -> list[str]:
    api = FakeApi(*objects)
    return _likely_images.guess(api, _control_plane.read(api), VERSION)


def test_guesses_from_the_newest_control_plane() -> None:
    images = guess(
        mesh_objects.istiod("default", "old/pilot:1.29.5"),
        settings(**{"global": {**USUAL, "tag": "1.29.5"}}),
        mesh_objects.istiod("1-30", "new/pilot:1.30.4"),
        settings("istio-sidecar-injector-1-30", **{"global": {**USUAL, "tag": "1.30.4"}}),
        mesh_config(of_type("debug")),
        mesh_config(of_type("distroless"), "istio-1-30"),
    )
    assert images == ["new/pilot:1.31.0", "hub/proxyv2:1.31.0-distroless"]


def test_guesses_nothing_from_names_of_ones_own() -> None:
    own = settings(**{"global": {**USUAL, "tag": "stable"}})
    assert guess(mesh_objects.istiod("default", "hub/pilot:1.30.4"), own) == ["hub/pilot:1.31.0"]
    assert guess(mesh_objects.istiod("default", "hub/pilot@sha256:0a"), own) == []
    assert guess() == []
