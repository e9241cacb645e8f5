# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import Sample, Scope
from ansible_collections.meshwright.istio.plugins.module_utils._gate_pods import PodSource
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection
from ansible_collections.meshwright.istio.tests.unit.support import istiods, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

Object = dict[str, Any]
NOW = datetime(2026, 2, 3, 12, 0, 0, tzinfo=UTC)
EARLIER = "2026-02-03T11:58:20Z"
BOTH = ("crash_loops", "pending_pods")
READY = {"conditions": [{"type": "Ready", "status": "True"}]}


def unready(
    since: str | None = EARLIER, *, phase: str = "Running", created: str = EARLIER, **container: Any
) -> Object:
    """The status of a pod that is not ready, with one container, and when it was created."""
    ready = [{"type": "Ready", "status": "False", "lastTransitionTime": since}] if since else []
    statuses = [{"name": "app", **container}] if container else []
    return {
        "created": created,
        "status": {"phase": phase, "conditions": ready, "containerStatuses": statuses},
    }


def waiting(reason: str, restarts: int = 0) -> Object:
    return {
        "state": {"waiting": {"reason": reason, "message": "it says"}},
        "restartCount": restarts,
    }


def pod(name: str, state: Object | None = None, namespace: str = "shop", **more: Any) -> Object:
    item = mesh_objects.pod(name, namespace, **more)
    if state:
        item["metadata"]["creationTimestamp"] = state["created"]
        item["status"] = state["status"]
    return item


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(
        mesh_objects.namespace("shop"),
        mesh_objects.namespace("lab"),
        istiods.pod("istiod-old", "1-30", **READY),
        istiods.pod("istiod-new", "1-31", **READY),
        pod("web-1", revision="1-31"),
        pod("bare-1"),
        pod("rat-1", namespace="lab", revision="1-30"),
    )


def look(
    api: FakeApi, names: Sequence[str] = BOTH, revision: str | None = None, **selection: Any
) -> list[Sample]:
    scope = Scope(
        selection=Selection(**selection), revision=revision, istio_namespace="istio-system"
    )
    source = PodSource(api, scope, names, pending_seconds=90)
    samples = source.look(NOW)
    assert [each.check for each in samples] == [each.name for each in source.checks] == list(names)
    assert api.writes == []
    return samples


def test_a_healthy_mesh_is_good(api: FakeApi) -> None:
    samples = look(api)
    assert [(each.ok, each.value, each.text) for each in samples] == [
        (True, 0, "0 of 4 pods in a crash loop"),
        (True, 0, "0 of 4 pods not ready for more than 90 s"),
    ]


@pytest.mark.parametrize(
    ("state", "bad", "text"),
    [
        pytest.param(
            unready(), "pending_pods", "not been ready for 100 s: it is Running", id="long"
        ),
        pytest.param(unready("2026-02-03T11:58:30Z"), "", "", id="just as long as allowed"),
        pytest.param(
            unready("2026-02-03T11:59:59Z", created="2026-01-01T00:00:00Z"), "", "", id="just now"
        ),
        pytest.param(
            unready(None, phase="Pending"), "pending_pods", "it is Pending", id="since it was made"
        ),
        pytest.param(
            unready(None, phase="Pending", created="2026-02-03T11:59:00Z"), "", "", id="it starts"
        ),
        pytest.param(
            unready("2026-02-03T11:59:59Z", **waiting("ImagePullBackOff")),
            "pending_pods",
            "for 1 s: ImagePullBackOff: container app: it says",
            id="an image that cannot be pulled counts at once",
        ),
        pytest.param(
            unready("2026-02-03T11:59:59Z", **waiting("CrashLoopBackOff")),
            "crash_loops",
            "is in CrashLoopBackOff: container app: it says",
            id="the beginning of a crash loop",
        ),
        pytest.param(
            unready("2026-02-03T11:59:59Z", **waiting("CrashLoopBackOff", restarts=3)),
            "crash_loops pending_pods",
            "CrashLoopBackOff: container app: it says",
            id="a crash loop that goes on",
        ),
        pytest.param(
            unready("2026-02-03T12:00:30Z", **waiting("ErrImagePull")),
            "pending_pods",
            "for 0 s: ErrImagePull",
            id="a clock that is behind",
        ),
    ],
)
def test_pod_in_trouble_is_bad(api: FakeApi, state: Object, bad: str, text: str) -> None:
    api.put(pod("web-1", state, revision="1-31"))
    for sample in look(api):
        assert sample.ok is (sample.check not in bad.split()), sample.text
        if not sample.ok:
            assert sample.object == "shop/web-1"
            assert text in sample.text


