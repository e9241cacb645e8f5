# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A query of the gate: PromQL, and the values that it may have."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import (
    Check,
    Sample,
    number,
    unmeasured,
)
from ansible_collections.meshwright.istio.plugins.module_utils._prometheus import (
    Prometheus,
    UnmeasuredError,
)

KIND = "query"
OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "query": {"type": "str", "required": True},
    "max": {"type": "float"},
    "min": {"type": "float"},
    "factor": {"type": "float"},
    "slack": {"type": "float", "default": 0.0},
    "empty": {"choices": ["fail", "zero"], "default": "fail"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a value has to keep; `origin` says where `max` comes from."""

    min: float | None = None
    max: float | None = None
    origin: str = ""

    def complaint(self, value: float) -> str:
        """What is wrong with the value; empty where nothing is."""
        if self.max is not None and value > self.max:
            return f", more than {number(self.max)}{self.origin}"
        if self.min is not None and value < self.min:
            return f", less than {number(self.min)}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One entry of the option."""

    name: str
    promql: str
    min: float | None
    max: float | None
    factor: float | None
    slack: float
    empty_is_zero: bool

    @property
    def option(self) -> str:
        return f"queries[{self.name}]"

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Query:
        """Read the option."""
        query = cls(
            name=params["name"],
            promql=params["query"],
            min=params["min"],
            max=params["max"],
            factor=params["factor"],
            slack=params["slack"],
            empty_is_zero=params["empty"] == "zero",
        )
        query.check()
        return query

    def check(self) -> None:
        """Refuse limits that limit nothing, or that nothing can keep."""
        numbers = {"min": self.min, "max": self.max, "factor": self.factor, "slack": self.slack}
        for name, value in numbers.items():
            if value is not None and not math.isfinite(value):
                raise BadInputError(f"{self.option}.{name}: got {value}; right is a finite number.")
        if self.min is None and self.max is None and self.factor is None:
            raise BadInputError(
                f"{self.option}: got no limit, so any value would do; right is max, min or factor."
            )
        if self.factor is not None and self.factor <= 0:
            raise BadInputError(
                f"{self.option}.factor: got {number(self.factor)}; right is more than 0."
            )
        if self.slack < 0 or (self.slack and self.factor is None):
            raise BadInputError(
                f"{self.option}.slack: got {number(self.slack)}; right is 0 or more, beside factor."
            )
        self._check_order(Limits(min=self.min, max=self.max))

    def baseline_limits(self) -> Limits:
        """What its value has to keep to be a baseline."""
        return Limits(min=None if self.factor is None else 0.0)

    def limits(self, baseline: Mapping[str, float]) -> Limits:
        """What holds with that baseline; refused where a factor has none."""
        if self.factor is None:
            return Limits(min=self.min, max=self.max)
        if self.name not in baseline:
            raise BadInputError(
                f"{self.option}.factor: got {number(self.factor)}, and baseline has no"
                f" '{self.name}'; right is the baseline that action=measure has returned."
            )
        before = baseline[self.name]
        if before < 0:
            raise BadInputError(
                f"baseline[{self.name}]: got {number(before)}; right is 0 or more, for a factor of"
                " less than that would mean nothing."
            )
        allowed = self.factor * before + self.slack
        if self.max is not None and self.max <= allowed:
            return Limits(min=self.min, max=self.max)
        slack = f" and {number(self.slack)}" if self.slack else ""
        origin = f" ({number(self.factor)} times the baseline {number(before)}{slack})"
        limits = Limits(min=self.min, max=allowed, origin=origin)
        self._check_order(limits)
        return limits

    def _check_order(self, limits: Limits) -> None:
        if limits.min is not None and limits.max is not None and limits.min > limits.max:
            raise BadInputError(
                f"{self.option}.min: got {number(limits.min)}, which is more than the most allowed,"
                f" {number(limits.max)}{limits.origin}; right is a min that is not."
            )


class QuerySource:
    """Asks the query whenever it is looked at."""

    def __init__(self, query: Query, limits: Limits, prometheus: Prometheus) -> None:
        self._query = query
        self._limits = limits
        self._prometheus = prometheus
        check = Check(
            name=query.name, kind=KIND, object=query.promql, min=limits.min, max=limits.max
        )
        self.checks: Sequence[Check] = [check]

    def look(self, now: datetime) -> list[Sample]:
        """One number, or why there is none."""
        query, check = self._query, self.checks[0]
        try:
            found = self._prometheus.value(query.promql)
        except UnmeasuredError as error:
            return [unmeasured(check, now, str(error))]
        if found is None and not query.empty_is_zero:
            text = "there is no data; with empty=zero that would count as 0"
            return [unmeasured(check, now, text)]
        value = 0.0 if found is None else found
        said = "no data, which counts as 0" if found is None else number(value)
        complaint = self._limits.complaint(value)
        return [
            Sample(
                time=now,
                check=query.name,
                object=query.promql,
                text=said + complaint,
                value=value,
                ok=not complaint,
            )
        ]
