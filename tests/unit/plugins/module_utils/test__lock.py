# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._lock import (
    Claim,
    Lock,
    give_back,
    keep,
    renew,
    take,
)

NOON = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
HELD = Lock(
    holder="first",
    host="alpha",
    since=NOON,
    renewed=NOON,
    seconds=600,
    transitions=4,
    version="77",
)


def claim(run_id: str, take_over_from: str | None = None) -> Claim:
    return Claim(run_id=run_id, host="beta", seconds=600, take_over_from=take_over_from)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def nobody_knows(_run_id: str) -> None:
    return None


@pytest.mark.parametrize(
    "lock",
    [
        pytest.param(HELD, id="held"),
        pytest.param(give_back(HELD), id="given back"),
        pytest.param(replace(HELD, host=None), id="without a host"),
    ],
)
def test_lock_survives_the_way_through_a_lease(lock: Lock) -> None:
    item = lock.to_object("istio-system", "x")
    assert item["metadata"]["resourceVersion"] == "77"
    read = Lock.from_object(item)
    assert replace(read, seconds=lock.seconds) == lock


def test_lock_without_a_lease_is_nobodys() -> None:
    assert Lock.from_object(None) == Lock()
    assert "resourceVersion" not in Lock().to_object("n", "x")["metadata"]


def test_summary() -> None:
    assert HELD.summary() == {
        "holder": "first",
        "host": "alpha",
        "since": "2026-03-01T12:00:00Z",
        "renewed": "2026-03-01T12:00:00Z",
        "expires": "2026-03-01T12:10:00Z",
    }
    assert set(Lock().summary().values()) == {None}


@pytest.mark.parametrize(
    ("lock", "seconds", "alive", "over"),
    [
        pytest.param(Lock(), 0, None, None, id="nobody's"),
        pytest.param(HELD, 600, None, None, id="expired this moment"),
        pytest.param(HELD, 1, False, None, id="holder has ended"),
        pytest.param(HELD, 1, None, "first", id="taken over by name"),
        pytest.param(HELD, 9999, True, "first", id="taken over by name from one that goes on"),
    ],
)
def test_take(lock: Lock, seconds: int, alive: bool | None, over: str | None) -> None:
    now = after(seconds)
    taken = take(lock, claim("second", over), now, lambda _run_id: alive)
    assert (taken.holder, taken.host, taken.since, taken.renewed) == ("second", "beta", now, now)
    assert (taken.transitions, taken.version) == (lock.transitions + 1, lock.version)


@pytest.mark.parametrize("over", [None, "third"], ids=["no other named", "another named"])
def test_take_is_refused_while_another_run_holds_it(over: str | None) -> None:
    with pytest.raises(RefusedError) as raised:
        take(HELD, claim("second", over), after(599), nobody_knows)
    assert raised.value.message.startswith(
        "Another run works on this upgrade: first on host alpha, since 2026-03-01T12:00:00Z; its"
        " lock ends at 2026-03-01T12:10:00Z"
    )
    assert raised.value.details["lock"]["holder"] == "first"


@pytest.mark.parametrize(
    ("seconds", "end"),
    [
        (599, "ends at 2026-03-01T12:10:00Z unless it is renewed. Wait for it."),
        (
            9999,
            "has ended at 2026-03-01T12:10:00Z, but its process goes on here. Wait for it, or end",
        ),
    ],
    ids=["in time", "expired"],
)
def test_take_is_refused_while_its_holder_is_seen_to_go_on(seconds: int, end: str) -> None:
    with pytest.raises(RefusedError) as raised:
        take(HELD, claim("second"), after(seconds), lambda _run_id: True)
    assert f"first on host alpha, since 2026-03-01T12:00:00Z; its lock {end}" in str(raised.value)
    assert "set take_over_from to its name." in str(raised.value)


def test_renewal_gives_it_all_of_its_time() -> None:
    assert renew(HELD, claim("first"), after(1)).expires == after(601)
    with pytest.raises(RefusedError, match="first has it since"):
        renew(HELD, claim("second"), after(9999))


@pytest.mark.parametrize("function", [keep, take], ids=["keep", "take"])
@pytest.mark.parametrize(
    ("seconds", "renewed"),
    [(199, False), (200, True), (5000, True)],
    ids=["fresh", "a third has passed", "expired, but nobody took it"],
)
def test_holder_renews(function: type, seconds: int, renewed: bool) -> None:
    kept = function(HELD, claim("first"), after(seconds))
    assert kept == (replace(HELD, renewed=after(seconds)) if renewed else HELD)


def test_another_length_is_written_at_once() -> None:
    longer = replace(claim("first"), seconds=7200)
    assert keep(HELD, longer, after(1)).expires == after(7201)


@pytest.mark.parametrize(
    ("lock", "found"),
    [(HELD, "first has it since 2026-03-01T12:00:00Z"), (Lock(), "nobody has it")],
    ids=["another's", "nobody's"],
)
def test_keep_is_refused_without_the_lock(lock: Lock, found: str) -> None:
    with pytest.raises(
        RefusedError, match=f"second, does not hold the lock of the upgrade: {found}"
    ):
        keep(lock, claim("second"), after(9999))
