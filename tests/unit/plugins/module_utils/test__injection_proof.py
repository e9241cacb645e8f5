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
from ansible_collections.meshwright.istio.plugins.module_utils._images import Images
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.tests.unit.support import admission, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh

REVISION = Revision(name="1-31", namespace="istio-system")
HUB = "hub.example.org/istio"
PROXY = f"{HUB}/proxyv2:1.31.0"
ENFORCE = "pod-security.kubernetes.io/enforce"


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
        pytest.param(pod("1-31", f"{PROXY}-distroless"), PROXY, "", id="a type of it"),
        pytest.param(pod("1-31", PROXY), f"{PROXY}-debug", "", id="not the type of the mesh"),
        pytest.param(
            pod("1-31", f"{PROXY}-fips"),
            PROXY,
            f"gets the sidecar {PROXY}-fips in place of {PROXY}",
            id="a build of one's own",
        ),
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
    images = Images(istiod=f"{HUB}/pilot:1.31.0", proxy=image, pull_policy=None)
    return _injection_proof.wait_for_injection(api, REVISION, images, waiter), pauses


def test_asks_for_a_pod_that_is_never_created(api: LiveMesh) -> None:
    injected, pauses = wait(api)
    assert (injected, pauses) == ({"revision": "1-31", "image": PROXY}, [])
    assert (api.writes, [key for key in api.objects if "meshwright" in key[3]]) == ([], [])


def test_gives_up_in_the_words_of_the_last_try(api: LiveMesh) -> None:
    with pytest.raises(NotReadyError, match=r"in place of other:1\. wait_timeout has passed"):
        wait(api, "other:1")
    api.remove(_kinds.MUTATING_WEBHOOK, "istio-sidecar-injector-1-31")
    with pytest.raises(NotReadyError, match="asks for revision 1-31 gets no sidecar"):
        wait(api, seconds=1)


@pytest.mark.parametrize(
    ("labels", "used"),
    [
        pytest.param({}, ["istio-system", "default", "shop"], id="its own, then that of everybody"),
        pytest.param({"istio-system": "1-30"}, ["default", "shop"], id="that of everybody"),
        pytest.param({"istio-system": "1-30", "default": "1-30"}, ["shop"], id="any that is free"),
        pytest.param(
            {"istio-system": "1-30", "default": "1-30", "shop": "1-30"},
            ["istio-system"],
            id="none is free",
        ),
    ],
)
def test_tries_it_where_the_pod_may_choose(
    api: LiveMesh, labels: dict[str, str], used: list[str]
) -> None:
    for name in ("kube-public", "shop"):
        api.put(mesh_objects.namespace(name))
    for name, revision in labels.items():
        api.put(mesh_objects.namespace(name, rev=revision))
    tried = admission.guard(api, dict.fromkeys(used, admission.always(admission.SIDECAR)))
    with pytest.raises(NotReadyError):
        wait(api)
    assert tried == used


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(admission.restricted, id="Pod Security"),
        pytest.param(admission.quota, id="quota"),
        pytest.param(admission.only_images_of(HUB), id="policy about images"),
    ],
)
def test_its_pod_is_one_that_a_strict_cluster_admits(api: LiveMesh, rule: admission.Rule) -> None:
    tried = admission.guard(api, {"istio-system": rule})
    assert wait(api)[0]["revision"] == "1-31"
    assert tried == ["istio-system"]


def test_strict_namespaces_come_last(api: LiveMesh) -> None:
    """Without the CNI they refuse what is injected, and with it they are as good as others."""
    api.put(mesh_objects.namespace("istio-system", **{ENFORCE: "restricted"}))
    api.put(mesh_objects.namespace("default", **{ENFORCE: "baseline"}))
    api.put(mesh_objects.namespace("shop", **{ENFORCE: "privileged"}))
    tried = admission.guard(api, {"shop": admission.always("exceeded quota: all")})
    assert wait(api)[0]["image"] == PROXY
    assert tried == ["shop", "default"]


@pytest.mark.parametrize(
    "said",
    [
        admission.SIDECAR,
        "exceeded quota: all, requested: pods=1",
        'admission webhook "policy.kyverno.svc" denied the request: no',
    ],
)
def test_goes_on_to_the_next_namespace_where_one_refuses_it(api: LiveMesh, said: str) -> None:
    tried = admission.guard(api, {"istio-system": admission.always(said)})
    assert wait(api)[0]["revision"] == "1-31"
    assert tried == ["istio-system", "default"]


def test_a_namespace_of_the_revision_may_be_the_one_that_admits_it(api: LiveMesh) -> None:
    api.put(mesh_objects.namespace("bank", rev="1-30"))
    api.put(mesh_objects.namespace("shop", rev="1-31"))
    refused = admission.always(admission.SIDECAR)
    tried = admission.guard(api, {"istio-system": refused, "default": refused})
    assert wait(api)[0]["revision"] == "1-31"
    assert tried == ["istio-system", "default", "shop"]


def test_ends_at_once_where_no_namespace_admits_it(api: LiveMesh) -> None:
    """It cannot be proven; to wait for it would only hide why."""
    for name in ("bank", "shop"):
        api.put(mesh_objects.namespace(name))
    refused = ["istio-system", "default", "bank", "shop"]
    tried = admission.guard(api, dict.fromkeys(refused, admission.always(admission.SIDECAR)))
    with pytest.raises(NotReadyError) as caught:
        wait(api)
    message = caught.value.message
    assert "Namespace istio-system: pods" in message
    assert "violates PodSecurity" in message
    assert "And 1 more." in message
    assert "or set wait: false" in message
    assert (caught.value.details["refused"], tried) == (refused, refused)


def test_ends_at_once_where_the_account_may_not_try_it(api: LiveMesh) -> None:
    tried = admission.guard(api, {"istio-system": admission.always(admission.NO_RIGHT)})
    with pytest.raises(NotReadyError, match='User "robot" cannot create resource'):
        wait(api)
    assert tried == ["istio-system"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(500, 'failed calling webhook "rev": connection refused', id="no answer"),
        pytest.param(503, "no endpoints available for service istiod", id="no endpoint"),
        pytest.param(403, "pods is forbidden: status unknown for quota: all", id="a new quota"),
        pytest.param(403, 'error looking up service account shop/default: "default"', id="new"),
        pytest.param(
            400,
            'admission webhook "rev.object.sidecar-injector.istio.io" denied the request: no',
            id="istiod is not ready",
        ),
    ],
)
def test_waits_for_what_passes(api: LiveMesh, status: int, said: str) -> None:
    errors: list[Exception] = [ApiError(said, status=status)]
    create, tried = api.create, []

    def fail_once(*arguments: Any, **options: Any) -> Object:
        tried.append(arguments[2])
        if errors:
            raise errors.pop()
        return create(*arguments, **options)

    api.create = fail_once  # type: ignore[method-assign]
    assert wait(api)[1] == [0.5]
    assert tried == ["istio-system", "istio-system"]
