# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _run_id
from ansible_collections.meshwright.istio.plugins.modules import upgrade_journal
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module

UPGRADE = {"action": "open", "source": "1-28", "target": "1-29"}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Stands in for `datetime` where the module asks for the time."""

    moment = NOON

    @classmethod
    def now(cls, _zone: object) -> datetime:
        return cls.moment


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(Clock, "moment", NOON)
    monkeypatch.setattr(upgrade_journal, "datetime", Clock)
    return Clock


def run(
    api: FakeApi, action: str, *, check: bool = False, run_id: str = "job-1", **arguments: Any
) -> dict[str, Any]:
    given = {"run_id": run_id, **arguments, "action": action}
    return run_module(upgrade_journal, api, given, check=check)


def opened(run_id: str = "job-1") -> FakeApi:
    api = FakeApi()
    assert run(api, **UPGRADE, run_id=run_id)["changed"] is True
    api.writes.clear()
    return api


def test_in_place_an_upgrade_leads_from_a_version_to_a_version() -> None:
    api = FakeApi()
    given = {"path": "in_place", "source": "1.30.4", "target": "1.31.0"}
    assert run(api, "open", **given)["changed"] is True
    journal = run(api, "advance", phase="control_plane_safe")["journal"]
    assert (journal["path"], journal["source"], journal["target"]) == tuple(given.values())
    assert journal["phase"] == "control_plane_safe"
    other = run(api, "open", source="1-30", target="1-31")
    assert "unfinished: in_place from 1.30.4 to 1.31.0" in other["msg"]


def test_open_then_the_same_again_writes_nothing() -> None:
    api = FakeApi()
    first = run(api, **UPGRADE, facts={"before": {"shop": "1-28"}})
    assert (first["changed"], first["resumed"]) == (True, False)
    assert first["journal"]["facts"] == {"before": {"shop": "1-28"}}
    assert first["lock"]["holder"] == "job-1"
    assert len(api.writes) == 2
    second = run(api, **UPGRADE, facts={"before": {"shop": "1-29"}})
    assert (second["changed"], second["resumed"], len(api.writes)) == (False, True, 2)
    assert second["journal"] == first["journal"]


def test_check_mode_says_the_same_and_writes_nothing() -> None:
    api = FakeApi()
    predicted = run(api, **UPGRADE, check=True)
    assert api.writes == []
    assert run(api, **UPGRADE) == predicted


def test_second_run_is_refused_and_told_who_and_since_when() -> None:
    api = opened()
    result = run(api, **UPGRADE, run_id="job-2")
    assert result["rc"] == 1
    assert result["msg"].startswith("Another run works on this upgrade: job-1 on host ")
    assert "since 2026-03-01T12:00:00Z" in result["msg"]
    assert result["lock"]["holder"] == "job-1"
    assert api.writes == []


def test_lock_of_a_dead_run_is_taken_over_when_it_expires(clock: type[Clock]) -> None:
    api = opened()
    clock.moment = NOON + timedelta(hours=1)
    result = run(api, **UPGRADE, run_id="job-2")
    assert (result["taken_over_from"], result["resumed"]) == ("job-1", True)
    assert result["journal"]["history"][-1]["note"] == "Another run goes on."
    late = run(api, "advance", phase="revision_installed")
    assert "job-1, does not hold the lock of the upgrade: job-2 has it" in late["msg"]


def test_lock_of_a_run_that_has_ended_here_is_taken_over_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api = opened(run_id=_run_id.identify(1))
    monkeypatch.setattr(_run_id, "_started", lambda *_arguments: None)
    assert run(api, **UPGRADE, run_id="job-2")["changed"] is True


def test_lock_of_a_run_that_goes_on_here_is_not_taken_over_when_it_expires(
    clock: type[Clock],
) -> None:
    api = opened(run_id=_run_id.identify(os.getpid()))
    clock.moment = NOON + timedelta(hours=9)
    result = run(api, **UPGRADE, run_id="job-2")
    assert result["rc"] == 1
    assert "has ended at 2026-03-01T13:00:00Z, but its process goes on here" in result["msg"]
    assert api.writes == []


def test_lock_is_taken_over_by_name() -> None:
    api = opened()
    assert run(api, **UPGRADE, run_id="job-2", take_over_from="job-0")["rc"] == 1
    assert run(api, **UPGRADE, run_id="job-2", take_over_from="job-1")["taken_over_from"] == "job-1"


def test_advance_and_renewal(clock: type[Clock]) -> None:
    api = opened()
    first = run(api, "advance", phase="wave_moved", wave=1, facts={"wave_1": ["shop"]})
    assert (first["changed"], first["journal"]["wave"]) == (True, 1)
    assert api.writes == [("replace", "ConfigMap", "meshwright-upgrade")]
    again = run(api, "advance", phase="wave_moved", wave=1)
    assert (again["changed"], len(api.writes)) == (False, 1)
    clock.moment = NOON + timedelta(minutes=50)
    later = run(api, "advance", phase="wave_moved", wave=1)
    assert (later["changed"], later["lock"]["expires"]) == (False, "2026-03-01T13:50:00Z")
    assert api.writes[1:] == [("replace", "Lease", "meshwright-upgrade")]


def test_renewal_alone_changes_nothing_but_the_end_of_the_lock(clock: type[Clock]) -> None:
    api = opened()
    clock.moment = NOON + timedelta(minutes=1)
    renewed = run(api, "renew")
    assert (renewed["changed"], renewed["lock"]["expires"]) == (False, "2026-03-01T13:01:00Z")
    assert api.writes == [("replace", "Lease", "meshwright-upgrade")]
    clock.moment = NOON + timedelta(hours=9)
    assert run(api, **UPGRADE, run_id="job-2")["taken_over_from"] == "job-1"
    assert "job-2 has it" in run(api, "renew")["msg"]


def test_pause_gives_the_lock_back_and_leaves_the_upgrade_unfinished() -> None:
    api = opened()
    paused = run(api, "pause", note="Waits for approval.")
    assert (paused["changed"], paused["lock"]["holder"]) == (True, None)
    assert paused["journal"]["history"][-1]["note"] == "Waits for approval."
    assert run(api, "pause", note="Waits for approval.")["changed"] is False
    resumed = run(api, **UPGRADE, run_id="job-2")
    assert (resumed["resumed"], resumed["taken_over_from"]) == (True, None)
    assert run(api, "pause")["rc"] == 1


def test_pause_keeps_the_record_of_a_closed_upgrade() -> None:
    api = opened()
    run(api, "close")
    run(api, **UPGRADE, again=True)
    api.remove(_kinds.CONFIG_MAP, "meshwright-upgrade", "istio-system")
    assert run(api, "pause")["journal"] is None


def test_close_ends_it_and_the_same_upgrade_stays_closed() -> None:
    api = opened()
    closed = run(api, "close")
    assert (closed["journal"]["phase"], closed["lock"]["holder"]) == ("done", None)
    api.writes.clear()
    for result in (run(api, "close"), run(api, **UPGRADE), run(api, "read")):
        assert (result["rc"], result["changed"]) == (0, False)
    assert api.writes == []
    assert run(api, **UPGRADE, again=True)["journal"]["phase"] == "opened"


def test_close_is_refused_while_another_run_holds_the_lock() -> None:
    api = opened()
    assert run(api, "close", run_id="job-2", phase="abandoned")["rc"] == 1
    run(api, "pause")
    assert run(api, "close", run_id="job-2", phase="abandoned")["changed"] is True


def test_another_unfinished_upgrade_is_refused_with_the_remedy() -> None:
    api = opened()
    result = run(api, "open", source="1-28", target="prod")
    assert "canary from 1-28 to 1-29" in result["msg"]
    assert "action=close and phase=abandoned" in result["msg"]
    assert api.writes == []


def test_read_of_an_empty_cluster() -> None:
    result = run(FakeApi(), "read")
    assert (result["changed"], result["journal"], result["lock"]["holder"]) == (False, None, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"action": "open"}, "missing: source, target", id="open what"),
        pytest.param({"action": "advance"}, "missing: phase", id="advance where"),
        pytest.param(
            {**UPGRADE, "target": "1.29"}, "target: got '1.29'; right is", id="not a revision"
        ),
        pytest.param(
            {**UPGRADE, "path": "in_place"}, "source: got '1-28'; right is a whole", id="no version"
        ),
        pytest.param(
            {**UPGRADE, "target": "1-28"}, "target: got '1-28', which is the source", id="nowhere"
        ),
        pytest.param(
            {**UPGRADE, "phase": "verified"},
            "phase: got 'verified' with action=open; right is no phase.",
            id="open in a phase",
        ),
        pytest.param(
            {"action": "advance", "phase": "done"},
            "phase: got 'done' with action=advance; right is one of revision_installed,",
            id="advance to the end",
        ),
        pytest.param(
            {"action": "close", "phase": "verified"},
            "right is one of done, rolled_back, abandoned.",
            id="close in the middle",
        ),
        pytest.param(
            {"action": "advance", "phase": "wave_moved"}, "wave: got none with", id="which wave"
        ),
        pytest.param(
            {**UPGRADE, "lease_seconds": 5}, "lease_seconds: got 5; right is 15 to", id="too short"
        ),
        pytest.param({"action": "close"}, "No upgrade is on record", id="close what"),
    ],
)
def test_refuses_before_any_write(arguments: dict[str, Any], message: str) -> None:
    api = FakeApi()
    result = run(api, **arguments)
    assert result["rc"] == 1
    assert message in result["msg"]
    assert api.writes == []


def test_run_has_a_name_without_being_given_one() -> None:
    result = run_module(upgrade_journal, FakeApi(), UPGRADE)
    assert result["lock"]["holder"]
