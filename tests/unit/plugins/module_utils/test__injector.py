# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._injector import (
    Injector,
    find,
    has_ready_address,
    name_of,
    read,
    require_live,
    selects,
)
from ansible_collections.meshwright.istio.tests.unit.support import control_planes
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

MESH = [
    *control_planes.revision("1-28"),
    *control_planes.unrevisioned(),
    control_planes.webhook_configuration(
        "istio-revision-tag-stable", "1-28", tag="stable", service="istiod-1-28"
    ),
]
INJECT, NO_INJECT = {"sidecar.istio.io/inject": "true"}, {"sidecar.istio.io/inject": "false"}


def answering(namespace: dict[str, str], pod: dict[str, str]) -> list[str]:
    found = find(read(FakeApi(*MESH)), namespace, pod)
    return [injector.configuration.removeprefix("istio-") for injector in found]


@pytest.mark.parametrize(
    ("namespace", "pod", "expected"),
    [
        pytest.param({"istio.io/rev": "1-28"}, {}, "sidecar-injector-1-28", id="revision"),
        pytest.param({"istio.io/rev": "stable"}, {}, "revision-tag-stable", id="tag"),
        pytest.param({"istio.io/rev": "1-99"}, {}, None, id="unknown revision"),
        pytest.param({"istio-injection": "enabled"}, {}, "revision-tag-default", id="enabled"),
        pytest.param(
            {"istio-injection": "enabled", "istio.io/rev": "1-28"},
            {"istio.io/rev": "1-28"},
            "revision-tag-default",
            id="enabled beats both revisions",
        ),
        pytest.param({"istio-injection": "disabled", "istio.io/rev": "1-28"}, {}, None, id="off"),
        pytest.param(
            {"istio.io/rev": "stable"},
            {"istio.io/rev": "1-28"},
            "revision-tag-stable",
            id="namespace beats pod",
        ),
        pytest.param({}, {"istio.io/rev": "1-28"}, "sidecar-injector-1-28", id="pod's revision"),
        pytest.param({}, INJECT, "revision-tag-default", id="pod asks, no revision"),
        pytest.param({}, {}, None, id="nobody asks"),
        pytest.param({"istio.io/rev": "1-28"}, NO_INJECT, None, id="pod refuses"),
    ],
)
def test_find(namespace: dict[str, str], pod: dict[str, str], expected: str | None) -> None:
    assert answering(namespace, pod) == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        pytest.param({}, True, id="empty"),
        pytest.param({"matchLabels": {"a": "1"}}, True, id="labels"),
        pytest.param({"matchLabels": {"a": "1", "b": "2"}}, False, id="one label missing"),
        pytest.param({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, True, id="exists"),
        pytest.param({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False, id="not"),
        pytest.param(
            {
                "matchLabels": {"a": "1"},
                "matchExpressions": [{"key": "a", "operator": "DoesNotExist"}],
            },
            False,
            id="both forms must hold",
        ),
    ],
)
def test_selects(selector: dict[str, Any], expected: bool) -> None:
    assert selects(selector, {"a": "1"}) is expected


def test_webhooks_of_others_are_no_injectors() -> None:
    other = {
        "metadata": {"name": "cert-manager"},
        "webhooks": [{"name": "webhook.cert-manager.io", "clientConfig": {"url": "https://x"}}],
    }
    assert list(Injector.from_object(other)) == []
    assert list(Injector.from_object({"metadata": {"name": "empty"}})) == []


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        pytest.param([], False, id="none"),
        pytest.param([{"conditions": {"ready": False}}], False, id="not ready"),
        pytest.param(
            [{"conditions": {"ready": False}}, {"conditions": {"ready": True}}], True, id="one"
        ),
        pytest.param([{}], True, id="unknown counts as ready"),
    ],
)
def test_has_ready_address(endpoints: list[dict[str, Any]], expected: bool) -> None:
    assert has_ready_address([{"endpoints": None}, {"endpoints": endpoints}]) is expected


@pytest.mark.parametrize(
    ("configurations", "name"),
    [
        pytest.param([("own", "default", None)], "default", id="its own name"),
        pytest.param(
            [("own", "default", None), ("tag", "1-28", "default")], None, id="its name is another's"
        ),
        pytest.param(
            [("tag", "1-28", "default"), ("stable", "default", "stable"), ("a", "default", "prod")],
            "prod",
            id="tags",
        ),
        pytest.param([("other", "1-28", None)], None, id="nobody"),
    ],
)
def test_the_name_by_which_pods_reach_a_revision(
    configurations: list[tuple[str, str, str | None]], name: str | None
) -> None:
    items = [
        control_planes.webhook_configuration(each, revision, tag=tag, service="istiod")
        for each, revision, tag in configurations
    ]
    injectors = [each for item in items for each in Injector.from_object(item)]
    assert name_of(injectors, "default") == name


def require(api: FakeApi, revision: str) -> Injector:
    return require_live(api, revision, {"istio.io/rev": revision}, {})


def test_require_live_gives_the_revision_behind_a_tag() -> None:
    assert require(FakeApi(*MESH), "stable").revision == "1-28"


def test_require_live_names_what_there_is_when_nothing_answers() -> None:
    with pytest.raises(
        RefusedError, match=r"answers for 1-29: .* 1-28, default, stable[.]"
    ) as raised:
        require(FakeApi(*MESH), "1-29")
    assert raised.value.details == {"known": ["1-28", "default", "stable"]}
    with pytest.raises(RefusedError, match=r"with a webhook: none[.]"):
        require(FakeApi(), "1-29")


def test_require_live_refuses_a_webhook_without_certificate() -> None:
    configuration = control_planes.webhook_configuration(
        "young", "1-29", service="istiod-1-29", authority=""
    )
    with pytest.raises(RefusedError, match=r"young[)] has no caBundle yet"):
        require(FakeApi(configuration, control_planes.endpoint_slice("istiod-1-29")), "1-29")


@pytest.mark.parametrize(
    "slices",
    [
        pytest.param([], id="no slice"),
        pytest.param([control_planes.endpoint_slice("istiod-1-29", ready=False)], id="not ready"),
        pytest.param([control_planes.endpoint_slice("istiod-1-28")], id="another's slice"),
    ],
)
def test_require_live_refuses_a_webhook_that_leads_nowhere(slices: list[dict[str, Any]]) -> None:
    configuration = control_planes.webhook_configuration("dead", "1-29", service="istiod-1-29")
    with pytest.raises(
        RefusedError, match=r"istio-system/istiod-1-29, which has no ready endpoint"
    ):
        require(FakeApi(configuration, *slices), "1-29")


def test_require_live_trusts_a_webhook_called_by_url() -> None:
    configuration = control_planes.webhook_configuration("remote", "1-29", service="unused")
    for webhook in configuration["webhooks"]:
        webhook["clientConfig"] = {"url": "https://istiod.example/inject", "caBundle": "Q0E="}
    assert require(FakeApi(configuration), "1-29").service is None
