# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _proxy
from ansible_collections.meshwright.istio.plugins.module_utils._istiod import Istiod
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod, Trouble
from ansible_collections.meshwright.istio.plugins.module_utils._proxy import (
    Mesh,
    Proxy,
    State,
    judge_connection,
    judge_pod,
)
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Connection, Sync
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects

ISTIOD = Istiod(
    name="istiod-a", namespace="istio-system", revision="1-30", port=15014, running=True
)
CONNECTION = Connection(
    proxy="web-1",
    namespace="shop",
    type="sidecar",
    version="1.30.4",
    sync=Sync.SYNCED,
    sent_at="2026-05-04T08:00:00",
)
POD = Pod.from_object(mesh_objects.pod("web-1", "shop", revision="1-30", deployment="web"))
WELL = Proxy(
    namespace="shop",
    name="web-1",
    type="sidecar",
    workload="Deployment/web",
    revision="1-30",
    version="1.30.4",
    state=State.SYNCED,
    istiod="istiod-a",
)
VERSIONS: dict[str, frozenset[str | None]] = {
    "1-30": frozenset({"1.30.4"}),
    "1-31": frozenset({"1.31.0"}),
}


def mesh(asked: str | None = "1-30", **details: Any) -> Mesh:
    return Mesh(asks=lambda _pod: asked, **{"versions": VERSIONS, **details})


def test_a_synced_proxy_is_well() -> None:
    found = judge_pod(mesh(), POD, (ISTIOD, CONNECTION))
    assert found == WELL
    assert found.is_well
    assert found.summary() == {
        "namespace": "shop",
        "name": "web-1",
        "type": "sidecar",
        "workload": "Deployment/web",
        "revision": "1-30",
        "version": "1.30.4",
        "state": "synced",
        "reason": None,
        "restart": None,
        "waiting_for_restart": False,
        "istiod": "istiod-a",
        "ending": False,
    }


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        pytest.param(
            {"sync": Sync.STALE, "unanswered": frozenset({("LDS", "n"), ("CDS", "m")})},
            State.STALE,
            "it has not acknowledged CDS, LDS",
            id="stale",
        ),
        pytest.param(
            {"sync": Sync.STALE},
            State.STALE,
            "nothing has been sent to it yet",
            id="just connected",
        ),
        pytest.param(
            {"sync": Sync.REJECTED, "error": "LDS: bad"}, State.REJECTED, "LDS: bad", id="rejected"
        ),
    ],
)
def test_says_why_a_connected_proxy_is_not_synced(
    changes: dict[str, Any], state: State, reason: str
) -> None:
    connection = CONNECTION._replace(**changes)
    for found in (
        judge_pod(mesh(), POD, (ISTIOD, connection)),
        judge_connection(ISTIOD, connection),
    ):
        assert (found.state, found.reason, found.is_well) == (state, reason, False)


PULL = Trouble(reason="ErrImagePull", message="no such image", hopeless=True)


@pytest.mark.parametrize(
    ("pod", "details", "state", "reason"),
    [
        pytest.param({}, {}, State.NOT_CONNECTED, "no istiod knows it", id="nobody knows it"),
        pytest.param(
            {"trouble": PULL},
            {},
            State.NOT_CONNECTED,
            "no istiod knows it (ErrImagePull: no such image)",
            id="the pod tells more",
        ),
        pytest.param(
            {"revision": "1-29"},
            {},
            State.NOT_CONNECTED,
            "its revision 1-29 has no istiod",
            id="its control plane is gone",
        ),
        pytest.param(
            {"phase": "Pending", "trouble": PULL},
            {"unasked": ("istiod-b",)},
            State.PENDING,
            "its pod is pending (ErrImagePull: no such image)",
            id="its pod has not started",
        ),
        pytest.param(
            {},
            {"unasked": ("istiod-b", "istiod-c")},
            State.UNKNOWN,
            "it may be connected to istiod-b, istiod-c, which could not be asked",
            id="an istiod did not answer",
        ),
    ],
)
def test_says_why_a_pod_is_not_connected(
    pod: dict[str, Any], details: dict[str, Any], state: State, reason: str
) -> None:
    found = judge_pod(mesh(**details), replace(POD, **pod), None)
    assert (found.state, found.reason) == (state, reason)
    assert (found.istiod, found.type, found.version) == (None, None, "1.30.4")


@pytest.mark.parametrize(
    ("asked", "pod", "details", "restart"),
    [
        pytest.param("1-30", {}, {}, None, id="it is what a new one would be"),
        pytest.param("1-31", {}, {}, "its labels ask for 1-31 now", id="another revision"),
        pytest.param(None, {}, {}, "its labels ask for no sidecar any more", id="none any more"),
        pytest.param("1-31", {"managed": True}, {}, None, id="istiod replaces gateways itself"),
        pytest.param(
            "1-30",
            {},
            {"versions": {"1-30": frozenset({"1.30.5"})}},
            "the istiod of its revision is 1.30.5 now",
            id="upgraded in place",
        ),
        pytest.param(
            "1-30",
            {},
            {"versions": {"1-30": frozenset({"1.30.5", "1.30.6"})}},
            None,
            id="a rollout of istiod is under way",
        ),
        pytest.param(
            "1-30",
            {},
            {"versions": {"1-30": frozenset({None})}},
            None,
            id="istiod tells no version",
        ),
        pytest.param("1-30", {}, {"versions": {}}, None, id="there is no istiod"),
    ],
)
def test_says_why_it_waits_for_a_restart(
    asked: str | None, pod: dict[str, Any], details: dict[str, Any], restart: str | None
) -> None:
    found = judge_pod(mesh(asked, **details), replace(POD, **pod), (ISTIOD, CONNECTION))
    assert found.restart == restart
    assert found.summary()["waiting_for_restart"] is (restart is not None)
    assert found.is_well is (restart is None)


