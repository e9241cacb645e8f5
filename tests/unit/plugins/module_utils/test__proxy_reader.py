# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _feed, _istiod, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._proxy import State
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_reader import Look, Reader
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    istiods,
    mesh_objects,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)
    monkeypatch.setattr(_feed, "_PAUSE", 0.01)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """Two revisions with a pod each, one pod without a proxy, one proxy on a machine of its own."""
    found = FakeApi(
        *control_planes.revision("1-30"),
        *control_planes.revision("1-31"),
        mesh_objects.namespace("shop", rev="1-30"),
        mesh_objects.namespace("bank", rev="1-31"),
        mesh_objects.namespace("bare"),
        istiods.pod("istiod-old", "1-30"),
        istiods.pod("istiod-new", "1-31"),
        mesh_objects.pod("web-1", "shop", revision="1-30", deployment="web"),
        mesh_objects.pod("ledger-1", "bank", revision="1-31", version="1.31.0"),
        mesh_objects.pod("plain-1", "bare"),
    )
    istiods.serve(found, "istiod-old", "1.30.4", [istiods.entry("web-1.shop")])
    new = [
        istiods.entry("ledger-1.bank", version="1.31.0"),
        istiods.entry("machine.bank", version="1.31.0"),
    ]
    istiods.serve(found, "istiod-new", "1.31.0", new)
    yield found
    # Whoever watches still ends with the test.
    found.failures["watch", ""] = [ApiError("the test is over", status=403)] * 8


def reader(api: FakeApi, *, revision: str | None = None, **selection: Any) -> Reader:
    return Reader(api, "istio-system", Selection(**selection), revision=revision)


def keys(look: Look) -> list[str]:
    return [proxy.key for proxy in look.proxies]


def states(look: Look) -> dict[str, str]:
    return {proxy.key: str(proxy.state) for proxy in look.proxies}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param({}, ["bank/ledger-1", "bank/machine", "shop/web-1"], id="the whole mesh"),
        pytest.param({"namespaces": ("shop",)}, ["shop/web-1"], id="a namespace"),
        pytest.param(
            {"namespace_selector": "istio.io/rev=1-31"},
            ["bank/ledger-1", "bank/machine"],
            id="a selector, with the machine",
        ),
        pytest.param(
            {"workloads": (Reference(namespace="shop", kind="Deployment", name="web"),)},
            ["shop/web-1"],
            id="a workload",
        ),
        pytest.param({"namespaces": ("bare",)}, [], id="no proxy there"),
        pytest.param({"revision": "1-30"}, ["shop/web-1"], id="a revision"),
        pytest.param(
            {"revision": "1-31"}, ["bank/ledger-1", "bank/machine"], id="the machine's revision"
        ),
    ],
)
def test_looks_at_what_is_selected(
    api: FakeApi, selection: dict[str, Any], expected: list[str]
) -> None:
    assert keys(reader(api, **selection).look()) == expected


def test_everything_that_was_seen_is_in_the_report(api: FakeApi) -> None:
    report = reader(api).look().report("all")
    assert (report["complete"], report["unreachable_istiods"]) == (True, [])
    assert report["istiods"] == [
        {"name": "istiod-new", "revision": "1-31", "version": "1.31.0", "proxies": 2},
        {"name": "istiod-old", "revision": "1-30", "version": "1.30.4", "proxies": 1},
    ]
    assert report["summary"]["by_state"]["synced"] == 3
    assert [proxy["istiod"] for proxy in report["proxies"]] == [
        "istiod-new",
        "istiod-new",
        "istiod-old",
    ]


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param("none", [], id="none"),
        pytest.param("problems", ["shop/web-1"], id="problems"),
        pytest.param("all", ["bank/ledger-1", "bank/machine", "shop/web-1"], id="all"),
    ],
)
def test_lists_what_is_asked_for(api: FakeApi, details: str, expected: list[str]) -> None:
    api.put(mesh_objects.namespace("shop", rev="1-31"))
    report = reader(api).look().report(details)
    assert [f"{each['namespace']}/{each['name']}" for each in report["proxies"]] == expected
    assert report["summary"]["total"] == 3


def test_an_istiod_that_does_not_answer_makes_its_proxies_unknown(api: FakeApi) -> None:
    error = ApiError("The port-forward was refused.", status=403)
    api.pod_answers["istio-system", "istiod-old", 15014, "/debug/syncz"] = error
    look = reader(api).look()
    assert states(look)["shop/web-1"] == State.UNKNOWN
    report = look.report("none")
    assert report["complete"] is False
    assert report["unreachable_istiods"] == [
        {"name": "istiod-old", "revision": "1-30", "reason": "The port-forward was refused."}
    ]


def test_pods_that_have_ended_are_no_proxies(api: FakeApi) -> None:
    for name, phase in (("job-1", "Succeeded"), ("job-2", "Failed")):
        pod = mesh_objects.pod(name, "shop", revision="1-30")
        api.put({**pod, "status": {"phase": phase}})
    assert keys(reader(api, namespaces=("shop",)).look()) == ["shop/web-1"]


def test_a_connection_of_a_pod_that_has_ended_is_no_machine(api: FakeApi) -> None:
    api.put({**mesh_objects.pod("job-1", "shop", revision="1-30"), "status": {"phase": "Failed"}})
    istiods.serve(api, "istiod-old", "1.30.4", [istiods.entry("job-1.shop")])
    assert keys(reader(api, namespaces=("shop",)).look()) == ["shop/web-1"]


