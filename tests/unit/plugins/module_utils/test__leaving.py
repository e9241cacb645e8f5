# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._mark import DRAINING, Mark
from ansible_collections.meshwright.istio.plugins.module_utils._patience import Patience
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Sender
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.tests.unit.support import workload_objects
from ansible_collections.meshwright.istio.tests.unit.support.leaving_scene import (
    DEPARTURE,
    LABELS,
    WEB,
    Scene,
)


def test_released_it_serves_on_and_its_controller_does_not_know_it() -> None:
    scene = Scene()
    scene.leaving.release(scene.pod)
    assert scene.labels == {**LABELS, "pod-template-hash": "6d4-released"}
    assert scene.pod.mark == Mark(workload=WEB, labels={"pod-template-hash": "6d4"})
    assert (scene.leaving.any, scene.leaving.wrote, scene.leaving.done) == (False, True, [])
    # It is its workload's all the same.
    assert scene.pod.owner == WEB


def test_taken_out_it_has_left_its_services() -> None:
    scene = Scene()
    scene.leaving.release(scene.pod)
    scene.take_out()
    assert scene.labels == {**LABELS, "app": "draining", "pod-template-hash": "6d4-released"}
    assert scene.pod.mark == Mark(
        workload=WEB, labels={"app": "web", "pod-template-hash": "6d4"}, out=True
    )
    assert scene.leaving.any


def test_it_may_leave_at_once() -> None:
    step_by_step, at_once = Scene(), Scene()
    step_by_step.leaving.release(step_by_step.pod)
    step_by_step.take_out()
    at_once.out()
    assert (at_once.labels, at_once.pod.mark) == (step_by_step.labels, step_by_step.pod.mark)


def test_one_that_was_let_go_is_unready_before_it_changes_its_labels() -> None:
    scene = Scene()
    scene.leaving.release(scene.pod)
    scene.leaving.take_out(scene.pod)
    assert (scene.pod.ready, scene.labels["app"], scene.leaving.any) == (False, "web", False)
    scene.leaving.take_out(scene.pod)
    assert scene.labels["app"] == "web"
    # All know, and what was sent before may still be on its way.
    scene.tell(since=99.1, open=0, asked=100.0)
    scene.leaving.take_out(scene.pod)
    assert scene.labels["app"] == "web"
    scene.now = 100.1
    scene.leaving.take_out(scene.pod)
    assert (scene.labels["app"], scene.leaving.any) == ("draining", True)


def test_once_it_has_left_everybody_is_asked_anew() -> None:
    """Its kubelet may have made it ready a moment before, and who knew have found it again."""
    scene = Scene()
    scene.leaving.take_out(scene.pod)
    scene.tell(since=99.0, open=0, asked=100.0)
    scene.leaving.take_out(scene.pod)
    assert scene.labels["app"] == "draining"
    assert not scene.leaving.is_known_to_have_left(scene.pod)


def test_so_is_one_that_its_controller_still_counts() -> None:
    scene = Scene(release="")
    scene.leaving.take_out(scene.pod)
    assert (scene.pod.ready, scene.pod.hidden, scene.labels["app"]) == (False, True, "web")
    scene.tell(since=99.0, open=0, asked=100.0)
    scene.leaving.take_out(scene.pod)
    assert (scene.labels["app"], scene.leaving.any) == ("draining", True)


def test_one_whose_room_is_needed_leaves_at_once() -> None:
    scene = Scene()
    scene.leaving.release(scene.pod)
    scene.leaving.take_out(scene.pod, at_once=True)
    assert (scene.pod.ready, scene.labels["app"]) == (True, "draining")


def test_where_no_label_lets_it_go_only_its_services_do() -> None:
    scene = Scene(release="")
    scene.out()
    assert scene.labels == {**LABELS, "app": "draining"}


@pytest.mark.parametrize(
    ("way", "options"), [("release", {}), ("take_out", {"at_once": True}), ("leave", {})]
)
def test_given_back_it_is_as_before(way: str, options: dict[str, bool]) -> None:
    scene = Scene()
    before = {**scene.item, "metadata": {**scene.item["metadata"], "resourceVersion": ""}}
    getattr(scene.leaving, way)(scene.pod, **options)
    scene.leaving.give_back([scene.pod])
    assert {**scene.item, "metadata": {**scene.item["metadata"], "resourceVersion": ""}} == before
    assert (scene.leaving.any, scene.leaving.pods([scene.pod])[0].mark) == (False, None)


def test_only_a_stand_in_that_is_not_ready_is_taken_away() -> None:
    scene = Scene()
    stand_in = replace(scene.pod, mark=Mark(workload=WEB))
    scene.leaving.give_back([scene.pod, stand_in])
    assert scene.api.writes == []
    scene.leaving.give_back([replace(stand_in, ready=False)])
    assert not scene.is_there


