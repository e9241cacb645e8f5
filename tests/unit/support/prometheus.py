# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Prometheus answers, as its HTTP API writes it."""

from __future__ import annotations

from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support.stub_server import Answer

MOMENT = 1767225600.5


def vector(*values: object, **more: Any) -> Answer:
    """So many series with these values."""
    series = [
        {"metric": {"pod": f"p{index}"}, "value": [MOMENT, str(value)]}
        for index, value in enumerate(values)
    ]
    return success("vector", series, **more)


def success(kind: str, result: Any, **more: Any) -> Answer:
    """An answer of that type; `warnings` and `infos` by keyword."""
    return Answer(
        body={"status": "success", "data": {"resultType": kind, "result": result}, **more}
    )


def refusal(status: int, kind: str, error: str) -> Answer:
    """What it says of a query that it does not answer."""
    return Answer(status, {"status": "error", "errorType": kind, "error": error})
