# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import Sample
from ansible_collections.meshwright.istio.plugins.module_utils._prometheus import UnmeasuredError
from ansible_collections.meshwright.istio.plugins.module_utils._query import (
    OPTIONS,
    Limits,
    Query,
    QuerySource,
)

NOW = datetime(2026, 2, 3, tzinfo=UTC)


def query(**given: Any) -> Query:
    defaults = {name: option.get("default") for name, option in OPTIONS.items()}
    return Query.from_params({**defaults, "name": "errors", "query": "sum(e)", **given})


def complaint(value: float, baseline: Mapping[str, float] | None = None, **given: Any) -> str:
    return query(**given).limits(baseline or {}).complaint(value)


@pytest.mark.parametrize(
    ("value", "given", "baseline", "said"),
    [
        pytest.param(2, {"max": 2}, {}, "", id="as much as allowed"),
        pytest.param(2.5, {"max": 2}, {}, ", more than 2", id="more than allowed"),
        pytest.param(2, {"min": 2}, {}, "", id="as little as allowed"),
        pytest.param(1.5, {"min": 2}, {}, ", less than 2", id="less than allowed"),
        pytest.param(0, {"min": 0, "max": 0}, {}, "", id="exactly one value"),
        pytest.param(0.3, {"factor": 1.5}, {"errors": 0.2}, "", id="as much as the factor allows"),
        pytest.param(
            0.5,
            {"factor": 1.5},
            {"errors": 0.25},
            ", more than 0.375 (1.5 times the baseline 0.25)",
            id="more than the factor allows",
        ),
        pytest.param(
            1, {"factor": 9, "slack": 1}, {"errors": 0}, "", id="slack on a baseline of 0"
        ),
        pytest.param(
            1.1,
            {"factor": 9, "slack": 1},
            {"errors": 0},
            ", more than 1 (9 times the baseline 0 and 1)",
            id="more than slack on a baseline of 0",
        ),
        pytest.param(
            5,
            {"factor": 2, "max": 4},
            {"errors": 10},
            ", more than 4",
            id="max below what the factor allows",
        ),
        pytest.param(
            5,
            {"factor": 2, "max": 40},
            {"errors": 2},
            ", more than 4 (2 times the baseline 2)",
            id="max above what the factor allows",
        ),
        pytest.param(
            1000001, {"max": 1000000}, {}, ", more than 1000000", id="a number that is large"
        ),
    ],
)
def test_value_is_held_against_every_limit(
    value: float, given: dict[str, Any], baseline: dict[str, float], said: str
) -> None:
    assert complaint(value, baseline, **given) == said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({}, "queries[errors]: got no limit", id="no limit"),
        pytest.param(
            {"min": 3, "max": 2},
            "queries[errors].min: got 3, which is more than",
            id="min over max",
        ),
        pytest.param({"max": float("nan")}, "queries[errors].max: got nan", id="NaN"),
        pytest.param({"min": float("-inf")}, "queries[errors].min: got -inf", id="infinity"),
        pytest.param({"factor": float("inf")}, "[errors].factor: got inf", id="infinite factor"),
        pytest.param({"factor": 2, "slack": float("nan")}, "slack: got nan", id="NaN as slack"),
        pytest.param({"factor": 0}, "queries[errors].factor: got 0; right is more", id="factor 0"),
        pytest.param({"factor": -1}, "queries[errors].factor: got -1", id="negative factor"),
        pytest.param({"factor": 2, "slack": -1}, "slack: got -1; right is 0", id="negative slack"),
        pytest.param(
            {"max": 2, "slack": 1}, "slack: got 1; right is 0 or more, beside", id="alone"
        ),
    ],
)
def test_limits_that_make_no_sense_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInputError) as caught:
        query(**given)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("given", "baseline", "message"),
    [
        pytest.param({}, {}, "baseline has no 'errors'", id="no baseline"),
        pytest.param({}, {"other": 1}, "baseline has no 'errors'", id="that of another"),
        pytest.param({}, {"errors": -1}, "baseline[errors]: got -1", id="a negative one"),
        pytest.param(
            {"min": 5},
            {"errors": 2},
            "min: got 5, which is more than the most allowed, 4 (2 times the baseline 2)",
            id="one that min contradicts",
        ),
    ],
)
def test_factor_needs_a_baseline_to_multiply(
    given: dict[str, Any], baseline: dict[str, float], message: str
) -> None:
    with pytest.raises(BadInputError) as caught:
        query(factor=2, **given).limits(baseline)
    assert message in caught.value.message


def test_baseline_may_be_negative_where_nothing_multiplies_it() -> None:
    assert query(factor=1).baseline_limits().complaint(-1) == ", less than 0"
    assert query(max=1).baseline_limits() == Limits()


class Answers:
    """A Prometheus that gives one answer."""

    def __init__(self, answer: float | str | None) -> None:
        self.answer = answer

    def value(self, promql: str) -> float | None:
        assert promql == "sum(e)"
        if isinstance(self.answer, str):
            raise UnmeasuredError(self.answer)
        return self.answer


def look(answer: float | str | None, **given: Any) -> Sample:
    asked = query(max=2, **given)
    [sample] = QuerySource(asked, asked.limits({}), Answers(answer)).look(NOW)  # type: ignore[arg-type]
    assert (sample.time, sample.check, sample.object) == (NOW, "errors", "sum(e)")
    return sample


@pytest.mark.parametrize(
    ("answer", "given", "ok", "value", "text"),
    [
        pytest.param(1.5, {}, True, 1.5, "1.5", id="a good value"),
        pytest.param(3.0, {}, False, 3, "3, more than 2", id="a bad value"),
        pytest.param("it is away", {}, None, None, "it is away", id="no value"),
        pytest.param(
            None,
            {},
            None,
            None,
            "there is no data; with empty=zero that would count as 0",
            id="none",
        ),
        pytest.param(
            None, {"empty": "zero"}, True, 0, "no data, which counts as 0", id="none, which is 0"
        ),
        pytest.param(
            None,
            {"empty": "zero", "min": 1},
            False,
            0,
            "no data, which counts as 0, less than 1",
            id="none, which is too little",
        ),
    ],
)
def test_answer_becomes_a_sample(
    answer: float | str | None, given: Any, ok: bool | None, value: float | None, text: str
) -> None:
    sample = look(answer, **given)
    assert (sample.ok, sample.value, sample.text) == (ok, value, text)


def test_check_tells_the_limits() -> None:
    asked = query(min=1, factor=2)
    source = QuerySource(asked, asked.limits({"errors": 3}), Answers(1))  # type: ignore[arg-type]
    [check] = source.checks
    assert (check.kind, check.object, check.min, check.max) == ("query", "sum(e)", 1, 6)
