# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _record
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal, Upgrade
from ansible_collections.meshwright.istio.plugins.module_utils._lock import Lock, give_back
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step
from ansible_collections.meshwright.istio.plugins.module_utils._record import Record
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OPENED = Step(phase=Phase.OPENED)
JOURNAL = Journal(
    upgrade=Upgrade(path=Path.CANARY, source="1-28", target="1-29"),
    step=OPENED,
    reached=OPENED,
    opened="t0",
)
LOCK = Lock(holder="one", host="alpha", since=NOON, renewed=NOON, seconds=600)
NOTE = JOURNAL.with_entry("t1", OPENED, "one", "Noted.")


def write(api: FakeApi, **values: Any) -> Record:
    _before, after = _record.change(
        api, "mesh", lambda record: replace(record, **values), dry=False
    )
    return after


def lock_now(api: FakeApi) -> Lock:
    return _record.read(api, "mesh").lock


def test_lock_is_written_before_the_journal_and_freed_after_it() -> None:
    api = FakeApi()
    write(api, journal=JOURNAL, lock=LOCK)
    write(api, journal=NOTE, lock=give_back(lock_now(api)))
    assert api.writes == [
        ("create", "Lease", "meshwright-upgrade"),
        ("create", "ConfigMap", "meshwright-upgrade"),
        ("replace", "ConfigMap", "meshwright-upgrade"),
        ("replace", "Lease", "meshwright-upgrade"),
    ]
    assert _record.read(api, "mesh").journal == NOTE


def test_nothing_is_written_when_nothing_changes_or_when_dry() -> None:
    api = FakeApi()
    _record.change(api, "mesh", lambda record: record, dry=False)
    _record.change(api, "mesh", lambda record: replace(record, journal=JOURNAL), dry=True)
    assert api.writes == []


def test_change_is_planned_anew_when_another_run_came_between() -> None:
    api = FakeApi()
    write(api, journal=JOURNAL)
    seen = []

    def plan(record: Record) -> Record:
        assert record.journal is not None
        seen.append(len(record.journal.history))
        if len(seen) == 1:
            _record.change(api, "mesh", lambda other: replace(other, journal=NOTE), dry=False)
        return replace(record, journal=record.journal.with_entry("t2", OPENED, "two", "Too."))

    _record.change(api, "mesh", plan, dry=False)
    assert seen == [0, 1]
    final = _record.read(api, "mesh").journal
    assert final is not None
    assert [entry.note for entry in final.history] == ["Noted.", "Too."]


def test_change_gives_up_when_somebody_always_comes_between() -> None:
    api = FakeApi()
    api.failures["create", "meshwright-upgrade"] = [ApiError("exists", status=409)] * 99
    with pytest.raises(RefusedError, match=r"mesh/meshwright-upgrade was changed by somebody else"):
        write(api, journal=JOURNAL)


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [(404, BadInputError, "istio_namespace: got 'mesh', which does not"), (403, ApiError, "no")],
    ids=["no such namespace", "no right to write"],
)
def test_refusal_of_the_api_server(status: int, error: type[Exception], message: str) -> None:
    api = FakeApi()
    api.failures["create", "meshwright-upgrade"] = [ApiError("no", status=status)]
    with pytest.raises(error, match=message):
        write(api, lock=LOCK)


@pytest.mark.parametrize(
    ("before", "after", "changed", "taken", "shown"),
    [
        pytest.param(Record(lock=LOCK), Record(lock=LOCK), False, None, 0, id="nothing"),
        pytest.param(
            Record(lock=LOCK),
            Record(lock=replace(LOCK, renewed=NOON)),
            False,
            None,
            0,
            id="renewed",
        ),
        pytest.param(
            Record(lock=LOCK), Record(lock=replace(LOCK, holder="two")), True, "one", 1, id="taken"
        ),
        pytest.param(Record(lock=LOCK), Record(lock=Lock()), True, None, 1, id="given back"),
        pytest.param(
            Record(lock=LOCK), Record(lock=LOCK, journal=JOURNAL), True, None, 1, id="opened"
        ),
        pytest.param(
            Record(lock=LOCK, journal=JOURNAL),
            Record(lock=LOCK, journal=NOTE),
            True,
            None,
            0,
            id="history is no diff",
        ),
    ],
)
def test_report(
    before: Record, after: Record, changed: bool, taken: str | None, shown: int
) -> None:
    result = _record.report("mesh", before, after)
    assert (result["changed"], result["taken_over_from"]) == (changed, taken)
    assert len(result["diff"]) == shown
    assert result["resumed"] is (before.journal is not None)


def test_report_of_a_closed_journal_says_that_nothing_was_resumed() -> None:
    record = Record(lock=Lock(), journal=replace(JOURNAL, closed="t1"))
    assert _record.report("mesh", record, record)["resumed"] is False


def test_read_knows_the_version_that_it_read() -> None:
    api = FakeApi()
    assert _record.read(api, "mesh") == Record(lock=Lock())
    write(api, journal=JOURNAL)
    item = api.get(_kinds.CONFIG_MAP, "meshwright-upgrade", "mesh")
    assert item is not None
    assert _record.read(api, "mesh").version == item["metadata"]["resourceVersion"]