def test_says_which_restart_is_due_by_the_labels_of_the_namespace(api: FakeApi) -> None:
    api.put(mesh_objects.namespace("shop", rev="1-31"))
    (proxy,) = reader(api, namespaces=("shop",)).look().proxies
    assert proxy.restart == "its labels ask for 1-31 now"


@pytest.mark.parametrize(
    ("count", "scopes"), [pytest.param(8, 8, id="few"), pytest.param(9, 1, id="many")]
)
def test_lists_pods_by_namespace_while_they_are_few(count: int, scopes: int) -> None:
    names = [f"n{number}" for number in range(count)]
    api = FakeApi(
        *(mesh_objects.namespace(name) for name in names),
        mesh_objects.pod("web-1", "n0", revision="1-30"),
        mesh_objects.pod("web-1", "n1", revision="1-30"),
        mesh_objects.namespace("other"),
        mesh_objects.pod("web-1", "other", revision="1-30"),
    )
    look = reader(api, namespaces=tuple(names)).look()
    assert keys(look) == ["n0/web-1", "n1/web-1"]
    # One more is for the pods of istiod.
    assert api.reads.count(("list", "Pod")) == scopes + 1


def test_lists_anew_until_it_follows_and_then_by_the_watch_alone(api: FakeApi) -> None:
    found = reader(api, namespaces=("shop",))
    found.look()
    api.put(mesh_objects.pod("web-2", "shop", revision="1-30"))
    assert keys(found.look()) == ["shop/web-1", "shop/web-2"]
    found.follow()
    lists = api.reads.count(("list", "Pod"))
    api.remove(_kinds.POD, "web-1", "shop")
    api.put(mesh_objects.pod("web-3", "shop", revision="1-30"))
    for _attempt in range(100):
        found.wait(0.1)
        if [pod.name for pod in found.pods()] == ["web-2", "web-3"]:
            break
    assert [pod.name for pod in found.pods()] == ["web-2", "web-3"]
    # A connection that is still on an istiod's list and whose pod is gone counts as one outside.
    assert keys(found.look()) == ["shop/web-1", "shop/web-2", "shop/web-3"]
    assert api.reads.count(("list", "Pod")) == lists + 1


def looks(api: FakeApi, first: dict[str, str], second: dict[str, str]) -> Look:
    """The second of two looks, between which what is known of web-1's listeners changes."""
    both = []
    for listeners in (first, second):
        entry = istiods.entry("web-1.shop", listeners=listeners)
        istiods.serve(api, "istiod-old", "1.30.4", [entry])
        both.append(reader(api, namespaces=("shop",)).look())
    return both[1].after(both[0])


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        pytest.param(
            istiods.stale("a"), istiods.stale("b"), State.SYNCED, id="busy with one after the other"
        ),
        pytest.param(istiods.stale("a"), istiods.stale("a"), State.STALE, id="stuck with one"),
        pytest.param(
            {**istiods.stale("a"), "acked": "a"}, istiods.stale("b"), State.SYNCED, id="just sent"
        ),
        pytest.param(
            istiods.stale("a"),
            {**istiods.stale("a"), "lastError": "bad"},
            State.REJECTED,
            id="rejected in the end",
        ),
    ],
)
def test_a_proxy_that_is_only_busy_is_not_stale(
    api: FakeApi, first: dict[str, str], second: dict[str, str], state: State
) -> None:
    (proxy,) = looks(api, first, second).proxies
    assert (proxy.state, proxy.reason is None) == (state, state is State.SYNCED)


def test_a_proxy_to_which_nothing_was_sent_stays_stale(api: FakeApi) -> None:
    entry = istiods.entry("web-1.shop")
    entry["resources"] = {istiods.LISTENERS: {}}
    istiods.serve(api, "istiod-old", "1.30.4", [entry])
    found = reader(api, namespaces=("shop",))
    (proxy,) = found.look().after(found.look()).proxies
    assert proxy.state is State.STALE


def test_a_proxy_that_was_not_there_before_stays_as_it_is(api: FakeApi) -> None:
    istiods.serve(api, "istiod-old", "1.30.4", [])
    before = reader(api, namespaces=("shop",)).look()
    entry = istiods.entry("web-1.shop", listeners=istiods.stale())
    istiods.serve(api, "istiod-old", "1.30.4", [entry])
    (proxy,) = reader(api, namespaces=("shop",)).look().after(before).proxies
    assert proxy.state is State.STALE


def test_an_istiod_is_asked_before_anything_else_has_come(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything but the istiods comes once one of them was asked; nothing else waits for it."""
    asked = threading.Event()
    pod_port, listed = api.pod_port, api.list

    def ask(*arguments: Any, **options: Any) -> Any:
        asked.set()
        return pod_port(*arguments, **options)

    def late(kind: _kinds.Kind, *arguments: Any, **options: Any) -> Any:
        if options.get("label_selector") != _istiod.SELECTOR:
            assert asked.wait(10), f"{kind.plural} are waited for"
        return listed(kind, *arguments, **options)

    def at_once(function: Any, items: Any) -> Any:
        with ThreadPoolExecutor() as pool:
            return list(pool.map(function, items))

    for name, stand_in in (("pod_port", ask), ("list", late), ("each", at_once)):
        monkeypatch.setattr(api, name, stand_in)
    assert keys(reader(api).look()) == ["bank/ledger-1", "bank/machine", "shop/web-1"]
