# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests go on through HAProxy while the other cluster takes over; tools/prove has it at length.

What HAProxy did is asked of HAProxy, and what was lost is counted by the load.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox import haproxy, load
from sandbox.cluster import Cluster
from sandbox.load import LoadResult, LoadRun
from sandbox.progress import Progress
from tests.integration.support import reading, switching
from tests.integration.support.pairing import Pair
from tests.integration.support.switching import Switching
from tools.prove import front
from tools.prove.front import Watch

RATE = 60
# Longer than any of these switchovers takes.
SECONDS = 600
STREAMS = 4
QUICK: dict[str, Any] = {
    "switchover_steps": [50, 100],
    "switchover_soak": 8,
    "switchover_trial_seconds": 4,
    "switchover_drain_quiet": 5,
}
# Streams that are held for ever are ended once everybody else has left.
SHUT: dict[str, Any] = {"switchover_shut_sessions": True, "switchover_drain_timeout": 12}
GATEWAY = ("deployment/istio-ingressgateway", "-n", "istio-ingress")
# It matters only when nothing comes.
PATIENCE = 300.0

Switch = Callable[[Cluster, Cluster], Switching]


@pytest.fixture
def both(pair: Pair) -> Iterator[Pair]:
    """Behind a HAProxy as it is when it is new, before the test and after it."""
    haproxy.restart(pair)
    yield pair
    haproxy.restart(pair)


@pytest.fixture
def switch(both: Pair, installed: Path, tmp_path: Path) -> Switch:
    """Runs the collection as it was installed, from one of the clusters to the other."""
    inventory = switching.write_inventory(tmp_path / "clusters.yml", *both)

    def between(source: Cluster, target: Cluster) -> Switching:
        reports = {"switchover_report_directory": str(tmp_path / "reports")}
        return Switching(
            inventory=inventory,
            scratch=tmp_path,
            collections=installed,
            variables={**switching.settings(source, target), **QUICK, **reports},
        )

    return between


@pytest.fixture
def users(both: Pair, progress: Progress) -> Iterator[LoadRun]:
    """Load on the front, which is being measured."""
    plan = load.default_plan(both.a, RATE, SECONDS, streams=STREAMS, front=haproxy.URL)
    with load.start(both.a, plan, progress) as running:
        running.wait_until_measuring()
        yield running


def counted(users: LoadRun) -> LoadResult:
    users.stop()
    result = users.result()
    result.check_environment()
    return result


def weights() -> dict[str, int]:
    return {name: each.weight for name, each in front.read().servers.items()}


def test_all_requests_come_over(both: Pair, switch: Switch, users: LoadRun) -> None:
    there = switch(both.a, both.b)
    with Watch() as watch:
        there.play(switching.PLAYBOOK, **SHUT)
    assert weights() == front.kept() == {"a": 0, "b": 100}
    steps = {step.share: step for step in front.steps(watch.readings, "b")}
    assert list(steps) == [0, 50, 100]
    assert steps[50].requests > RATE * 5
    # HAProxy deals requests out by turns, so there is little chance in it.
    assert steps[50].real == pytest.approx(50, abs=3)
    assert front.read().servers["a"].sessions == 0

    before = [reading.quiet(each) for each in both]
    config = haproxy.CONFIG.stat()
    again = there.play(switching.PLAYBOOK, **SHUT)
    assert again.changed == []
    for cluster, was in zip(both, before, strict=True):
        reading.expect_same(was, reading.read(cluster), f"a second run has written to {cluster}")
    now = haproxy.CONFIG.stat()
    assert (now.st_ino, now.st_mtime_ns) == (config.st_ino, config.st_mtime_ns)

    result = counted(users)
    assert result.failed == 0, result.table()
    # Each was ended at most once, when it was the last that was left.
    assert result.broken <= STREAMS, result.table()


def test_the_targets_gateway_goes_in_the_middle_of_a_step(
    both: Pair, switch: Switch, users: LoadRun
) -> None:
    there = switch(both.a, both.b)
    with Watch() as watch, ThreadPoolExecutor(1) as pool:
        run = pool.submit(there.play, switching.PLAYBOOK, fails=True, switchover_soak=120)
        watch.until(lambda each: each.share("b") == 50, PATIENCE)
        gone = time.time()
        both.b.kubectl("scale", *GATEWAY, "--replicas=0")
        back = watch.until(lambda each: each.share("b") == 0, PATIENCE)
        failure = run.result().failure
    assert weights() == front.kept() == {"a": 100, "b": 0}
    assert back.at - gone < 60
    asked = there.variables["switchover_target_gate"]["probes"]
    assert any(each["name"] in failure for each in asked), failure
    assert "All requests go to a again" in failure
    result = counted(users)
    assert result.failed == 0, result.table()
