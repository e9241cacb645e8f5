# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rollouts as the API server's audit log has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import rollout_log
from benchmarks.credentials import COUNTED
from benchmarks.errors import BenchmarkError

_CONTROLLER = "system:serviceaccount:kube-system:deployment-controller"


def _write(user: str, name: str, version: int, **status: int) -> str:
    item = {
        "kind": "Deployment",
        "metadata": {"name": name, "generation": 2, "resourceVersion": str(version)},
        "spec": {"replicas": 1},
        "status": status,
    }
    return _event(user, version, responseObject=item)


def _event(user: str, second: int, **more: Any) -> str:
    return json.dumps(
        {
            "user": {"username": user},
            "objectRef": {"resource": "deployments"},
            "requestReceivedTimestamp": f"2026-11-25T10:00:{second:02}.250000Z",
            **more,
        }
    )


def _begin(name: str, version: int) -> str:
    return _write(COUNTED, name, version, observedGeneration=1, **_counts(1, 1, 1))


def _status(name: str, version: int, *counts: int, observed: int = 2) -> str:
    return _write(_CONTROLLER, name, version, observedGeneration=observed, **_counts(*counts))


def _counts(replicas: int, updated: int, available: int) -> dict[str, int]:
    return {
        "replicas": replicas,
        "updatedReplicas": updated,
        "availableReplicas": available,
    }


def test_a_rollout_ends_with_the_status_that_says_so() -> None:
    lines = [
        _begin("web", 10),
        _status("web", 11, 1, 1, 1, observed=1),
        _status("web", 12, 2, 1, 1),
        _status("web", 14, 1, 1, 1),
        _status("web", 15, 1, 1, 1),
    ]
    found = rollout_log.read(lines)
    assert found.complete["web"].version == 14
    assert found.end == found.begun["web"].time + 4


def test_rollouts_are_counted_in_the_order_of_their_versions() -> None:
    lines = [
        # The log has them in the order in which they were answered.
        _status("b", 22, 1, 1, 1),
        _begin("a", 10),
        _status("a", 20, 1, 1, 1),
        _begin("b", 15),
        _begin("c", 21),
        _status("c", 30, 1, 1, 1),
    ]
    assert rollout_log.read(lines).most_at_once == 2


def test_one_that_begins_when_another_has_ended_is_not_beside_it() -> None:
    lines = [
        _begin("a", 10),
        _status("a", 11, 1, 1, 1),
        _begin("b", 12),
        _status("b", 13, 1, 1, 1),
    ]
    assert rollout_log.read(lines).most_at_once == 1


def test_a_refused_write_is_no_write() -> None:
    refused = _event(COUNTED, 5, responseObject={"kind": "Status", "code": 409, "metadata": {}})
    found = rollout_log.read([refused, _begin("a", 10), _status("a", 11, 1, 1, 1)])
    assert list(found.begun) == ["a"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="nothing has begun"),
        pytest.param([_begin("a", 10), _status("a", 11, 2, 1, 1)], id="one has not ended"),
    ],
)
def test_a_log_that_is_not_whole_is_refused(lines: list[str]) -> None:
    with pytest.raises(BenchmarkError, match="rollouts have begun"):
        rollout_log.read(lines)
