# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import yaml
from ansible_collections.meshwright.istio.plugins.doc_fragments import gone
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _feed,
    _istiod,
    _port_forward,
    _proxy_wait,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import proxy_status
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    istiods,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

WEB = mesh_objects.pod("web-1", "shop", revision="1-30", deployment="web")


class Rollout(FakeApi):
    """Replaces web-1 by web-2 of the new revision, when its pods have been watched so often."""

    watches_left = 0

    def watch(self, *arguments: Any, **options: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        self.watches_left -= 1
        if self.watches_left == 0:
            self.put({**WEB, "metadata": {**WEB["metadata"], "deletionTimestamp": "now"}})
            new = mesh_objects.pod(
                "web-2", "shop", revision="1-31", deployment="web", version="1.31.0"
            )
            istiods.serve(
                self, "istiod-new", "1.31.0", [istiods.entry("web-2.shop", version="1.31.0")]
            )
            self.put(new)
        return super().watch(*arguments, **options)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)
    monkeypatch.setattr(_feed, "_PAUSE", 0.01)
    monkeypatch.setattr(proxy_status, "look_twice", partial(_proxy_wait.look_twice, pause=0))


@pytest.fixture
def api() -> Iterator[Rollout]:
    """A namespace that asks for the new revision, whose pod still is on the old one."""
    found = Rollout(
        *control_planes.revision("1-30"),
        *control_planes.revision("1-31"),
        control_planes.webhook_configuration(
            "istio-revision-tag-prod", "1-31", tag="prod", service="istiod-1-31"
        ),
        mesh_objects.namespace("shop", rev="prod"),
        mesh_objects.namespace("empty"),
        istiods.pod("istiod-old", "1-30"),
        istiods.pod("istiod-new", "1-31"),
        WEB,
    )
    istiods.serve(found, "istiod-old", "1.30.4", [istiods.entry("web-1.shop")])
    istiods.serve(found, "istiod-new", "1.31.0", [])
    yield found
    # Whoever watches still ends with the test.
    found.failures["watch", ""] = [ApiError("the test is over", status=403)] * 8


def run(api: FakeApi, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    result = run_module(proxy_status, api, arguments, check=check)
    assert api.writes == []
    return result


def test_tells_what_waits_for_a_restart(api: Rollout) -> None:
    result = run(api)
    assert (result["rc"], result["changed"], result["complete"]) == (0, False, True)
    assert result["proxies"] == [
        {
            "namespace": "shop",
            "name": "web-1",
            "type": "sidecar",
            "workload": "Deployment/web",
            "revision": "1-30",
            "version": "1.30.4",
            "state": "synced",
            "reason": None,
            "waiting_for_restart": True,
            "restart": "its labels ask for 1-31 now",
            "istiod": "istiod-old",
            "ending": False,
        }
    ]
    assert result["summary"]["waiting_for_restart"] == 1
    assert [each["name"] for each in result["istiods"]] == ["istiod-new", "istiod-old"]


def test_returns_what_is_documented(api: Rollout) -> None:
    documented = yaml.safe_load(proxy_status.RETURN)
    result = run(api)
    assert set(result) - {"rc", "changed"} == set(documented) - {"missing"}
    assert set(result["summary"]) == set(documented["summary"]["sample"])
    assert set(result["summary"]["by_state"]) == set(documented["summary"]["sample"]["by_state"])
    assert set(result["proxies"][0]) == set(documented["proxies"]["sample"][0])
    assert set(result["istiods"][0]) == set(documented["istiods"]["sample"][0])


def test_takes_the_documented_options_and_no_others() -> None:
    documented = yaml.safe_load(proxy_status.DOCUMENTATION)["options"]
    documented |= yaml.safe_load(gone.ModuleDocFragment.DOCUMENTATION)["options"]
    spec = proxy_status.argument_spec()
    assert set(spec) == set(documented)
    for name, option in spec.items():
        assert option.get("default") == documented[name].get("default"), name
        assert option.get("choices") == documented[name].get("choices"), name


@pytest.mark.parametrize(
    ("revision", "names"),
    [
        pytest.param("1-30", ["web-1"], id="a revision"),
        pytest.param("prod", [], id="a tag"),
        pytest.param("1-29", ["left-1"], id="a revision that has been removed"),
    ],
)
def test_shows_the_proxies_of_a_revision(api: Rollout, revision: str, names: list[str]) -> None:
    api.put(mesh_objects.pod("left-1", "shop", revision="1-29"))
    result = run(api, revision=revision, details="all")
    assert [proxy["name"] for proxy in result["proxies"]] == names
    assert result["summary"]["total"] == len(names)


@pytest.mark.parametrize(
    ("selection", "total"),
    [
        pytest.param({"namespaces": ["shop"]}, 1, id="its namespace"),
        pytest.param({"namespaces": ["empty"]}, 0, id="another namespace"),
        pytest.param({"namespace_selector": "istio.io/rev=prod"}, 1, id="a selector"),
        pytest.param({"workloads": ["shop/Deployment/web"]}, 1, id="its workload"),
        pytest.param({"workloads": ["shop/Deployment/other"]}, 0, id="another workload"),
    ],
)
def test_looks_at_what_is_selected(api: Rollout, selection: dict[str, Any], total: int) -> None:
    assert run(api, **selection)["summary"]["total"] == total


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(
            {"workloads": ["shop/Deployment/web"], "namespaces": ["shop"]},
            "mutually exclusive",
            id="two selections",
        ),
        pytest.param(
            {"workloads": ["shop/Deployment/web"], "namespace_selector": "a=b"},
            "mutually exclusive",
            id="two selections by label",
        ),
        pytest.param({"namespaces": ["shp"]}, "'shp' does not exist (there is shop)", id="typo"),
        pytest.param({"workloads": ["shop/web"]}, "workloads: got 'shop/web'", id="half a name"),
        pytest.param({"wait_condition": {"version": "1.31.0"}}, "given without wait", id="no wait"),
        pytest.param(
            {"wait": True, "wait_condition": {"revision": "1-29"}}, "got '1-29'", id="unknown"
        ),
    ],
)
def test_refuses_what_makes_no_sense(api: Rollout, arguments: dict[str, Any], message: str) -> None:
    result = run(api, **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]


