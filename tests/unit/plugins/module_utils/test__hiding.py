# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._hiding import Hiding, Ticks
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Knowledge, Leaver
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

NODE = "n1"
READY = {"type": "Ready", "status": "True"}


class Told:
    """What a witness says is what the test has told it."""

    def __init__(self) -> None:
        self.known = False
        self.calls: list[str] = []

    def watch(self, _leaver: Leaver) -> None:
        self.calls.append("watch")

    def doubt(self, _pod: Pod) -> None:
        self.calls.append("doubt")
        self.known = False

    def about(self, _pod: Pod) -> Knowledge:
        return Knowledge(proxies=1, since=0.0 if self.known else None)


class Scene:
    """A pod, its kubelet, and a clock."""

    def __init__(self, *, revision: str | None = "1-30", tick: float | None = 100.0) -> None:
        self.now = 100.0
        self.ticks = Ticks()
        if tick is not None:
            self.ticks.note(NODE, tick)
        pod = mesh_objects.pod("web-0", "shop", revision=revision)
        self.api = FakeApi({**pod, "spec": {**pod["spec"], "nodeName": NODE}})
        self.witness = Told()
        self.hiding = Hiding(
            self.api,
            self.witness,  # type: ignore[arg-type]
            lambda: self.now,
            self.ticks,
        )

    @property
    def pod(self) -> Pod:
        return Pod.from_object(self.api.objects["v1", "Pod", "shop", "web-0"])

    def is_over(self, after: float = 0) -> bool:
        self.now += after
        return self.hiding.is_over(Leaver(pod=self.pod))

    def revert(self) -> None:
        """What the kubelet does, who knows better."""
        self.api.patch(_kinds.POD, "web-0", {"status": {"conditions": [READY]}}, "shop")


def test_is_hidden_until_every_proxy_knows() -> None:
    scene = Scene()
    assert not scene.is_over()
    assert (scene.pod.ready, scene.witness.calls) == (False, ["watch", "doubt"])
    assert not scene.is_over(1)
    scene.witness.known = True
    assert scene.is_over(1)
    assert len(scene.api.writes) == 1


def test_is_hidden_again_when_its_kubelet_says_that_it_is_ready() -> None:
    scene = Scene()
    scene.is_over()
    scene.is_over(1)
    scene.witness.known = True
    scene.revert()
    assert not scene.is_over(1), "who knew may have found it again"
    assert (scene.pod.ready, scene.witness.calls) == (False, ["watch", "doubt", "watch", "doubt"])
    assert not scene.is_over(1)
    scene.witness.known = True
    assert scene.is_over(1)


def test_what_the_watch_has_told_of_together_is_seen() -> None:
    """Hidden and ready again at once: a watch shows it as if it had been ready all the time."""
    scene = Scene(tick=None)
    stale = Leaver(pod=scene.pod)
    scene.hiding.is_over(stale)
    scene.revert()
    scene.witness.known = True
    scene.now += 0.4
    assert not scene.hiding.is_over(stale), "it is not asked all the time"
    assert scene.pod.ready
    scene.now += 0.1
    assert not scene.hiding.is_over(stale)
    assert (scene.pod.ready, scene.witness.calls) == (False, ["watch", "doubt", "watch", "doubt"])
    assert scene.ticks.is_known(NODE)


@pytest.mark.parametrize("followed", [True, False])
def test_one_that_is_gone_meanwhile_is_left(*, followed: bool) -> None:
    """A StatefulSet makes another one of the same name at once."""
    scene = Scene()
    leaver = Leaver(pod=scene.pod)
    scene.is_over()
    scene.api.remove(_kinds.POD, "web-0", "shop")
    if followed:
        scene.api.put(mesh_objects.pod("web-0", "shop", revision="1-31"))
    scene.now += 1
    scene.witness.known = True
    writes = len(scene.api.writes)
    assert not scene.hiding.is_over(leaver)
    assert len(scene.api.writes) == writes


def test_what_the_watch_has_not_told_yet_is_no_reason_to_hide_it_again() -> None:
    scene = Scene()
    stale = Leaver(pod=scene.pod)
    for _look in range(3):
        assert not scene.hiding.is_over(stale)
    assert scene.witness.calls == ["watch", "doubt"]