def test_one_that_never_started_is_deleted_and_one_that_ran_is_seen_off() -> None:
    scene = Scene()
    said = scene.leaving.dismiss(replace(scene.pod, phase="Pending"))
    assert (said.reason, scene.is_there) == ("pod web-0 was not ready and was taken away", False)
    scene = Scene()
    scene.leaving.dismiss(scene.pod)
    assert (scene.is_there, scene.leaving.any) == (True, True)


def test_knows_of_its_own_writes_before_the_watch_does() -> None:
    scene = Scene()
    stale = scene.pod
    scene.leaving.release(stale)
    (seen,) = scene.leaving.pods([stale])
    assert seen.mark is not None
    scene.leaving.dismiss(replace(stale, phase="Pending"))
    assert scene.leaving.pods([stale]) == []


def test_what_somebody_else_ends_is_done_with() -> None:
    scene = Scene()
    out = scene.out()
    scene.tell(since=101.0, open=2, asked=102.0)
    scene.see_off()
    scene.now = 107.0
    assert scene.leaving.pods([replace(out, ending=True)]) == []
    (done,) = scene.leaving.done
    assert (done.seconds, done.open_at_end, scene.leaving.any) == (7.0, 2, False)
    assert (scene.witness.forgotten, scene.leaving.pods([])) == (["web-0"], [])


@pytest.mark.parametrize("way", ["release", "take_out", "leave"])
def test_what_is_gone_before_it_is_written_is_no_error(way: str) -> None:
    scene = Scene()
    pod = scene.pod
    scene.api.remove(_kinds.POD, "web-0", "shop")
    getattr(scene.leaving, way)(pod)
    assert (scene.leaving.any, scene.leaving.wrote, scene.leaving.pods([pod])) == (False, False, [])


def test_another_error_is_one() -> None:
    scene = Scene()
    scene.api.failures["patch", "web-0"] = [ApiError("Grant it.", status=403)]
    with pytest.raises(ApiError, match="Grant it"):
        scene.leaving.release(scene.pod)


def test_asks_first_whether_it_can_ask() -> None:
    scene = Scene()
    scene.leaving.begin()
    assert scene.witness.started == 1


def test_waits_until_all_proxies_know() -> None:
    scene = Scene()
    scene.out()
    assert scene.see_off() == "pod web-0 has left: its proxies are asked"
    scene.tell(lacking=("shop/a",))
    assert scene.see_off() == "pod web-0 has left: 2 of 3 proxies know; not shop/a"
    assert not scene.leaving.is_known_to_have_left(scene.pod)
    # What was open is asked again once all know: what they chose before has to arrive first.
    scene.tell(since=105.0, open=0, asked=105.9)
    assert scene.see_off() == "pod web-0 has left, and is asked what it has open"
    assert (scene.is_there, scene.leaving.is_known_to_have_left(scene.pod)) == (True, True)
    scene.tell(since=105.0, open=0, asked=106.0)
    assert scene.see_off() == "pod web-0 has answered everybody and ends"
    assert not scene.is_there


def test_waits_for_what_is_open_up_to_the_limit() -> None:
    scene = Scene()
    scene.out()
    scene.tell(since=101.0, open=3, asked=110.0)
    scene.now = 110.0
    assert scene.see_off() == "pod web-0: 3 requests are open, waiting up to 45 s"
    scene.now = 144.9
    scene.see_off()
    assert scene.is_there
    scene.now = 145.0
    scene.see_off()
    (done,) = scene.leaving.done
    assert (done.open_at_out, done.open_at_end, done.seconds, done.proxies) == (3, 3, 45.0, 3)
    assert "its grace period is 30 s" in str(done.limits)


@pytest.mark.parametrize(
    ("more", "known"),
    [
        pytest.param({}, None, id="not seen"),
        pytest.param({"gateway": True}, 0, id="a gateway"),
        pytest.param(
            {
                "departure": replace(
                    DEPARTURE,
                    senders=(
                        Sender(
                            namespace="shop", kind="Service", name="web", selector={}, headless=True
                        ),
                    ),
                )
            },
            0,
            id="headless",
        ),
    ],
)
def test_holds_what_may_get_more_for_a_while(more: dict[str, Any], known: int | None) -> None:
    scene = Scene(**more)
    scene.out()
    scene.tell(since=105.0, open=known, asked=106.0)
    scene.now = 114.9
    assert scene.see_off() == "pod web-0 has left, and is held for 10 s"
    assert scene.is_there
    scene.now = 115.0
    scene.see_off()
    assert not scene.is_there
    leaver = scene.witness.watched["web-0"]
    assert leaver.gateway is bool(more.get("gateway"))
    names = ("web.shop.svc.cluster.local",) if "departure" in more else ()
    assert leaver.by_name == names