def test_an_istiod_that_does_not_answer_makes_the_answer_partial(api: Rollout) -> None:
    api.pod_answers.clear()
    result = run(api)
    assert (result["rc"], result["complete"]) == (0, False)
    assert [each["name"] for each in result["unreachable_istiods"]] == ["istiod-new", "istiod-old"]
    assert result["summary"]["by_state"]["unknown"] == 1


def test_warns_where_there_is_no_istiod(api: Rollout) -> None:
    assert "warnings" not in run(api)
    result = run(api, istio_namespace="istio")
    assert result["warnings"] == ["istio_namespace: no istiod is in istio."]
    assert result["proxies"][0]["state"] == "not_connected"


def test_a_second_look_forgives_what_passes(api: Rollout) -> None:
    api.put(mesh_objects.namespace("shop", rev="1-30"))
    entries = [istiods.entry("web-1.shop", listeners=istiods.stale(nonce)) for nonce in "ab"]
    answers = iter(entries)
    read = api.pod_get

    def busy(pod: str, *arguments: Any, path: str, **options: Any) -> bytes:
        if (pod, path) == ("istiod-old", "/debug/syncz"):
            istiods.serve(api, "istiod-old", "1.30.4", [next(answers)])
        return read(pod, *arguments, path=path, **options)

    api.pod_get = busy  # type: ignore[method-assign]
    assert run(api)["proxies"] == []
    assert next(answers, None) is None


def test_waits_until_the_new_pod_is_in_sync(api: Rollout) -> None:
    api.watches_left = 3
    result = run(
        api, namespaces=["shop"], wait=True, wait_condition={"revision": "prod"}, details="all"
    )
    assert result["rc"] == 0
    found = {proxy["name"]: proxy for proxy in result["proxies"]}
    assert (found["web-2"]["revision"], found["web-2"]["state"]) == ("1-31", "synced")
    # The old one still ends, and is not waited for.
    assert found["web-1"]["ending"] is True


def test_says_who_is_missing_when_the_time_is_over(api: Rollout) -> None:
    result = run(api, wait=True, wait_condition={"version": "1.31.0"}, wait_timeout=1)
    assert result["rc"] == 1
    assert result["msg"].startswith(
        "After 1 s 1 of 1 proxies not yet on 1.31.0 and synced: shop/web-1 is on 1-30 (1.30.4)."
    )
    assert [each["missing"] for each in result["missing"]] == ["is on 1-30 (1.30.4)"]
    assert (result["proxies"], result["summary"]["total"], result["complete"]) == ([], 1, True)


def test_does_not_wait_in_check_mode(api: Rollout) -> None:
    result = run(api, check=True, wait=True, wait_condition={"version": "1.31.0"})
    assert (result["rc"], result["summary"]["total"]) == (0, 1)
    assert ("watch", "Pod") not in api.reads


def test_a_missing_package_is_named_before_anything_is_read(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_port_forward, "WEBSOCKET_ERROR", ImportError("no websocket"))
    result = run_module(proxy_status, api, {})
    assert result["rc"] == 1
    assert "pip install websocket-client" in result["msg"]
    assert api.reads == []


def test_a_namespace_that_goes_while_it_is_waited_for_is_left_out(api: Rollout) -> None:
    arguments = {"wait": True, "wait_condition": {"revision": "1-31"}, "wait_timeout": 5}
    workloads = ["shop/Deployment/web", "closed/Deployment/web"]
    refused = run(api, workloads=workloads, **arguments)
    assert "workloads: the namespace 'closed' does not exist" in refused["msg"]
    shop = api.objects["v1", "Namespace", None, "shop"]
    api.put({**shop, "metadata": {**shop["metadata"], "deletionTimestamp": "now"}})
    result = run(api, workloads=workloads, gone="leave_out", **arguments)
    assert (result["rc"], result["summary"]["total"]) == (0, 0), result.get("msg")
