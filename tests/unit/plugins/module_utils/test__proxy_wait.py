# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._istiod import Istiod
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._proxy import Proxy, State
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_reader import Look, Reader
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_wait import (
    Goal,
    Patience,
    look_twice,
    wait,
)
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Connection, Sync
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.tests.unit.support import control_planes, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

INJECTORS = _injector.read(
    FakeApi(
        *control_planes.revision("1-31"),
        control_planes.webhook_configuration(
            "istio-revision-tag-prod", "1-31", tag="prod", service="istiod-1-31"
        ),
    )
)
NEW = Proxy(
    namespace="shop",
    name="web-1",
    type="sidecar",
    workload=None,
    revision="1-31",
    version="1.31.0",
    state=State.SYNCED,
)
OLD = NEW._replace(revision="1-30", version="1.30.4")
STALE = NEW._replace(state=State.STALE, reason="it has not acknowledged LDS")
POD = Pod.from_object(mesh_objects.pod("web-1", "shop", revision="1-31", version="1.31.0"))
OLD_POD = replace(POD, revision="1-30", version="1.30.4")
ON_NEW = Goal(wanted=Wanted(revision="1-31"), synced=True)


def look(*proxies: Proxy) -> Look:
    return Look(proxies=proxies, istiods=(), found={})


def busy(nonce: str, **changes: Any) -> Look:
    """A look in which an answer to that nonce is still to come."""
    istiod = Istiod(
        name="istiod-1", namespace="istio-system", revision="1-31", port=15014, running=True
    )
    connection = Connection(
        proxy=STALE.name,
        namespace=STALE.namespace,
        type="sidecar",
        version=STALE.version,
        sync=Sync.STALE,
        sent_at="",
        unanswered=frozenset({("LDS", nonce)}),
    )
    found = {STALE.key: (istiod, connection)}
    return Look(proxies=(STALE._replace(**changes),), istiods=(istiod,), found=found)


class Script:
    """A reader that plays looks and pods in order; the last of each stays. Waiting costs time."""

    def __init__(self, looks: Sequence[Look], pods: Sequence[Sequence[Pod]] = ((),)) -> None:
        self.looks = list(looks)
        self.scenes = list(pods)
        self.now = 0.0
        self.did: list[str] = []
        self.waits: list[float] = []
        self.said: list[str] = []

    def look(self) -> Look:
        self.did.append("look")
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    def follow(self) -> None:
        self.did.append("follow")

    def pods(self) -> Sequence[Pod]:
        return self.scenes.pop(0) if len(self.scenes) > 1 else self.scenes[0]

    def wait(self, seconds: float) -> None:
        self.did.append("wait")
        self.waits.append(round(seconds, 3))
        self.now += seconds

    def run(self, goal: Goal, seconds: float = 60) -> Look:
        patience = Patience(seconds=seconds, say=self.said.append, clock=lambda: self.now)
        return wait(cast(Reader, self), goal, patience)


def test_does_not_wait_when_all_is_well() -> None:
    script = Script([look(NEW)])
    assert script.run(ON_NEW).proxies == (NEW,)
    assert (script.waits, script.said) == ([], [])


def test_asks_istiod_again_after_growing_pauses() -> None:
    script = Script([look(STALE)] * 8 + [look(NEW)], [[POD]])
    assert script.run(ON_NEW).proxies == (NEW,)
    assert script.waits == [0.2, 0.3, 0.45, 0.675, 1.013, 1.519, 2.0, 2.0]
    assert script.did[:4] == ["look", "follow", "wait", "look"]
    assert script.said[0] == (
        "1 of 1 proxies not yet on 1-31 and synced: shop/web-1 is stale: it has not acknowledged"
        " LDS"
    )


def test_a_busy_proxy_is_waited_for_no_longer_than_it_takes_to_see_that() -> None:
    script = Script([busy("a"), busy("a"), busy("b"), busy("c")], [[POD]])
    assert script.run(ON_NEW).proxies == (NEW,)
    assert script.did.count("look") == 3


def test_a_proxy_that_answers_nothing_is_stale_to_the_end() -> None:
    with pytest.raises(NotReadyError) as caught:
        Script([busy("a")], [[POD]]).run(ON_NEW, seconds=9)
    assert caught.value.details["summary"]["by_state"]["stale"] == 1


def test_a_busy_proxy_is_not_called_stale_after_the_time() -> None:
    """Here the revision is what is missing: that it was stale is not said of it any more."""
    looks = [busy(nonce, revision="1-30") for nonce in "abcdefghijklm"]
    with pytest.raises(NotReadyError) as caught:
        Script(looks, [[POD]]).run(ON_NEW, seconds=5)
    (missing,) = caught.value.details["missing"]
    assert (missing["state"], missing["missing"]) == ("synced", "is on 1-30 (1.31.0)")


def test_asks_no_istiod_while_a_pod_tells_that_it_is_too_early() -> None:
    pending = replace(POD, phase="Pending")
    script = Script([look(OLD), look(NEW)], [[OLD_POD], [OLD_POD], [pending, POD], [POD]])
    assert script.run(ON_NEW).proxies == (NEW,)
    assert script.did == ["look", "follow", *["wait"] * 4, "look"]
    assert script.waits == [0.2, 5.0, 5.0, 5.0]
    assert (
        script.said[1]
        == "1 of 1 proxies not yet on 1-31 and synced: shop/web-1 is on 1-30 (1.30.4)"
    )
    assert script.said[3] == "1 of 2 proxies not yet on 1-31 and synced: shop/web-1 is pending"


def test_pods_that_are_ending_are_not_waited_for() -> None:
    script = Script([look(OLD), look(NEW)], [[replace(OLD_POD, ending=True)]])
    script.run(ON_NEW)
    assert script.waits == [0.2]


