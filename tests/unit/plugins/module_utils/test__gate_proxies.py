# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gate_proxies,
    _istiod,
    _proxy_wait,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import Sample, Scope
from ansible_collections.meshwright.istio.plugins.module_utils._gate_proxies import ProxySource
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    istiods,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

NOW = datetime(2026, 2, 3, tzinfo=UTC)
BOTH = ("proxies_synced", "rejects")
REJECTED = {**istiods.stale(), "lastError": "no such cluster"}
NONE = "0 of 2 proxies not in sync", "0 of 2 proxies that reject their configuration"


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)
    monkeypatch.setattr(_gate_proxies, "look_twice", partial(_proxy_wait.look_twice, pause=0))


@pytest.fixture
def api() -> FakeApi:
    """A namespace with a proxy on each revision, and one with none."""
    found = FakeApi(
        *control_planes.revision("1-30"),
        *control_planes.revision("1-31"),
        mesh_objects.namespace("shop", rev="1-31"),
        mesh_objects.namespace("empty"),
        istiods.pod("istiod-old", "1-30"),
        istiods.pod("istiod-new", "1-31"),
        mesh_objects.pod("web-1", "shop", revision="1-30"),
        mesh_objects.pod("web-2", "shop", revision="1-31", version="1.31.0"),
    )
    istiods.serve(found, "istiod-old", "1.30.4", [istiods.entry("web-1.shop")])
    serve_new(found)
    return found


def serve_new(api: FakeApi, listeners: dict[str, str] | None = None, *, known: bool = True) -> None:
    entry = istiods.entry("web-2.shop", version="1.31.0", listeners=listeners)
    istiods.serve(api, "istiod-new", "1.31.0", [entry] if known else [])


def look(
    api: FakeApi, names: Sequence[str] = BOTH, revision: str | None = None, **selection: Any
) -> list[Sample]:
    scope = Scope(
        selection=Selection(**selection), revision=revision, istio_namespace="istio-system"
    )
    source = ProxySource(api, scope, names)
    samples = source.look(NOW)
    assert [each.check for each in samples] == [each.name for each in source.checks] == list(names)
    assert api.writes == []
    return samples


def test_a_healthy_mesh_is_good(api: FakeApi) -> None:
    samples = look(api)
    assert [each.ok for each in samples] == [True, True]
    assert tuple(each.text for each in samples) == NONE
    assert [each.doubt for each in samples] == ["", ""]


@pytest.mark.parametrize(
    ("listeners", "bad", "text"),
    [
        pytest.param(istiods.stale(), "proxies_synced", "is stale: it has not ack", id="stale"),
        pytest.param(
            REJECTED, "proxies_synced rejects", "is rejected: LDS: no such", id="rejected"
        ),
    ],
)
def test_proxy_that_is_not_in_sync_is_bad(
    api: FakeApi, listeners: dict[str, str], bad: str, text: str
) -> None:
    serve_new(api, listeners)
    for sample in look(api):
        assert sample.ok is (sample.check not in bad.split())
        if not sample.ok:
            assert (sample.object, sample.value) == ("shop/web-2", 1)
            assert f"1 of 2 proxies {sample.text[15:]}" == sample.text
            assert f": shop/web-2 {text}" in sample.text


def test_pod_that_no_istiod_knows_is_bad(api: FakeApi) -> None:
    serve_new(api, known=False)
    synced, rejects = look(api)
    assert (synced.ok, rejects.ok) == (False, True)
    assert "shop/web-2 is not_connected: no istiod knows it" in synced.text


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"status": {"phase": "Pending"}}, id="has not started"),
        pytest.param({"metadata": {"deletionTimestamp": "now"}}, id="ends"),
    ],
)
def test_pod_that_starts_or_ends_does_not_count(api: FakeApi, change: dict[str, Any]) -> None:
    serve_new(api, known=False)
    pod = mesh_objects.pod("web-2", "shop", revision="1-31", version="1.31.0")
    api.put({**pod, **change, "metadata": {**pod["metadata"], **change.get("metadata", {})}})
    assert [each.ok for each in look(api)] == [True, True]


def test_proxy_between_two_messages_gets_a_second_look(api: FakeApi) -> None:
    answers = [istiods.stale("a"), None]
    read = api.pod_get

    def busy(pod: str, *arguments: Any, path: str, **options: Any) -> bytes:
        if (pod, path) == ("istiod-new", "/debug/syncz"):
            serve_new(api, answers.pop(0))
        return read(pod, *arguments, path=path, **options)

    api.pod_get = busy  # type: ignore[method-assign]
    assert [each.ok for each in look(api)] == [True, True]
    assert answers == []


@pytest.mark.parametrize(
    ("selection", "total"),
    [
        pytest.param({"revision": "1-30"}, 1, id="a revision"),
        pytest.param({"namespaces": ("shop",)}, 2, id="its namespace"),
        pytest.param({"namespaces": ("empty",)}, 0, id="another namespace"),
    ],
)
def test_only_what_is_selected_counts(api: FakeApi, selection: Any, total: int) -> None:
    [sample] = look(api, ["proxies_synced"], **selection)
    assert sample.text == f"0 of {total} proxies not in sync"
    assert sample.doubt == ("" if total else "proxies_synced: there are no proxies to look at.")


def silence(api: FakeApi, name: str) -> None:
    del api.pod_answers["istio-system", name, 15014, "/debug/syncz"]


def test_istiod_that_does_not_answer_leaves_it_unmeasured(api: FakeApi) -> None:
    silence(api, "istiod-old")
    for sample in look(api):
        assert (sample.ok, sample.value) == (None, None)
        assert sample.text.startswith("istiod-old: no answer from istio-system/istiod-old")


def test_istiod_of_another_revision_may_be_silent(api: FakeApi) -> None:
    silence(api, "istiod-old")
    assert [each.ok for each in look(api, revision="1-31")] == [True, True]


def test_proxy_that_a_silent_istiod_may_know_is_unmeasured(api: FakeApi) -> None:
    silence(api, "istiod-old")
    serve_new(api, known=False)
    for sample in look(api, revision="1-31"):
        assert sample.ok is None
        assert "shop/web-2: it may be connected to istiod-old" in sample.text


def test_istiod_that_starts_is_not_asked(api: FakeApi) -> None:
    api.put(istiods.pod("istiod-more", "1-31", phase="Pending"))
    assert [each.ok for each in look(api)] == [True, True]


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        pytest.param("1-31", "no istiod of revision 1-31 runs in istio-system", id="a revision"),
        pytest.param(None, "no istiod runs in istio-system", id="any"),
    ],
)
def test_without_an_istiod_it_is_unmeasured(api: FakeApi, revision: str | None, said: str) -> None:
    for name in ("istiod-old", "istiod-new")[0 if revision is None else 1 :]:
        api.put(istiods.pod(name, "1-31" if name == "istiod-new" else "1-30", phase="Pending"))
    serve_new(api, known=False)
    [sample] = look(api, ["rejects"], revision=revision)
    assert (sample.ok, sample.text) == (None, said)


def test_api_server_that_refuses_leaves_it_unmeasured(api: FakeApi) -> None:
    api.failures["list", ""] = [ApiError("No right to list pods.", status=403)]
    for sample in look(api):
        assert (sample.ok, sample.text) == (None, "No right to list pods")
        assert sample.object == "istiods in istio-system"
