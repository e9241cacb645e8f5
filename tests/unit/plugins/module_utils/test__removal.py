# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _istiod,
    _kinds,
    _removal,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    NotReadyError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.tests.unit.support import istiods, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh

REVISION = Revision(name="1-30", namespace="istio-system")
ISTIOD = ("apps/v1", "Deployment", "istio-system", "istiod-1-30")
PART = {"istio.io/rev": "1-30", "operator.istio.io/component": "Pilot"}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_istiod, "_PAUSE", 0.0)


@pytest.fixture
def api() -> LiveMesh:
    mesh = LiveMesh()
    mesh.install("1.30.4", revision="1-30")
    istiods.serve(mesh, "istiod-1-30-5d8-0", "1.30.4", [])
    return mesh


def plan(api: LiveMesh, *, wait: bool = True, take_over: tuple[str, ...] = ()) -> _removal.Removal:
    module = SimpleNamespace(params={"wait": wait, "take_over": list(take_over)})
    return _removal.plan(api, module, REVISION)


def waiter() -> Waiter:
    looks = iter(range(10))
    return replace(
        Waiter.start(1, lambda _text: None), deadline=2.0, clock=lambda: float(next(looks))
    )


def item(kind: str, name: str, **labels: str) -> dict[str, Any]:
    version = {"ConfigMap": "v1", "Lease": "coordination.k8s.io/v1"}[kind]
    metadata = {"name": name, "namespace": "istio-system", "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def names(removal: _removal.Removal) -> set[str]:
    return {step.target.name for step in removal.steps}


def test_takes_what_calls_istiod_first_and_its_elections_last(api: LiveMesh) -> None:
    api.put(item("Lease", "istio-gateway-deployment-1-30"))
    removal = plan(api)
    # Those of one stage go at once.
    stages = {step.target.kind.kind: step.stage for step in removal.steps}
    assert stages["ServiceAccount"] < stages["Lease"]
    removal.carry_out(api, waiter())
    kinds = [kind for verb, kind, _name in api.writes if verb == "delete"]
    assert set(kinds[:2]) == {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}
    assert kinds.index("Deployment") < kinds.index("ServiceAccount")


def test_finds_by_label_what_has_another_name(api: LiveMesh) -> None:
    api.put(item("ConfigMap", "renamed", **PART))
    # That of another component, one that no installation made, and one that says another's.
    api.put(item("ConfigMap", "gateway", **{**PART, "operator.istio.io/component": "Cni"}))
    api.put(item("ConfigMap", "tagged", **PART, **{"istio.io/tag": "prod"}))
    api.put(item("ConfigMap", "values-1-30", **{**PART, "istio.io/rev": "1-31"}))
    found = names(plan(api))
    assert "renamed" in found
    assert not {"gateway", "tagged", "values-1-30"} & found


def test_waits_for_the_last_istiod_unless_told_not_to(api: LiveMesh) -> None:
    pod = api.objects["v1", "Pod", "istio-system", "istiod-1-30-5d8-0"]
    ending = {**pod, "metadata": {**pod["metadata"], "name": "lingers"}}
    api.put(ending)
    istiods.serve(api, "lingers", "1.30.4", [])
    removal = plan(api)
    with pytest.raises(NotReadyError, match="istiod is still ending: lingers"):
        removal.carry_out(api, waiter())
    assert ISTIOD not in api.objects
    # What it lives on is left until it has ended, for the next run.
    accounts = ("v1", "ServiceAccount", "istio-system", "istiod-1-30")
    assert accounts in api.objects
    plan(api, wait=False).carry_out(api, waiter())
    assert accounts not in api.objects


def test_waits_for_pods_that_are_ending_and_refuses_where_it_may_not_wait(api: LiveMesh) -> None:
    pod = mesh_objects.pod("web-0", "shop", revision="1-30")
    pod["metadata"]["deletionTimestamp"] = "2026-11-26T06:00:00Z"
    api.put(pod)
    istiods.serve(api, "istiod-1-30-5d8-0", "1.30.4", [istiods.entry("web-0.shop")])
    with pytest.raises(RefusedError, match=r"still used: pods that are ending \(1\): shop/web-0"):
        plan(api, wait=False)
    removal = plan(api)
    with pytest.raises(NotReadyError, match="1 pods with its sidecar are still ending: shop/web-0"):
        removal.carry_out(api, waiter())
    assert ISTIOD in api.objects
    api.remove(_kinds.POD, "web-0", "shop")
    removal.carry_out(api, waiter())
    assert ISTIOD not in api.objects


def test_a_pod_that_stays_is_no_less_in_the_way_beside_one_that_is_ending(api: LiveMesh) -> None:
    ending = mesh_objects.pod("web-0", "shop", revision="1-30")
    ending["metadata"]["deletionTimestamp"] = "2026-11-26T06:00:00Z"
    api.put(ending)
    api.put(mesh_objects.pod("web-1", "shop", revision="1-30"))
    with pytest.raises(RefusedError, match=r"carry its sidecar \(1\): shop/web-1; pods that are"):
        plan(api)


def test_what_is_gone_needs_nothing_and_asks_nobody(api: LiveMesh) -> None:
    gone = _removal.plan(
        api,
        SimpleNamespace(params={"wait": True, "take_over": []}),
        Revision(name="1-29", namespace="istio-system"),
    )
    assert (gone.steps, gone.carry_out(api, waiter())) == ((), {})
    assert [kind for _verb, kind in api.reads if kind == "Namespace"] == []


def test_objects_of_another_tool_are_left_to_it(api: LiveMesh) -> None:
    api.objects[ISTIOD]["metadata"]["annotations"] = {"meta.helm.sh/release-name": "istiod"}
    with pytest.raises(RefusedError, match="belongs to helm"):
        plan(api)
    assert plan(api, take_over=("helm",)).steps