@pytest.mark.parametrize(
    "pods", [pytest.param([POD], id="istiod"), pytest.param([OLD_POD], id="pods")]
)
def test_gives_up_after_the_time_and_says_who_is_missing(pods: list[Pod]) -> None:
    stale = [STALE._replace(name=f"web-{number}") for number in range(7)]
    script = Script([look(*stale, NEW)], [pods])
    with pytest.raises(NotReadyError) as caught:
        script.run(ON_NEW, seconds=9)
    assert script.now == pytest.approx(9)
    named = "; ".join(
        f"shop/web-{number} is stale: it has not acknowledged LDS" for number in range(5)
    )
    assert caught.value.message == (
        f"After 9 s 7 of 8 proxies not yet on 1-31 and synced: {named}; and 2 more. Look at the"
        " pods and istiods named here, or give more time with wait_timeout."
    )
    details = caught.value.details
    assert [each["name"] for each in details["missing"]] == [each.name for each in stale]
    assert details["missing"][0]["missing"] == "is stale: it has not acknowledged LDS"
    assert (details["proxies"], details["summary"]["total"]) == ([], 8)


def test_a_long_reason_is_cut_in_the_message_alone() -> None:
    reason = "it refused\n" + "0.0.0.0_80: no such filter\n" * 99
    rejecting = NEW._replace(state=State.REJECTED, reason=reason)
    with pytest.raises(NotReadyError) as caught:
        Script([look(rejecting)], [[POD]]).run(ON_NEW, seconds=1)
    assert "shop/web-1 is rejected: it refused 0.0.0.0_80: no" in caught.value.message
    assert len(caught.value.message) < 500
    assert reason in caught.value.details["missing"][0]["missing"]


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        pytest.param(ON_NEW, "on 1-31 and synced", id="both"),
        pytest.param(Goal(wanted=Wanted(), synced=True), "synced", id="synced"),
        pytest.param(
            Goal(wanted=Wanted(revision="1-31", version="1.31.0"), synced=False),
            "on 1-31 (1.31.0)",
            id="revision and version",
        ),
    ],
)
def test_a_goal_says_what_it_is(goal: Goal, text: str) -> None:
    assert str(goal) == text


@pytest.mark.parametrize(
    ("goal", "pod", "reason"),
    [
        pytest.param(ON_NEW, POD, None, id="right"),
        pytest.param(ON_NEW, OLD_POD, "is on 1-30 (1.30.4)", id="revision"),
        pytest.param(
            Goal(wanted=Wanted(version="1.31.0"), synced=False), OLD_POD, None, id="version"
        ),
        pytest.param(ON_NEW, replace(POD, phase="Pending"), "is pending", id="pending"),
        pytest.param(
            Goal(wanted=Wanted(revision="1-31"), synced=False),
            replace(POD, phase="Pending"),
            None,
            id="pending, which does not matter",
        ),
    ],
)
def test_what_a_pod_itself_forbids(goal: Goal, pod: Pod, reason: str | None) -> None:
    assert goal.forbids(pod) == reason


def params(**changes: Any) -> dict[str, Any]:
    given = {"wait": True, "wait_condition": None, "wait_timeout": 300, "revision": None}
    return {**given, **changes}


def condition(**changes: Any) -> dict[str, Any]:
    return {"revision": None, "version": None, "synced": True, **changes}


@pytest.mark.parametrize(
    ("given", "goal"),
    [
        pytest.param(params(wait=False), None, id="no wait"),
        pytest.param(params(), Goal(wanted=Wanted(), synced=True), id="synced by default"),
        pytest.param(
            params(wait_condition=condition(revision="prod", synced=False)),
            Goal(wanted=Wanted(revision="1-31"), synced=False),
            id="the revision behind a tag",
        ),
        pytest.param(
            params(wait_condition=condition(version="1.31.0"), revision="1-30", wait_timeout=1),
            Goal(wanted=Wanted(version="1.31.0"), synced=True),
            id="a version, of the proxies of a revision",
        ),
    ],
)
def test_a_goal_from_options(given: dict[str, Any], goal: Goal | None) -> None:
    assert Goal.from_params(given, INJECTORS) == goal


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param(
            params(wait=False, wait_condition=condition()), "given without wait", id="no wait"
        ),
        pytest.param(params(wait_timeout=0), "wait_timeout: got 0", id="no time"),
        pytest.param(
            params(wait_condition=condition(synced=False)), "asks for nothing", id="nothing"
        ),
        pytest.param(
            params(wait_condition=condition(revision="1-31"), revision="1-30"),
            "given beside revision",
            id="two revisions",
        ),
        pytest.param(
            params(wait_condition=condition(revision="1-29")),
            "wait_condition.revision: got '1-29'",
            id="unknown revision",
        ),
        pytest.param(
            params(wait_condition=condition(version="1.31")),
            "wait_condition.version: got '1.31'",
            id="half a version",
        ),
    ],
)
def test_refuses_what_cannot_be_waited_for(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        Goal.from_params(given, INJECTORS)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("state", "looks"),
    [
        pytest.param(State.SYNCED, 1, id="synced"),
        pytest.param(State.STALE, 2, id="stale"),
        pytest.param(State.NOT_CONNECTED, 2, id="not connected"),
        pytest.param(State.REJECTED, 1, id="rejected"),
        pytest.param(State.PENDING, 1, id="pending"),
    ],
)
def test_looks_twice_where_a_state_may_pass(state: State, looks: int) -> None:
    script = Script([look(NEW, NEW._replace(state=state)), look(NEW)])
    found = look_twice(cast(Reader, script), pause=0)
    assert script.did == ["look"] * looks
    assert len(found.proxies) == 3 - looks
