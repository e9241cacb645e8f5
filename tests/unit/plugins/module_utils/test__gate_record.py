# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _gate_record
from ansible_collections.meshwright.istio.plugins.module_utils._gate import (
    Check,
    Sample,
    Verdict,
    count,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gate_record import Record

START = datetime(2026, 2, 3, 23, 59, 50, tzinfo=UTC)
CHECKS = tuple(Check(name=name, kind="query", object=f"sum({name})") for name in "abc")


def sample(check: str, ok: bool | None, round_number: int = 0) -> Sample:
    return Sample(
        time=START + timedelta(seconds=10 * round_number),
        check=check,
        object=f"sum({check})",
        text=f"round {round_number}",
        value=None if ok is None else float(round_number),
        ok=ok,
    )


def record(*rounds: str, failure_limit: int = 0, planned: int = 10) -> Record:
    """Each round is what became of the checks a, b and c: + good, - bad, ? not measured."""
    made = Record(CHECKS, rounds=planned, failure_limit=failure_limit)
    meaning = {"+": True, "-": False, "?": None}
    for number, outcomes in enumerate(rounds):
        made.add(
            [sample(name, meaning[o], number) for name, o in zip("abc", outcomes, strict=True)]
        )
    return made


@pytest.mark.parametrize(
    ("rounds", "limit", "over"),
    [
        pytest.param(["+++", "+++"], 0, "", id="all good"),
        pytest.param(["+-+"], 0, "b", id="one bad"),
        pytest.param(["+-+", "+++"], 1, "", id="as many as allowed"),
        pytest.param(["+-+", "+++", "+-+"], 1, "b", id="one more, though not in a row"),
        pytest.param(["-++", "+-+", "++-"], 1, "", id="one of each check"),
        pytest.param(["+?+"], 0, "b", id="one that was not measured"),
        pytest.param(["+-+", "+?+"], 1, "b", id="bad and not measured count together"),
        pytest.param(["?-?"], 0, "bac", id="what was measured comes first"),
    ],
)
def test_bad_samples_of_a_check_are_counted(rounds: list[str], limit: int, over: str) -> None:
    made = record(*rounds, failure_limit=limit)
    assert [each.check for each in made.over_limit()] == list(over)


@pytest.mark.parametrize(
    ("rounds", "settled"),
    [
        pytest.param(["---", "+++"], True, id="all good now"),
        pytest.param(["+++", "++-"], False, id="one bad now"),
        pytest.param(["+++", "+?+"], False, id="one not measured now"),
    ],
)
def test_it_is_settled_when_the_latest_are_good(rounds: list[str], settled: bool) -> None:
    assert record(*rounds, failure_limit=9).settled is settled


def test_report_tells_what_decided_and_what_was_first() -> None:
    made = record("+?+", "-++", "+-+", failure_limit=1)
    [decisive] = made.over_limit()
    report = made.report(decisive, 20.04)
    assert report["verdict"] == "failed"
    assert (report["check"], report["object"], report["reason"]) == ("b", "sum(b)", "round 2")
    assert report["held_seconds"] == 20.0
    assert report["first_failure"] == {
        "time": "2026-02-03T23:59:50Z",
        "check": "b",
        "object": "sum(b)",
        "text": "round 0",
        "value": None,
        "ok": None,
    }
    assert [(each["name"], each["samples"], each["bad"]) for each in report["checks"]] == [
        ("a", 3, 1),
        ("b", 3, 2),
        ("c", 3, 0),
    ]
    assert len(report["samples"]) == 9
    assert report["samples"][-1]["time"] == "2026-02-04T00:00:10Z"


def test_report_of_a_gate_that_passed_blames_nobody() -> None:
    report = record("+++").report(None, 0.0)
    assert report["verdict"] == "passed"
    blame = ("check", "object", "reason", "first_failure")
    assert [report[key] for key in blame] == [None] * 4


def test_samples_stay_few_and_the_bad_ones_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gate_record, "KEPT", 12)
    rounds = ["+++"] * 20
    rounds[7] = "+-+"
    made = record(*rounds, failure_limit=1, planned=20)
    kept = [(each["check"], each["text"]) for each in made.report(None, 0.0)["samples"]]
    assert [text for check, text in kept if check == "a"] == [
        *(f"round {number}" for number in (0, 5, 10, 15)),
        "round 19",
    ]
    assert ("b", "round 7") in kept
    assert len(kept) == 16


def test_latest_samples_are_told() -> None:
    made = record("+++", "+-?")
    assert [each.check for each in made.latest(Verdict.FAILED)] == ["b"]
    assert [each.check for each in made.latest(Verdict.UNMEASURED)] == ["c"]
    assert str(made) == "a 1, b 1, c unmeasured"
    assert made.values() == {"a": 1, "b": 1}


def test_count_names_the_first_and_doubts_that_there_are_any() -> None:
    check = CHECKS[0]
    none = count(check, START, [], 0, "pods in a crash loop")
    assert (none.ok, none.value, none.text) == (True, 0, "0 of 0 pods in a crash loop")
    assert none.doubt == "a: there are no pods to look at."
    many = count(check, START, [(f"n/{i}", "is bad") for i in range(7)], 9, "pods in a crash loop")
    assert (many.ok, many.value, many.object, many.doubt) == (False, 7, "n/0", "")
    assert many.text.startswith("7 of 9 pods in a crash loop: n/0 is bad; n/1 is bad;")
    assert many.text.endswith("n/4 is bad; and 2 more")
