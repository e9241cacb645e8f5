# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _injection_proof, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh

REVISION = Revision(name="1-31", namespace="istio-system")
PROXY = "hub.example.org/istio/proxyv2:1.31.0"


def pod(revision: str | None, image: str | None = PROXY, *, native: bool = False) -> Object:
    proxy = [{"name": "istio-proxy", "image": image}] if image else []
    app = {"name": "app", "image": "app:1"}
    spec: Object = {"containers": [app, *([] if native else proxy)]}
    if native:
        spec["initContainers"] = [{"name": "istio-init", "image": image}, *proxy]
    annotations = {"istio.io/rev": revision} if revision else {}
    return {"metadata": {"annotations": annotations}, "spec": spec}


@pytest.mark.parametrize(
    ("item", "image", "reason"),
    [
        pytest.param(pod("1-31"), PROXY, "", id="right"),
        pytest.param(pod("1-31", native=True), PROXY, "", id="native sidecar"),
        pytest.param(pod("1-31", "other:1"), None, "", id="an image that nobody can tell"),
        pytest.param(
            pod("1-31", "other:1"),
            PROXY,
            f"gets the sidecar other:1 in place of {PROXY}",
            id="image",
        ),
        pytest.param(pod("1-30"), PROXY, "asks for revision 1-31 gets 1-30", id="another revision"),
        pytest.param(pod(None, None), PROXY, "gets no sidecar", id="no sidecar"),
        pytest.param(pod("1-31", None), PROXY, "gets 1-31", id="only the annotation"),
    ],
)
def test_believes_only_the_sidecar_of_the_revision(
    item: Object, image: str | None, reason: str
) -> None:
    answer, found = _injection_proof.judge_injection(item, REVISION, image)
    assert (answer.ready, answer.reason) == (not reason, answer.reason if reason else "")
    assert reason in answer.reason
    assert found["revision"] == item["metadata"]["annotations"].get("istio.io/rev")


@pytest.fixture
def api() -> LiveMesh:
    mesh = LiveMesh(mesh_objects.namespace("default"))
    mesh.install("1.31.0", revision="1-31")
    mesh.writes.clear()
    return mesh


def wait(api: LiveMesh, image: str | None = PROXY, seconds: int = 5) -> tuple[Any, list[float]]:
    """What was injected, and the pauses that were made."""
    pauses: list[float] = []
    waiter = replace(
        Waiter.start(seconds, lambda _text: None),
        deadline=float(seconds),
        clock=lambda: sum(pauses),
        sleep=pauses.append,
    )
    return _injection_proof.wait_for_injection(api, REVISION, image, waiter), pauses


def test_asks_for_a_pod_that_is_never_created(api: LiveMesh) -> None:
    injected, pauses = wait(api)
    assert (injected, pauses) == ({"revision": "1-31", "image": PROXY}, [])
    assert (api.writes, [key for key in api.objects if "meshwright" in key[3]]) == ([], [])


def test_asks_again_while_the_webhook_does_not_answer(api: LiveMesh) -> None:
    errors: list[Exception] = [ApiError("failed calling webhook", status=500) for _once in range(3)]
    create = api.create

    def fail_first(*arguments: Any, **options: Any) -> Object:
        if errors:
            raise errors.pop()
        return create(*arguments, **options)

    api.create = fail_first  # type: ignore[method-assign]
    injected, pauses = wait(api)
    assert injected["revision"] == "1-31"
    assert pauses == [0.5] * 3


def test_gives_up_in_the_words_of_the_last_try(api: LiveMesh) -> None:
    with pytest.raises(NotReadyError, match=r"in place of other:1\. wait_timeout has passed"):
        wait(api, "other:1")
    api.remove(_kinds.MUTATING_WEBHOOK, "istio-sidecar-injector-1-31")
    with pytest.raises(NotReadyError, match="asks for revision 1-31 gets no sidecar"):
        wait(api, seconds=1)


@pytest.mark.parametrize(
    ("labels", "used"),
    [
        pytest.param({}, "istio-system", id="its own"),
        pytest.param({"istio-system": "1-30"}, "default", id="that of everybody"),
        pytest.param({"istio-system": "1-30", "default": "1-30"}, "shop", id="any that is free"),
        pytest.param(
            {"istio-system": "1-30", "default": "1-30", "shop": "1-30"},
            "istio-system",
            id="none is free",
        ),
    ],
)
def test_tries_it_where_the_pod_may_choose(
    api: LiveMesh, labels: dict[str, str], used: str
) -> None:
    for name in ("kube-public", "shop"):
        api.put(mesh_objects.namespace(name))
    for name, revision in labels.items():
        api.put(mesh_objects.namespace(name, rev=revision))
    assert _injection_proof._find_namespace(api, REVISION) == used