def test_asks_for_the_revision_of_that_very_pod() -> None:
    asked = Mesh(asks=lambda pod: pod.name, versions=VERSIONS)
    assert judge_pod(asked, POD, None).restart == "its labels ask for web-1 now"


@pytest.mark.parametrize(
    ("reported", "image", "version"),
    [
        pytest.param("1.30.4", "1.30.3", "1.30.4", id="the proxy knows best"),
        pytest.param(None, "1.30.3", "1.30.3", id="its image tells"),
        pytest.param(None, None, None, id="nothing tells"),
    ],
)
def test_takes_the_version_of_the_proxy_before_that_of_the_image(
    reported: str | None, image: str | None, version: str | None
) -> None:
    connection = CONNECTION._replace(version=reported)
    offered = mesh(versions={"1-30": frozenset({version})})
    found = judge_pod(offered, replace(POD, version=image), (ISTIOD, connection))
    assert (found.version, found.is_well) == (version, version is not None)


def test_a_version_that_nothing_tells_does_not_wait_for_a_restart() -> None:
    assert judge_pod(mesh(), replace(POD, version=None), None).restart is None


def test_a_bare_pod_has_no_workload_and_an_ending_one_is_marked() -> None:
    found = judge_pod(mesh(), replace(POD, owner=None, ending=True), None)
    assert (found.workload, found.ending) == (None, True)


def test_a_proxy_without_a_pod_is_of_its_istiods_revision() -> None:
    found = judge_connection(ISTIOD, CONNECTION._replace(type="router"))
    assert found == WELL._replace(type="router", workload=None)


def istiod(name: str, revision: str, version: str | None, **details: Any) -> Istiod:
    return replace(ISTIOD, name=name, revision=revision, version=version, **details)


def test_a_mesh_is_what_its_istiods_are() -> None:
    known = [
        istiod("a", "1-30", "1.30.4"),
        istiod("b", "1-30", "1.30.5"),
        istiod("c", "1-31", None, problem="it does not answer"),
        istiod("d", "1-31", None, running=False, problem="it is Pending"),
    ]
    found = Mesh.of(iter(known), lambda _pod: "1-31")
    assert found.versions == {"1-30": {"1.30.4", "1.30.5"}, "1-31": {None}}
    # Nothing is connected to one that does not run.
    assert found.unasked == ("c",)
    assert found.asks(POD) == "1-31"


def test_counts() -> None:
    proxies = [
        WELL._replace(revision="1-31", version="1.31.0"),
        WELL,
        WELL._replace(state=State.STALE, restart="its labels ask for 1-31 now"),
        WELL._replace(revision=None, version=None, state=State.PENDING, ending=True),
    ]
    found = _proxy.count(iter(proxies))
    states = {"synced": 2, "stale": 1, "pending": 0}
    assert found == {
        "total": 3,
        "by_state": {"rejected": 0, "not_connected": 0, "unknown": 0, **states},
        "by_revision": {"1-30": 2, "1-31": 1},
        "by_version": {"1.30.4": 2, "1.31.0": 1},
        "waiting_for_restart": 1,
        "ending": 1,
    }
    assert list(found["by_revision"]) == ["1-30", "1-31"]
    unknown = _proxy.count([WELL._replace(revision=None, version=None)])
    assert (unknown["by_revision"], unknown["by_version"]) == ({"unknown": 1}, {"unknown": 1})


STALE = WELL._replace(state=State.STALE, reason="it has not acknowledged LDS")


@pytest.mark.parametrize(
    ("proxy", "wanted", "synced", "reason"),
    [
        pytest.param(WELL, Wanted(revision="1-30"), True, None, id="as wanted"),
        pytest.param(WELL, Wanted(revision="1-31"), True, "is on 1-30 (1.30.4)", id="revision"),
        pytest.param(WELL, Wanted(version="1.31.0"), False, "is on 1-30 (1.30.4)", id="version"),
        pytest.param(STALE, Wanted(), True, "is stale: it has not acknowledged LDS", id="stale"),
        pytest.param(STALE, Wanted(), False, None, id="stale, which does not matter"),
        pytest.param(
            STALE._replace(ending=True), Wanted(revision="1-31"), True, None, id="it is ending"
        ),
        pytest.param(
            STALE._replace(type="ztunnel"), Wanted(revision="1-31"), True, None, id="a ztunnel"
        ),
    ],
)
def test_missing(proxy: Proxy, wanted: Wanted, synced: bool, reason: str | None) -> None:
    found = _proxy.missing([proxy], wanted, synced=synced)
    assert found == ([(proxy, reason)] if reason else [])
