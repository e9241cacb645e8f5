# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _drained
from ansible_collections.meshwright.istio.plugins.module_utils._drained import Drained


def workload(*pods: Drained, namespace: str = "shop") -> dict[str, Any]:
    return {"namespace": namespace, "drained": [pod.asdict() for pod in pods]}


def open_at_end(number: int | None, name: str = "web-0") -> Drained:
    return Drained(pod=name, revision="1-30", open_at_end=number, limits="grace 30 s")


def test_warns_of_nothing_where_all_was_answered() -> None:
    assert _drained.warnings([workload(open_at_end(0), open_at_end(None)), workload()]) == []


def test_says_what_was_open_and_what_cuts_it() -> None:
    (said,) = _drained.warnings([workload(open_at_end(3)), workload(open_at_end(0))])
    assert said == (
        "Requests were still open in 1 pods when drain_timeout had passed: shop/web-0 (3 open;"
        " grace 30 s)."
    )


def test_names_five_of_many() -> None:
    pods = [open_at_end(1, f"web-{number}") for number in range(7)]
    (said,) = _drained.warnings([workload(*pods)])
    assert said.endswith("shop/web-4 (1 open; grace 30 s) and 2 more.")
