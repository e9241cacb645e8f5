# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _switchover_plan
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step
from ansible_collections.meshwright.istio.plugins.module_utils._switchover_plan import Plan
from ansible_collections.meshwright.istio.plugins.module_utils._switchover_request import (
    Plane,
    Seen,
    Side,
    Wish,
)

UPGRADE = Upgrade(path=Path.SWITCHOVER, source="rome", target="milan")
OLD = (Plane(revision="default", version="1.28.3"),)
NEW = (Plane(revision="stable", version="1.29.1"),)
STEPS = [10, 50, 100]
TRIED = Step(phase=Phase.TRIED)


def journal(step: Step = TRIED, upgrade: Upgrade = UPGRADE, **facts: Any) -> Journal:
    return Journal(
        upgrade=upgrade, step=step, reached=step, opened="2026-03-01T08:00:00Z", facts=facts
    )


def plan(share: float = 0, journal: Journal | None = None, **changes: Any) -> Plan:
    """The plan of a switchover to a target that has its Istio, with what is different."""
    wanted: dict[str, Any] = {
        "source_name": "rome",
        "target_name": "milan",
        "director": "dns",
        "steps": STEPS,
        "version": "",
        "revision": "stable",
        "holds": True,
        "reason": "",
        "writer": "",
        "object": "The record",
        **changes,
        "share": share,
    }
    source = Side(name="rome", planes=wanted.get("old", OLD), journal=journal)
    target = Side(name="milan", planes=wanted.get("new", NEW), journal=wanted.get("there"))
    seen, wish = Seen.from_params(wanted), Wish.from_params(wanted)
    return _switchover_plan.plan(wish, seen, source, target)


def left(made: Plan) -> list[int]:
    return [each.share for each in made.steps if not each.done]


@pytest.mark.parametrize(
    ("share", "facts", "expected"),
    [
        pytest.param(0, None, [10, 50, 100], id="fresh"),
        pytest.param(0, {}, [10, 50, 100], id="killed before the first share"),
        pytest.param(0, {"asked": 10, "before": 0}, [10, 50, 100], id="killed before it was set"),
        pytest.param(10, {"asked": 10, "before": 0}, [10, 50, 100], id="killed once it was set"),
        pytest.param(50, {"asked": 50, "before": 50}, [50, 100], id="the step in force again"),
        pytest.param(100, {"asked": 100, "before": 100}, [100], id="not drained yet"),
        pytest.param(30, {"asked": 30, "before": 30}, [30, 50, 100], id="other steps than before"),
        pytest.param(49.98, {"asked": 50, "before": 10}, [50, 100], id="made of whole weights"),
    ],
)
def test_it_goes_on_with_the_share_in_force(
    share: float, facts: dict[str, int] | None, expected: list[int]
) -> None:
    made = plan(share, None if facts is None else journal(share=facts))
    assert left(made) == expected
    assert made.needed


def test_nothing_is_left_once_the_target_has_all_of_it() -> None:
    closed = Journal(
        upgrade=UPGRADE,
        step=Step(phase=Phase.DONE),
        reached=Step(phase=Phase.VERIFIED),
        opened="t0",
        closed="t1",
    )
    made = plan(100, closed)
    assert not made.needed
    assert made.summary()["table"][-1] == "Nothing is left to do: milan has all requests."


def test_the_way_back_later_is_a_switchover_of_its_own() -> None:
    """With source and target exchanged, and a version that is older."""
    upgrade = Upgrade(path=Path.SWITCHOVER, source="milan", target="rome")
    closed = Journal(
        upgrade=upgrade,
        step=Step(phase=Phase.DONE),
        reached=Step(phase=Phase.VERIFIED),
        opened="t0",
        closed="t1",
    )
    made = plan(0, closed, there=closed, old=NEW, new=OLD)
    assert (left(made), made.begun, made.installs) == (STEPS, None, False)


OTHER = journal(upgrade=Upgrade(path=Path.CANARY, source="1-28", target="1-29"))
SHIFTED = {"share": {"asked": 50, "before": 10}}