def test_proxies_that_do_not_answer_are_not_waited_for() -> None:
    scene = Scene()
    scene.is_over()
    assert not scene.is_over(24.9)
    assert scene.is_over(0.1)


def test_waits_until_the_kubelet_has_just_had_its_say() -> None:
    """It would find the pod ready in a moment, and the others would learn of it again."""
    scene = Scene(tick=91.2)
    scene.is_over()
    scene.witness.known = True
    assert not scene.is_over(0.1)
    scene.is_over(0.1)
    scene.revert()
    assert not scene.is_over(1.2)
    scene.witness.known = True
    assert scene.is_over(1)


def test_finds_out_when_the_kubelet_of_a_node_has_its_say() -> None:
    scene = Scene(tick=None)
    scene.is_over()
    scene.witness.known = True
    assert not scene.is_over(7)
    scene.revert()
    assert not scene.is_over(0.5)
    scene.witness.known = True
    assert scene.is_over(0.5)
    # In the half of a second before it was asked, or just then.
    assert scene.ticks.is_far(NODE, 115.4)
    assert not scene.ticks.is_far(NODE, 115.6)
    assert scene.ticks.is_far(NODE, 117.6)


@pytest.mark.parametrize(
    ("moment", "doubt", "far_until"),
    [
        pytest.param(120.4, 0.2, 128.7, id="better known"),
        pytest.param(120.4, 5.0, 118.0, id="worse known, the same"),
        pytest.param(119.9, 5.0, 118.0, id="worse known, before it was due"),
        pytest.param(126.0, 3.0, 131.5, id="at another time"),
    ],
)
def test_what_is_known_best_of_a_kubelet_is_kept(
    moment: float, doubt: float, far_until: float
) -> None:
    ticks = Ticks()
    ticks.note(NODE, 110.0, 0.5)
    ticks.note(NODE, moment, doubt)
    assert ticks.is_far(NODE, far_until - 0.1)
    assert not ticks.is_far(NODE, far_until + 0.1)


def test_a_kubelet_that_never_has_its_say_is_not_waited_for_twice() -> None:
    scene = Scene(tick=None)
    scene.is_over()
    scene.witness.known = True
    assert not scene.is_over(11.4)
    assert not scene.is_over(0.1)
    assert scene.is_over(0.1)
    assert scene.ticks.is_far(NODE, 500.0)


@pytest.mark.parametrize("revision", [None, "1-30"])
def test_one_without_listeners_or_requests_has_nothing_to_be_hidden_for(
    revision: str | None,
) -> None:
    scene = Scene(revision=revision)
    if revision:
        scene.api.patch(_kinds.POD, "web-0", {"status": {"conditions": []}}, "shop")
    before = len(scene.api.writes)
    assert scene.is_over()
    assert len(scene.api.writes) == before


def test_without_the_right_to_it_pods_leave_by_their_labels() -> None:
    scene = Scene()
    scene.api.failures["patch", "web-0"] = [ApiError("Grant it.", status=403)]
    assert scene.is_over()
    assert scene.is_over(), "it is not asked for again"
    assert scene.witness.calls == []


def test_what_is_gone_is_over() -> None:
    scene = Scene()
    leaver = Leaver(pod=scene.pod)
    scene.api.remove(_kinds.POD, "web-0", "shop")
    assert scene.hiding.is_over(leaver)


def test_another_error_is_one() -> None:
    scene = Scene()
    scene.api.failures["patch", "web-0"] = [ApiError("It is broken.", status=500)]
    with pytest.raises(ApiError, match="It is broken"):
        scene.is_over()


def test_one_that_somebody_else_deletes_needs_not_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    told = []

    def pod_get(pod: str, _namespace: str, **_settings: object) -> bytes:
        told.append(pod)
        raise ApiError("It is gone.", status=404)

    monkeypatch.setattr(scene.api, "pod_get", pod_get)
    scene.hiding.let_kubelet_see(scene.pod)
    scene.hiding.let_kubelet_see(scene.pod)
    assert told == ["web-0"]


def test_one_that_cannot_be_told_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()

    def pod_get(*_place: str, **_settings: object) -> bytes:
        raise ApiError("It does not answer.", status=0)

    monkeypatch.setattr(scene.api, "pod_get", pod_get)
    with pytest.raises(ApiError, match="does not answer"):
        scene.hiding.let_kubelet_see(scene.pod)
