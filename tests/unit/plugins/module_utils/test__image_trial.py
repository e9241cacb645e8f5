# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _image_trial, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    NotReadyError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._image_trial import Trial
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.tests.unit.support import admission
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

TRIAL = Trial(images=("hub/pilot:1",), pull_policy=None, pulling=Pulling())
KEY = ("v1", "Pod", "istio-system", "meshwright-image-trial")


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def pod(*states: Object, phase: str = "Pending", **status: Any) -> Object:
    statuses = [
        {"name": f"image-{number}", "image": f"hub/{number}", "state": state}
        for number, state in enumerate(states)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "meshwright-image-trial",
            "namespace": "istio-system",
            "labels": {"meshwright.istio/image-trial": "true"},
        },
        "status": {"phase": phase, "containerStatuses": statuses, **status},
    }


UNSCHEDULED = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}
RUNNING: Object = {"running": {}}
ENDED: Object = {"terminated": {"exitCode": 128}}


@pytest.mark.parametrize(
    ("pods", "ready", "can_improve", "reason"),
    [
        pytest.param([], False, True, "is not there yet", id="no pod"),
        pytest.param([pod()], False, True, "has not started yet", id="no container"),
        pytest.param(
            [pod(conditions=[UNSCHEDULED])], False, True, "0/3 nodes are available", id="no node"
        ),
        pytest.param(
            [pod(conditions=[{**UNSCHEDULED, "status": "True"}])],
            False,
            True,
            "not started",
            id="node",
        ),
        pytest.param(
            [pod(waiting("ContainerCreating"))], False, True, "hub/0 is being pulled", id="pulling"
        ),
        pytest.param(
            [pod(waiting("ErrImagePull", "no route"))], False, True, "hub/0: no route", id="hiccup"
        ),
        pytest.param(
            [pod(waiting("RegistryUnavailable"))], False, True, "hub/0: Registry", id="registry"
        ),
        pytest.param(
            [pod(waiting("SignatureValidationFailed"))], False, True, "hub/0: Sig", id="signature"
        ),
        pytest.param(
            [pod(waiting("ImagePullBackOff", "not found"))],
            False,
            False,
            "hub/0: not found",
            id="refused again",
        ),
        pytest.param(
            [pod(waiting("InvalidImageName"))], False, False, "hub/0: Invalid", id="no name"
        ),
        pytest.param(
            [pod(ENDED, waiting("ContainerCreating"))],
            False,
            True,
            "hub/1 is being pulled",
            id="one of two",
        ),
        pytest.param([pod(RUNNING, ENDED)], True, True, "", id="all are there"),
        # By then the image has been pulled.
        pytest.param([pod(waiting("CreateContainerError"))], True, True, "", id="cannot be run"),
    ],
)
def test_judges_by_what_the_kubelet_says(
    pods: list[Object], ready: bool, can_improve: bool, reason: str
) -> None:
    answer = _image_trial.judge(pods)
    assert (answer.ready, answer.can_improve) == (ready, can_improve)
    assert reason in answer.reason


class Kubelet(FakeApi):
    """A pod that was deleted goes after `lingers` watches; new ones have pulled their images."""

    now = 0
    lingers = 0

    def delete(self, *arguments: Any, **options: Any) -> bool:
        return False if self.lingers > 0 else super().delete(*arguments, **options)

    def watch(
        self, *asked: Any, resource_version: str, seconds: int, **more: Any
    ) -> Iterator[tuple[str, Object]]:
        self.now += 1
        self.lingers -= 1
        if self.lingers == 0:
            super().delete(_kinds.POD, KEY[3], KEY[2])
        yield from super().watch(*asked, resource_version=resource_version, seconds=seconds, **more)

    def _start(self, _api: FakeApi, event: str, item: Object) -> None:
        if event == "ADDED":
            self.put({**item, "status": pod(RUNNING)["status"]})

    def waiter(self, seconds: int = 10) -> Waiter:
        waiter = Waiter.start(seconds, lambda _text: None)
        return replace(waiter, deadline=self.now + seconds, clock=lambda: float(self.now))


def test_waits_for_the_end_of_an_earlier_trial() -> None:
    """Two of the same name would be one: the old one's images would count for the new."""
    api = Kubelet(pod(waiting("ImagePullBackOff")))
    api.lingers = 3
    api.on_write = api._start
    _image_trial.run(api, "istio-system", TRIAL, api.waiter())
    assert api.now >= 3
    assert [write[0] for write in api.writes if write[0] == "create"] == ["create"]
    assert KEY not in api.objects


def test_gives_up_on_an_earlier_trial_that_does_not_end() -> None:
    api = Kubelet(pod(RUNNING))
    api.lingers = 100
    with pytest.raises(NotReadyError, match="the last trial's pod is still there"):
        _image_trial.run(api, "istio-system", TRIAL, api.waiter(5))
    assert not [write for write in api.writes if write[0] == "create"]


def test_its_pod_can_do_no_harm() -> None:
    made: list[Object] = []
    api = Kubelet()

    def start(fake: FakeApi, event: str, item: Object) -> None:
        made.append(item)
        api._start(fake, event, item)

    api.on_write = start
    pulling = Pulling(secrets=("regcred",), placement={"nodeSelector": {"disk": "ssd"}})
    trial = Trial(images=("a:1", "b:2"), pull_policy="Always", pulling=pulling)
    _image_trial.run(api, "istio-system", trial, api.waiter())
    spec = made[0]["spec"]
    assert made[0]["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
    assert (spec["restartPolicy"], spec["activeDeadlineSeconds"]) == ("Never", 300)
    assert spec["automountServiceAccountToken"] is False
    assert spec["imagePullSecrets"] == [{"name": "regcred"}]
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert [(each["image"], each["imagePullPolicy"]) for each in spec["containers"]] == [
        ("a:1", "Always"),
        ("b:2", "Always"),
    ]
    assert (admission.restricted(made[0]), admission.quota(made[0])) == (None, None)


def test_a_pull_that_fails_is_refused_in_words_and_leaves_nothing_behind() -> None:
    api = Kubelet()
    failed = {"status": pod(waiting("ImagePullBackOff", "not found"))["status"]}
    api.on_write = lambda fake, event, item: event == "ADDED" and fake.put({**item, **failed})
    with pytest.raises(RefusedError, match="hub/0: not found") as caught:
        _image_trial.run(api, "istio-system", TRIAL, api.waiter())
    assert "Correct hub or image_pull_secrets" in caught.value.message
    assert caught.value.details == {"images": ["hub/pilot:1"], "placed": True}
    assert KEY not in api.objects


def test_a_pod_that_no_node_takes_is_not_put_down_to_the_images() -> None:
    api = Kubelet()
    pending = {"status": pod(conditions=[UNSCHEDULED])["status"]}
    api.on_write = lambda fake, event, item: event == "ADDED" and fake.put({**item, **pending})
    with pytest.raises(RefusedError) as caught:
        _image_trial.run(api, "istio-system", TRIAL, api.waiter())
    assert "could not be tried" in caught.value.message
    assert "0/3 nodes are available. No object" in caught.value.message
    assert "correct nodeSelector, tolerations and affinity" in caught.value.message
    assert "image_pull_secrets" not in caught.value.message
    assert caught.value.details == {"images": ["hub/pilot:1"], "placed": False}
    assert KEY not in api.objects
