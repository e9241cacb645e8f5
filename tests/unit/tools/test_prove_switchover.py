# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the proofs of a switchover read from HAProxy and the journals, and when they object."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox import haproxy
from sandbox.build import Artifacts
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from tools.prove import dns_clients, front, switchover_dns
from tools.prove.dns_clients import Crowd, Visit
from tools.prove.front import Reading, Server, Watch
from tools.prove.switchover import Guard, measured_shares

A, B = (Cluster(name, Artifacts(entries={})) for name in ("a", "b"))
# As HAProxy 2.6 writes it, without most of its columns.
STAT = """# pxname,svname,scur,stot,status,weight,
front,FRONTEND,3,900,OPEN,,
clusters,a,2,300,UP,75,
clusters,b,1,100,DOWN 1/2,25,
clusters,BACKEND,3,400,UP,100,
"""
TIME = 1_795_000_000.0


def reading(at: float, weights: tuple[int, int], requests: tuple[int, int] = (0, 0)) -> Reading:
    servers = {
        name: Server(weight=weight, requests=count, sessions=0, status="UP")
        for name, weight, count in zip("ab", weights, requests, strict=True)
    }
    return Reading(at=at, servers=servers)


def test_reads_the_servers_of_the_backend_alone() -> None:
    found = front.parse(STAT, 7)
    assert found.servers == {
        "a": Server(weight=75, requests=300, sessions=2, status="UP"),
        "b": Server(weight=25, requests=100, sessions=1, status="DOWN 1/2"),
    }
    assert (found.at, found.share("b")) == (7, 25)


@pytest.mark.parametrize(
    ("status", "is_well"),
    [("UP", True), ("UP 1/2", True), ("no check", True), ("DOWN", False), ("MAINT", False)],
)
def test_who_is_well(status: str, is_well: bool) -> None:
    assert Server(weight=1, requests=0, sessions=0, status=status).is_well == is_well


def test_there_is_no_share_where_nobody_has_a_weight() -> None:
    assert reading(0, (0, 0)).share("b") is None


def test_a_step_is_counted_from_its_first_reading_to_its_last() -> None:
    """What was sent between two readings of different shares belongs to neither."""
    readings = [
        reading(0, (100, 0), (0, 0)),
        reading(1, (100, 0), (50, 0)),
        reading(2, (50, 50), (90, 10)),
        reading(4, (50, 50), (130, 70)),
        # Nothing is counted by one reading.
        reading(5, (0, 0), (131, 71)),
        reading(6, (0, 100), (132, 80)),
        reading(7, (0, 100), (132, 80)),
    ]
    found = list(front.steps(readings, "b"))
    assert [(each.share, each.requests, each.to_target) for each in found] == [
        (0, 50, 0),
        (50, 100, 60),
        (100, 0, 0),
    ]
    assert [each.real for each in found] == [0, 60, None]
    assert [(each.since, each.seconds) for each in found] == [(0, 1), (2, 2), (6, 1)]


def test_the_share_of_a_moment_is_what_was_read_before() -> None:
    readings = [reading(10, (100, 0)), reading(20, (50, 50))]
    shares = [front.share_at(readings, moment, "b") for moment in (5, 15, 20, 30)]
    assert shares == [0, 0, 50, 50]


def test_the_table_has_what_was_set_beside_what_came() -> None:
    readings = [reading(0, (75, 25), (0, 0)), reading(2, (75, 25), (290, 110))]
    lines = front.table(list(front.steps(readings, "b")), {25: 26.8}).splitlines()
    assert lines[1].split() == ["25", "%", "2", "400", "110", "27.50", "%", "26.80", "%"]
    assert len({len(line) for line in lines}) == 1


def test_the_weights_that_a_reload_would_bring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "haproxy.cfg"
    config.write_text(haproxy.configuration((A, B), checks=False))
    monkeypatch.setattr(haproxy, "CONFIG", config)
    assert front.kept() == {"a": 100, "b": 0}


def counted(ask: Callable[[int], Reading]) -> Callable[[], Reading]:
    numbers = itertools.count()
    return lambda: ask(next(numbers))


def test_a_watch_waits_for_what_comes() -> None:
    seen: list[float] = []
    ask = counted(lambda number: reading(number, (100 - number, number)))
    with Watch(ask=ask, pause=0.001, look=lambda each: seen.append(each.at)) as watch:
        found = watch.until(lambda each: each.share("b") == 3, timeout=10)
        assert found.at == 3
    assert [each.at for each in watch.readings] == seen
    assert seen[:4] == [0, 1, 2, 3]


