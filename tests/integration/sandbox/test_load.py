# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The load counts what the servers count, loses nothing on a quiet mesh, and sees what is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import urllib3

from sandbox import load
from sandbox.cluster import Cluster
from sandbox.load import LoadPlan, LoadRun, Target
from sandbox.progress import Progress

RATE = 100


def test_a_quiet_mesh_loses_nothing(mesh: Cluster, send: Callable[..., LoadRun]) -> None:
    """From outside and from a pod at once."""
    runs = [
        send(load.default_plan(mesh, RATE, 8, inside=inside, streams=6), inside=inside)
        for inside in (False, True)
    ]
    for run, kinds in zip(
        runs, ({"stream", "websocket"}, {"stream", "websocket", "tcp"}), strict=True
    ):
        result = run.result()
        result.check_environment()
        assert result.total.sent == pytest.approx(RATE * 8, rel=0.02)
        assert (result.failed, result.broken) == (0, 0)
        assert {stream.kind for stream in result.streams if stream.opened} == kinds


def test_a_killed_gateway_is_seen(mesh: Cluster, progress: Progress, tmp_path: Path) -> None:
    # A gateway that ends holds its streams for a while, on a slow machine for longer.
    seconds = 30
    plan = load.default_plan(mesh, rate=RATE, seconds=seconds, streams=4)
    plot = tmp_path / "plot.html"
    with load.start(mesh, plan, progress, plot=plot) as running:
        running.wait_until_measuring()
        time.sleep(2)
        mesh.kubectl(
            *("delete", "pods", "-n", "istio-ingress", "--all"),
            *("--force", "--grace-period=0", "--wait=false"),
        )
        result = running.result()
    assert result.failed > 0
    assert result.broken > 0
    # A report can draw when: in all, and by target.
    told = [second.second for second in result.per_second]
    # The very last request may leave a moment after the last second.
    assert told in (list(range(seconds)), list(range(seconds + 1)))
    assert sum(second.failed for second in result.per_second) == result.failed
    by_target = [each.failed for target in result.targets for each in target.failing]
    assert sum(by_target) == result.failed
    assert result.total.answered + result.failed >= result.total.sent
    assert "<html" in plot.read_text()[:1000].lower()


def test_requests_are_counted_as_the_server_counts_them(mesh: Cluster, progress: Progress) -> None:
    """The server stands outside of the mesh: nothing repeats a request on the way."""
    address = mesh.kubectl(
        *("get", "pods", "-n", "outside", "-l", "app=partner"),
        *("-o", "jsonpath={.items[0].status.podIP}"),
    )
    url = f"http://{address}:8080"
    before = _posts(url)
    plan = LoadPlan(
        rate=50,
        seconds=4,
        baseline=0,
        targets=(Target(name="orders", method="POST", url=f"{url}/orders", share=1),),
    )
    result = load.run(mesh, plan, progress)
    assert result.total.sent == result.total.answered == _posts(url) - before == 200


def _posts(url: str) -> int:
    return int(urllib3.request("GET", f"{url}/counts").json()["requests"]["POST"])
