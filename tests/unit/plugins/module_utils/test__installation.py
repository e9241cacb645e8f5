# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _installation,
    _kinds,
    _live_fields,
    _steps,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import NotReadyError
from ansible_collections.meshwright.istio.plugins.module_utils._images import Images
from ansible_collections.meshwright.istio.plugins.module_utils._installation import Manner
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.plugins.module_utils._steps import Stage, Step
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.tests.unit.support.control_planes import (
    webhook_configuration,
)
from ansible_collections.meshwright.istio.tests.unit.support.live_mesh import LiveMesh

PILOT = "hub.example.org/istio/pilot:1.31.0"
PROXY = "hub.example.org/istio/proxyv2:1.31.0"
CRD = "gateways.networking.istio.io"


def manner(revision: str = "1-31", **details: Any) -> Manner:
    usual = {"try_images": True, "pulling": Pulling(), "wait": True, **details}
    images = Images(istiod=PILOT, proxy=PROXY, pull_policy=None)
    return Manner(
        revision=Revision(name=revision, namespace="istio-system"), images=images, **usual
    )


def waiter() -> Waiter:
    """One whose time is over at the second look."""
    looks = iter((0.0, 1.0, 2.0, 3.0))
    return replace(Waiter.start(1, lambda _text: None), deadline=1.0, clock=lambda: next(looks))


def condition(kind: str, status: str) -> Object:
    return {"metadata": {"name": CRD}, "status": {"conditions": [{"type": kind, "status": status}]}}


@pytest.mark.parametrize(
    ("definitions", "ready"),
    [
        pytest.param([condition("Established", "True")], True, id="established"),
        pytest.param([condition("Established", "False")], False, id="not yet"),
        pytest.param([condition("NamesAccepted", "True")], False, id="only accepted"),
        pytest.param([{"metadata": {"name": CRD}}], False, id="without a status"),
        pytest.param([], False, id="not there"),
    ],
)
def test_new_kinds_have_to_be_served(definitions: list[Object], ready: bool) -> None:
    answer = _installation.judge_kinds(definitions, {CRD})
    assert answer.ready is ready
    assert answer.reason == ("" if ready else f"CustomResourceDefinition {CRD} is not established")


def daemon_set(*, name: str = "istio-cni-node", updated: int = 3, observed: int = 2) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "istio-system", "generation": 2},
        "spec": {"updateStrategy": {"type": "RollingUpdate"}},
        "status": {
            "observedGeneration": observed,
            "desiredNumberScheduled": 3,
            "currentNumberScheduled": 3,
            "updatedNumberScheduled": updated,
            "numberAvailable": 3,
        },
    }


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        pytest.param([daemon_set(name="other", updated=0), daemon_set()], "", id="on every node"),
        pytest.param(
            [daemon_set(updated=1)],
            "DaemonSet istio-cni-node: 1 of 3 pods are of the new template",
            id="on one node",
        ),
        pytest.param(
            [daemon_set(observed=1)],
            "DaemonSet istio-cni-node: its controller has not looked at the change yet",
            id="an old status",
        ),
        pytest.param([], "DaemonSet istio-cni-node is not there", id="not there"),
    ],
)
def test_the_cni_has_to_run_on_every_node(found: list[Object], reason: str) -> None:
    answer = _installation.judge_daemon_set(found, "istio-cni-node")
    assert (answer.ready, answer.reason) == (not reason, reason)


@pytest.fixture
def api() -> LiveMesh:
    mesh = LiveMesh()
    mesh.install("1.31.0", revision="1-31")
    mesh.writes.clear()
    return mesh


def unchanged(api: LiveMesh, kind: _kinds.Kind, name: str) -> Step:
    """The step of an object that is as it is wanted."""
    target = ObjectName(kind=kind, name=name, namespace="istio-system")
    live = _steps.get(api, target)
    return Step(target=target, stage=Stage.ISTIOD, document=live, before=live, after=live)


def test_waits_for_the_nodes_before_it_says_that_it_is_proven(api: LiveMesh) -> None:
    api.put(daemon_set(updated=1))
    steps = [unchanged(api, _kinds.DAEMON_SET, "istio-cni-node")]
    with pytest.raises(NotReadyError, match="1 of 3 pods are of the new template"):
        _installation.prove(api, steps, manner(), waiter())
    api.put(daemon_set())
    proof = _installation.prove(api, steps, manner(), waiter())
    assert proof == {"istiod_image": PILOT, "injected": {"revision": "1-31", "image": PROXY}}


def test_the_one_without_a_revision_may_be_asked_by_nobody() -> None:
    """Its injector sleeps as long as the default tag is another's."""
    api = LiveMesh()
    api.install("1.31.0")
    (own,) = api.list(_kinds.MUTATING_WEBHOOK)
    assert _installation.prove(api, [], manner("default"), waiter())["injected"] is not None
    api.put({**_live_fields.deactivate(own)})
    assert _installation.prove(api, [], manner("default"), waiter())["injected"] is None
    tag = webhook_configuration(
        "istio-revision-tag-default", "default", tag="default", service="istiod"
    )
    api.put(tag)
    assert _installation.prove(api, [], manner("default"), waiter())["injected"] is not None


def test_a_tag_of_another_name_leads_to_the_one_without_a_revision() -> None:
    """The default tag is another's, so a pod that asks for default would get that one."""
    api = LiveMesh()
    api.install("1.31.0")
    api.install("1.30.4", revision="1-30")
    (own,) = api.list(_kinds.MUTATING_WEBHOOK, label_selector="istio.io/rev=default")
    api.put({**_live_fields.deactivate(own)})
    api.put(
        webhook_configuration(
            "istio-revision-tag-default", "1-30", tag="default", service="istiod-1-30"
        )
    )
    assert _installation.prove(api, [], manner("default"), waiter())["injected"] is None
    api.put(
        webhook_configuration("istio-revision-tag-prod", "default", tag="prod", service="istiod")
    )
    proof = _installation.prove(api, [], manner("default"), waiter())
    assert proof["injected"] == {"revision": "default", "image": PROXY}


@pytest.mark.parametrize(
    ("known", "tried"),
    [
        pytest.param((), [PILOT, PROXY], id="both are new"),
        pytest.param(("istiod-1-31",), [PROXY], id="the sidecar's is new"),
        pytest.param(
            ("istiod-1-31", "istio-sidecar-injector-1-31"), None, id="both are there already"
        ),
    ],
)
def test_tries_only_images_that_are_new(
    api: LiveMesh, known: tuple[str, ...], tried: list[str] | None
) -> None:
    kinds = {"istiod-1-31": _kinds.DEPLOYMENT, "istio-sidecar-injector-1-31": _kinds.CONFIG_MAP}
    pods: list[Object] = []
    start = api.on_write

    def notice(fake: Any, event: str, item: Object) -> None:
        if event == "ADDED" and item["kind"] == "Pod":
            pods.append(item)
        start(fake, event, item)

    api.on_write = notice
    steps = [unchanged(api, kinds[name], name) for name in known]
    _installation.carry_out(api, steps, manner(), waiter())
    images = [[each["image"] for each in pod["spec"]["containers"]] for pod in pods]
    assert images == ([] if tried is None else [tried])
    pods.clear()
    _installation.carry_out(api, [], manner(try_images=False), waiter())
    assert pods == []