def test_a_watch_that_could_not_read_proves_nothing() -> None:
    broken = threading.Event()

    def ask(number: int) -> Reading:
        if number:
            broken.set()
            raise SandboxError("HAProxy does not answer", "start it")
        return reading(0, (100, 0))

    with (
        pytest.raises(SandboxError, match="does not answer"),
        Watch(ask=counted(ask), pause=0.001),
    ):
        assert broken.wait(10)


def test_a_watch_does_not_wait_for_ever() -> None:
    ask = counted(lambda number: reading(number, (100, 0)))
    with (
        Watch(ask=ask, pause=0.001) as watch,
        pytest.raises(SandboxError, match="did not come to what was waited for"),
    ):
        watch.until(lambda each: each.share("b") == 100, timeout=0.02)


def record(*phases: str, at: float = TIME) -> dict[str, Any]:
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"history": [{"phase": phase, "time": moment} for phase in phases]}


@pytest.mark.parametrize(
    ("weights", "journals", "objects"),
    [
        pytest.param((100, 0), {"a": {}, "b": {}}, False, id="no weight, nothing on record"),
        pytest.param(
            (99, 1), {"a": record("opened", "tried"), "b": record("tried")}, False, id="tried"
        ),
        pytest.param((99, 1), {"a": record("compared"), "b": {}}, True, id="not tried"),
        pytest.param((99, 1), {"a": record("tried"), "b": record("opened")}, True, id="one lacks"),
        pytest.param(
            (99, 1),
            {"a": record("tried", at=TIME + 9), "b": record("tried", at=TIME + 9)},
            True,
            id="tried afterwards",
        ),
    ],
)
def test_a_weight_needs_a_trial_on_record(
    weights: tuple[int, int], journals: Mapping[str, Any], objects: bool
) -> None:
    guard = Guard(source=A, target=B, read=lambda cluster: journals[cluster.name])
    guard.look(reading(TIME + 0.3, weights))
    assert bool(guard.unproven) == objects


def test_what_is_proven_is_asked_no_more() -> None:
    asked: list[str] = []

    def read(cluster: Cluster) -> Mapping[str, Any]:
        asked.append(cluster.name)
        return record("tried")

    guard = Guard(source=A, target=B, read=read)
    for second in range(3):
        guard.look(reading(TIME + second, (50, 50)))
    assert (asked, guard.unproven) == (["a", "b"], [])


def test_what_the_role_has_measured_is_in_the_facts_of_its_steps() -> None:
    facts = {
        "baseline": {},
        "wave_1": {"share": 1, "real_share": 1.2, "requests": 4000},
        "wave_2": {"share": 100, "real_share": None, "requests": 0},
    }
    assert measured_shares({"facts": facts}) == {1: 1.2, 100: None}
    assert measured_shares({}) == {}


def crowds(**last: float) -> dict[str, Crowd]:
    """Each with a visit to the source at a second after the switch, and one elsewhere later."""
    return {
        name: Crowd(
            visits=[
                Visit(at=TIME + second, address="198.18.1.2"),
                Visit(at=TIME + second + 100, address="198.18.2.2"),
            ]
        )
        for name, second in last.items()
    }


@pytest.mark.parametrize(
    ("last", "drained", "fine"),
    [
        pytest.param({"obeying": 5.5, "ignoring": 61}, 75, True, id="as it has to be"),
        pytest.param({"obeying": 5.5, "ignoring": 61}, 50, False, id="called drained too early"),
        pytest.param({"obeying": 9, "ignoring": 61}, 75, False, id="longer than it lives"),
        pytest.param({"obeying": 5.5, "ignoring": 4}, 75, False, id="nobody ignored it"),
        pytest.param({"obeying": 5.5, "ignoring": 61}, None, False, id="never called drained"),
    ],
)
def test_who_is_there_is_not_called_gone(
    last: dict[str, float], drained: float | None, fine: bool
) -> None:
    found = switchover_dns.figures(
        crowds(**last),
        source="198.18.1.2",
        switched=TIME,
        drained=None if drained is None else TIME + drained,
    )
    assert found["last_moved_after"] == last
    assert switchover_dns.holds({"code": 0, "ttl": 5, **found}) == fine


def test_a_failed_request_is_no_success() -> None:
    found = crowds(obeying=5, ignoring=61)
    found["obeying"].visits.append(Visit(at=TIME, address="198.18.1.2", error="status 503"))
    told = switchover_dns.figures(found, source="198.18.1.2", switched=TIME, drained=TIME + 70)
    assert told["failed"] == ["status 503"]
    assert not switchover_dns.holds({"code": 0, "ttl": 5, **told})


def test_a_client_that_gets_no_answer_from_its_resolver_tells_of_it() -> None:
    def lookup() -> list[str]:
        raise OSError("no resolver")

    assert "no resolver" in dns_clients.visit(lookup).error