@pytest.mark.parametrize(
    ("share", "found", "changes", "message"),
    [
        pytest.param(
            70,
            journal(**SHIFTED),
            {"writer": "eve"},
            r"The record gives milan 70 %, but this switchover has set 50 % or 10 % last: eve has"
            r" written it\. No weight was written",
            id="another writer",
        ),
        pytest.param(
            5,
            None,
            {},
            r"gives milan 5 %, but no switchover is under way: somebody else has written it",
            id="a share before it begins",
        ),
        pytest.param(
            0,
            None,
            {"holds": False, "reason": "ns2 says 5 %."},
            r"does not say the same everywhere: ns2 says 5 %\. No weight",
            id="not everywhere",
        ),
        pytest.param(
            0, OTHER, {}, r"unfinished in rome: canary from 1-28 to 1-29", id="another upgrade"
        ),
        pytest.param(
            0, None, {"there": OTHER}, r"unfinished in milan: canary", id="another one there"
        ),
        pytest.param(
            0,
            journal(Step(phase=Phase.ROLLING_BACK)),
            {},
            r"from rome to milan is on its way back",
            id="on its way back",
        ),
        pytest.param(0, None, {"old": ()}, r"source rome has no control plane", id="no source"),
        pytest.param(
            0,
            None,
            {"version": "1.30.0"},
            r"target milan has Istio 1\.29\.1 as stable, not 1\.30\.0",
            id="another version",
        ),
    ],
)
def test_it_is_refused(
    share: float, found: Journal | None, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(RefusedError, match=message):
        plan(share, found, **changes)


def test_a_share_of_a_stranger_is_told_apart() -> None:
    """Whoever handles the failure must not write a weight then."""
    with pytest.raises(RefusedError) as refused:
        plan(70, journal(**SHIFTED))
    assert refused.value.details["stranger"]
    with pytest.raises(RefusedError) as other:
        plan(0, OTHER)
    assert "stranger" not in other.value.details


def test_a_set_that_was_cut_off_may_differ_from_place_to_place() -> None:
    assert left(plan(10, journal(**SHIFTED), holds=False, reason="socket 2 says 50 %")) == [*STEPS]


@pytest.mark.parametrize(
    ("new", "version", "found", "expected"),
    [
        pytest.param((), "1.29.1", None, True, id="none there"),
        pytest.param(NEW, "1.29.1", None, False, id="there"),
        pytest.param(NEW, "", None, False, id="whatever is there"),
        pytest.param(NEW, "1.29.1", journal(installs=True), True, id="half installed"),
        pytest.param(NEW, "", journal(installs=False), False, id="was there before"),
    ],
)
def test_an_istio_is_installed(
    new: tuple[Plane, ...], version: str, found: Journal | None, *, expected: bool
) -> None:
    assert plan(0, found, new=new, version=version).installs is expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"new": ()}, r"^version: got nothing, but the target milan has no", id="none"),
        pytest.param({"version": "1.29"}, r"^version: got '1\.29'", id="version"),
        pytest.param({"target_name": "rome"}, r"^target_name: got 'rome'", id="the same"),
        pytest.param({"steps": []}, r"^steps: got \[\]; right are whole", id="no steps"),
        pytest.param({"steps": [0, 100]}, r"^steps: got \[0, 100\]", id="nothing is no step"),
        pytest.param({"steps": [50, 50, 100]}, r"^steps: got", id="not rising"),
        pytest.param({"steps": [5, 50]}, r"^steps: got", id="not all"),
        pytest.param({"steps": [5, 101]}, r"^steps: got", id="too many"),
    ],
)
def test_what_cannot_be_right_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        plan(0, None, **changes)


def test_what_is_needed_no_more_is_not_refused() -> None:
    """The old cluster may be gone once the new one has everything."""
    try:
        assert not plan(100, None, old=()).needed
    except MeshError as error:
        pytest.fail(error.message)


def test_record_and_table_say_what_is_planned() -> None:
    summary = plan(50, journal(**SHIFTED, installs=True), version="1.29.1").summary()
    assert summary["record"] == {
        "director": "dns",
        "installs": True,
        "sources": [
            {"revision": "rome", "version": "1.28.3"},
            {"revision": "milan", "version": "1.29.1"},
        ],
        "steps": STEPS,
        "waves": [{"name": f"{each} %", "namespaces": []} for each in STEPS],
    }
    assert summary["table"] == [
        "Switchover from rome to milan by dns.",
        "rome runs Istio 1.28.3 as default.",
        "milan gets Istio 1.29.1 as stable.",
        "The record: milan gets 50 % now.",
        "It was opened 2026-03-01T08:00:00Z and goes on after phase tried.",
        "Step 1: 10 %, which is passed",
        "Step 2: 50 %",
        "Step 3: 100 %",
    ]
    assert (summary["begun"], summary["known"]) == (True, [50, 10])
