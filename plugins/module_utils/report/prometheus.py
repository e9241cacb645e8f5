# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Requests and failures as Prometheus saw them; whatever goes wrong is a sentence of the report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _prometheus
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._prometheus import (
    Prometheus,
    UnmeasuredError,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.load import Load, from_rates

OPTIONS: dict[str, Any] = {
    **_prometheus.OPTIONS,
    "requests_query": {"type": "str", "required": True},
    "failures_query": {"type": "str"},
    "step": {"type": "int", "default": 15},
}
_PATH = "/api/v1/query_range"
# More points than a wide screen has pixels show nothing.
_MOST_POINTS = 1500

Rates = list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """Each gives one series, of requests a second; the values are `step` seconds apart."""

    sent: str
    failed: str | None
    step: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Queries:
        """Read the option."""
        if params["step"] < 1:
            raise BadInputError(
                f"prometheus.step: got {params['step']}; right is at least 1 second."
            )
        return cls(
            sent=params["requests_query"], failed=params["failures_query"], step=params["step"]
        )


def read(
    queries: Queries, prometheus: Prometheus, begin: datetime, end: datetime
) -> tuple[Load | None, list[str]]:
    """What was sent and what failed in that time, and what could not be learned."""
    seconds = max(0.0, (end - begin).total_seconds())
    step = max(queries.step, math.ceil(seconds / _MOST_POINTS))
    fields = {
        "start": f"{begin.timestamp():.3f}",
        "end": f"{begin.timestamp() + seconds:.3f}",
        "step": str(step),
    }
    try:
        sent = _rates(prometheus, queries.sent, fields)
    except UnmeasuredError as error:
        return None, [f"How many requests were sent: {error}."]
    if queries.failed is None:
        return from_rates("Prometheus", sent, None, step), []
    try:
        failed = _rates(prometheus, queries.failed, fields)
    except UnmeasuredError as error:
        return from_rates("Prometheus", sent, None, step), [f"How many requests failed: {error}."]
    return from_rates("Prometheus", sent, failed, step), []


def _rates(prometheus: Prometheus, promql: str, fields: Mapping[str, str]) -> Rates:
    rates: Rates = prometheus.ask(_PATH, {"query": promql, **fields}, _one_series)
    return rates


def _one_series(answer: Any) -> Rates:
    series = answer["data"]["result"]
    if len(series) > 1:
        raise UnmeasuredError(
            f"the query gives {len(series)} series, where one is wanted; put sum(...) around it"
        )
    values = series[0]["values"] if series else []
    rates = [(datetime.fromtimestamp(at, UTC), float(text)) for at, text in values]
    finite = [(time, rate) for time, rate in rates if math.isfinite(rate)]
    if not finite:
        raise UnmeasuredError(
            "the query gives no values in the time of the upgrade; where that means none, let it"
            " end with 'or vector(0)'"
        )
    return finite