@pytest.mark.parametrize(
    ("state", "ok"),
    [
        pytest.param(unready(), True, id="its sidecar has been left alone"),
        pytest.param(unready(phase="Pending"), False, id="it has not begun"),
        pytest.param(unready(**waiting("CrashLoopBackOff", restarts=3)), False, id="it crashes"),
    ],
)
def test_pod_of_a_job_is_ready_only_while_it_works(api: FakeApi, state: Object, ok: bool) -> None:
    item = pod("web-1", state, revision="1-31")
    owner = {"kind": "Job", "name": "nightly", "controller": True}
    item["metadata"]["ownerReferences"] = [owner]
    api.put(item)
    [sample] = look(api, ["pending_pods"])
    assert sample.ok is ok


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"deletionTimestamp": "now"}, id="ends"),
        pytest.param({"phase": "Succeeded"}, id="has done its work"),
        pytest.param({"phase": "Failed"}, id="has ended"),
    ],
)
def test_pod_that_does_not_stay_does_not_count(api: FakeApi, change: Object) -> None:
    item = pod("web-1", unready(), revision="1-31")
    target = item["status"] if "phase" in change else item["metadata"]
    target.update(change)
    api.put(item)
    assert look(api)[0].text.startswith("0 of 3 pods")


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        pytest.param({}, "lab/rat-1 shop/web-1", id="all with a proxy"),
        pytest.param({"namespaces": ("shop",)}, "shop/bare-1 shop/web-1", id="a namespace"),
        pytest.param(
            {"namespaces": ("shop",), "revision": "1-31"}, "shop/web-1", id="and revision"
        ),
        pytest.param({"revision": "1-30"}, "lab/rat-1", id="a revision"),
    ],
)
def test_only_what_is_selected_counts(api: FakeApi, selection: Any, names: str) -> None:
    for name, space, revision in (
        ("web-1", "shop", "1-31"),
        ("bare-1", "shop", None),
        ("rat-1", "lab", "1-30"),
    ):
        api.put(pod(name, unready(), namespace=space, revision=revision))
    [sample] = look(api, ["pending_pods"], **selection)
    assert sample.value == len(names.split())
    for name in ("lab/rat-1", "shop/web-1", "shop/bare-1"):
        assert (f"{name} has not been ready" in sample.text) == (name in names.split())


def test_many_namespaces_are_selected_too(api: FakeApi) -> None:
    spaces = tuple(f"n{number}" for number in range(12))
    for space in spaces:
        api.put(mesh_objects.namespace(space))
        api.put(pod("a", unready(), namespace=space))
    api.put(pod("web-1", unready(), revision="1-31"))
    [sample] = look(api, ["pending_pods"], namespaces=spaces)
    assert sample.text.startswith("12 of 14 pods")
    assert "shop" not in sample.text


@pytest.mark.parametrize(
    ("revision", "ok"),
    [
        pytest.param(None, False, id="any revision"),
        pytest.param("1-31", False, id="its revision"),
        pytest.param("1-30", True, id="another revision"),
    ],
)
def test_istiods_count_too(api: FakeApi, revision: str | None, ok: bool) -> None:
    item = istiods.pod("istiod-new", "1-31")
    item["metadata"]["creationTimestamp"] = EARLIER
    item["status"] = unready(**waiting("CrashLoopBackOff"))["status"]
    api.put(item)
    [sample] = look(api, ["crash_loops"], revision=revision, namespaces=("lab",))
    assert sample.ok is ok
    assert ok or sample.object == "istio-system/istiod-new"


def test_api_server_that_refuses_leaves_it_unmeasured(api: FakeApi) -> None:
    api.failures["list", ""] = [ApiError("No right to list pods.", status=403)]
    for sample in look(api):
        assert (sample.ok, sample.text, sample.object) == (None, "No right to list pods", "pods")


def test_namespace_that_has_gone_leaves_it_unmeasured(api: FakeApi) -> None:
    [sample] = look(api, ["crash_loops"], namespaces=("gone",))
    assert sample.ok is None
    assert "'gone' does not exist" in sample.text