def test_a_gateway_is_held_while_it_is_asked_but_not_beyond_the_limit() -> None:
    scene = Scene(gateway=True)
    scene.out()
    scene.tell(since=105.0, open=0, asked=112.0, busy=112.0)
    scene.now = 116.9
    assert scene.see_off() == "pod web-0 has left, and is held for 10 s"
    scene.now = 144.9
    scene.tell(since=105.0, open=0, asked=144.0, busy=144.0)
    scene.see_off()
    assert scene.is_there
    scene.now = 145.0
    scene.see_off()
    assert not scene.is_there


BY_READINESS = replace(DEPARTURE, by_readiness=True)


def test_where_it_leaves_by_its_readiness_it_keeps_its_labels_and_is_made_unready_again() -> None:
    scene = Scene(departure=BY_READINESS, gateway=True)
    scene.out()
    assert (scene.labels["app"], scene.pod.ready) == ("web", True)
    scene.see_off()
    assert (scene.labels["app"], scene.pod.ready) == ("web", False)
    scene.tell(since=101.0, open=1, asked=101.0)
    scene.see_off()
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    scene.api.patch(_kinds.POD, "web-0", ready, "shop")
    scene.see_off()
    assert not scene.pod.ready
    # That it was found again for a moment does not hold it any longer.
    scene.now = 111.5
    scene.tell(since=110.5, open=0, asked=111.5)
    assert scene.see_off() == "pod web-0 has answered everybody and ends"
    (done,) = scene.leaving.done
    assert done.seconds == 11.5


def test_one_that_a_restart_had_let_go_leaves_with_the_labels_that_it_had() -> None:
    scene = Scene(departure=BY_READINESS, gateway=True)
    scene.leaving.release(scene.pod)
    let_go = dict(scene.labels)
    scene.leaving.leave(scene.pod)
    assert scene.labels == let_go
    assert scene.pod.mark is not None
    assert (scene.pod.mark.labels["pod-template-hash"], scene.pod.mark.out) == ("6d4", True)


def test_sees_off_what_a_run_before_has_taken_out() -> None:
    first = Scene()
    first.out()
    second = Scene()
    second.api.put(first.item)
    second.tell(since=100.5, open=0, asked=101.5)
    assert second.see_off().endswith("ends")
    (done,) = second.leaving.done
    assert (done.out, done.acknowledged is not None, done.revision) == (None, True, "1-30")
    assert done.asdict()["pod"] == "web-0"


def daemon() -> Workload:
    return Workload.from_object(workload_objects.workload("agent", kind="DaemonSet"))


def stand_in_scene() -> tuple[Scene, Pod]:
    scene = Scene(release="")
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {"name": "agent-6d4", "namespace": "shop"},
    }
    scene.api.put(owner)
    return scene, replace(scene.pod, node="n1", template="6d4")


def test_makes_a_stand_in_once() -> None:
    scene, beside = stand_in_scene()
    for _time in range(2):
        scene.leaving.make_stand_in(daemon(), beside)
    made = [key[3] for key in scene.api.objects if key[1] == "Pod" and "stand-in" in key[3]]
    assert len(made) == 1
    item = scene.api.objects["v1", "Pod", "shop", made[0]]
    assert DRAINING in item["metadata"]["annotations"]
    assert item["metadata"]["ownerReferences"][0]["kind"] == "ControllerRevision"


def test_a_stand_in_needs_something_that_owns_it() -> None:
    scene, beside = stand_in_scene()
    with pytest.raises(NotReadyError, match="ControllerRevision shop/agent-other is gone"):
        scene.leaving.make_stand_in(daemon(), replace(beside, template="other"))


def test_a_stand_in_that_is_refused_is_an_error() -> None:
    scene, beside = stand_in_scene()
    scene.leaving.make_stand_in(daemon(), beside)
    name = scene.api.writes[-1][2]
    scene.api.failures["create", name] = [ApiError("Grant it.", status=403)]
    with pytest.raises(ApiError, match="Grant it"):
        scene.leaving.make_stand_in(daemon(), beside)


@pytest.mark.parametrize(
    ("limit", "hold", "message"),
    [
        pytest.param(0, 0, "drain_timeout: got 0; right is 1 or more", id="no time"),
        pytest.param(
            5, 6, "drain_hold: got 6 with drain_timeout=5; right is 0 to 5", id="too long"
        ),
        pytest.param(5, -1, "drain_hold: got -1", id="negative"),
    ],
)
def test_refuses_patience_that_contradicts_itself(limit: int, hold: int, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        Patience.from_params({"drain_timeout": limit, "drain_hold": hold})
    assert Patience.from_params({"drain_timeout": 5, "drain_hold": 5}) == Patience(limit=5, hold=5)
