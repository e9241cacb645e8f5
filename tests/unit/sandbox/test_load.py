# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A script stands for the program `load`; its result is one that the program really wrote, cut."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox import load, load_run
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError, TooBusyError, UsageError
from sandbox.load import LoadPlan, LoadResult, Target
from sandbox.progress import Progress

TOTAL = {
    "name": "total",
    "method": "",
    "planned": 6000,
    "sent": 6000,
    "late": 0,
    "answered": 5095,
    "failed": 905,
    "failures": {"refused": 902, "reset": 3},
    "failing": [{"second": 9, "failed": 3}, {"second": 10, "failed": 902}],
    "replayed": 0,
    "latency_ms": {"p50": 0.347, "p90": 0.542, "p99": 1.025, "p999": 3001.505, "max": 3003.05},
    "statuses": {"200": 5095},
}
RESULT: dict[str, Any] = {
    "started": "2026-01-02T03:04:05.678901234Z",
    "seconds": 20,
    "baseline": {
        "seconds": 5,
        "sent": 1501,
        "failed": 0,
        "failures": {},
        "broken_streams": 0,
        "p50_ms": 0.33,
        "p99_ms": 0.818,
    },
    "environment": "",
    "targets": [
        {**TOTAL, "name": "home", "method": "GET", "sent": 4200, "failed": 635},
        {
            **TOTAL,
            "name": "orders",
            "method": "POST",
            "sent": 1800,
            "answered": 0,
            "failed": 270,
            "failures": {"refused": 270},
        },
    ],
    "total": TOTAL,
    "per_second": [
        {"second": 8, "sent": 300, "failed": 0, "p99_ms": 1.1},
        {"second": 9, "sent": 300, "failed": 3, "p99_ms": 1.2},
        {"second": 10, "sent": 300, "failed": 300, "p99_ms": 0},
        {"second": 13, "sent": 300, "failed": 1, "p99_ms": 1},
    ],
    "streams": [
        {
            "name": "stream",
            "kind": "stream",
            "opened": 6,
            "broken": 2,
            "breaks": [{"second": 9.999, "how": "eof"}, {"second": 10, "how": "reset"}],
        }
    ],
}
TABLE = """\
6000 requests in 20 s, 905 failed; before that 1501 in 5 s, 0 failed, p99 0.8 ms

target  sent  failed  p50  p90  p99   p99.9     max  what failed
home    4200     635  0.3  0.5  1.0  3001.5  3003.1  refused 902, reset 3
orders  1800     270    -    -    -       -       -  refused 270
total   6000     905  0.3  0.5  1.0  3001.5  3003.1  refused 902, reset 3
(times in milliseconds)
Requests failed that were sent in seconds 9-10, 13.

streams  kind    opened  broken  how they broke
stream   stream       6       2  eof at 10.0 s, reset at 10.0 s"""

PLAN = LoadPlan(
    rate=10, seconds=1, targets=(Target(name="one", url="http://127.0.0.1:1/", share=1),)
)


@dataclass
class FakeCluster:
    """What `load` asks of a cluster; `answers` are what kubectl says, by its verb."""

    program: Path = Path("/nowhere/load")
    ingress_url: str = "http://198.18.1.2:30080"
    answers: dict[str, Iterator[str | SandboxError]] = field(default_factory=dict)
    applied: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def artifacts(self) -> FakeCluster:
        return self

    def path(self, name: str) -> Path:
        assert name == "load"
        return self.program

    def apply(self, documents: list[dict[str, Any]]) -> None:
        self.applied += documents

    def kubectl(self, namespace: str, verb: str, *rest: str) -> str:
        assert namespace == "--namespace=shop"
        self.calls.append((verb, *rest))
        answer = next(self.answers.get(verb, iter([""])))
        if isinstance(answer, SandboxError):
            raise answer
        return answer


@pytest.fixture
def cluster(tmp_path: Path) -> FakeCluster:
    return FakeCluster(program=tmp_path / "load")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_run, "_POLL", 0)


def write_program(cluster: FakeCluster, script: str) -> None:
    cluster.program.write_text(f"#!/bin/sh\n{script}\n")
    cluster.program.chmod(0o755)


def as_cluster(fake: FakeCluster) -> Cluster:
    return cast(Cluster, fake)


def test_result_when_read() -> None:
    result = LoadResult.from_json(json.dumps(RESULT))
    assert (result.sent, result.failed, result.broken) == (6000, 905, 2)
    assert result.total.failures == {"refused": 902, "reset": 3}
    assert [target.name for target in result.targets] == ["home", "orders"]
    assert result.total.latency.p99 == 1.025
    assert result.streams[0].breaks[1].how == "reset"
    assert result.per_second[1].failed == 3
    assert [(each.second, each.failed) for each in result.total.failing] == [(9, 3), (10, 902)]
    assert not result.is_environment
    result.check_environment()


def test_table() -> None:
    assert LoadResult.from_json(json.dumps(RESULT)).table() == TABLE


def test_environment_when_the_machine_is_to_blame() -> None:
    result = LoadResult.from_json(json.dumps({**RESULT, "environment": "the p99 was 2001 ms"}))
    assert result.is_environment
    assert result.table().splitlines()[1] == "The machine is to blame: the p99 was 2001 ms."
    with pytest.raises(TooBusyError, match="the p99 was 2001 ms"):
        result.check_environment()


@pytest.mark.parametrize("text", ["", "exec format error", "[]", "{}"])
def test_result_when_it_is_none(text: str) -> None:
    with pytest.raises(SandboxError, match="is no result"):
        LoadResult.from_json(text)


def test_run_outside(cluster: FakeCluster, progress: Progress, tmp_path: Path) -> None:
    write_program(
        cluster,
        f'echo "$@" > {tmp_path}/flags; cat > {tmp_path}/plan; echo not this >&2; echo nor this\n'
        f"echo '{json.dumps(RESULT)}'",
    )
    result = load.run(as_cluster(cluster), PLAN, progress, plot=tmp_path / "plot.html")
    assert result.failed == 905
    assert json.loads((tmp_path / "plan").read_text()) == json.loads(PLAN.to_json())
    flags = (tmp_path / "flags").read_text().split()
    assert flags == ["--targets=-", "--out=-", f"--plot={tmp_path}/plot.html"]


def test_lines_become_ticks(cluster: FakeCluster, said: io.StringIO) -> None:
    progress = Progress(said, interval=0)
    write_program(cluster, f"echo 10 of 20 s: 3000 sent >&2; echo '{json.dumps(RESULT)}'")
    load.run(as_cluster(cluster), PLAN, progress)
    assert "10 of 20 s: 3000 sent" in said.getvalue()


def test_stop_before_the_end(cluster: FakeCluster, progress: Progress) -> None:
    write_program(
        cluster,
        f"trap \"echo '{json.dumps(RESULT).replace(chr(34), chr(92) + chr(34))}'; exit\" TERM\n"
        "echo 'measuring from now on; before: 1 sent' >&2\nwhile :; do sleep 0.05; done",
    )
    with load.start(as_cluster(cluster), PLAN, progress) as running:
        running.wait_until_measuring()
        running.stop()
        assert running.result().sent == 6000


@pytest.mark.parametrize("waits", [False, True], ids=["result", "measuring"])
def test_program_that_refuses(cluster: FakeCluster, progress: Progress, waits: bool) -> None:
    write_program(cluster, "echo 'load: 10.0.0.1 is no address of loopback' >&2; exit 2")
    with load.start(as_cluster(cluster), PLAN, progress) as running:
        take = running.wait_until_measuring if waits else running.result
        with pytest.raises(SandboxError, match=r"code 2: 10\.0\.0\.1 is no address"):
            take()


def test_program_that_is_not_there(cluster: FakeCluster, progress: Progress) -> None:
    with pytest.raises(SandboxError, match="No such file"):
        load.run(as_cluster(cluster), PLAN, progress)


def test_process_is_gone_after_an_error(
    cluster: FakeCluster, progress: Progress, tmp_path: Path
) -> None:
    ended = tmp_path / "ended"
    write_program(
        cluster,
        f"trap 'touch {ended}; exit' TERM; echo measuring from now on >&2\n"
        "while :; do sleep 0.05; done",
    )

    def fail() -> None:
        with load.start(as_cluster(cluster), PLAN, progress) as running:
            running.wait_until_measuring()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert ended.exists()


def status(terminated: dict[str, int] | None) -> str:
    state = {"terminated": terminated} if terminated else {"running": {}}
    statuses = [
        {"name": "istio-proxy", "state": {"terminated": {"exitCode": 9}}},
        {"name": "load", "state": state},
    ]
    return json.dumps({"status": {"containerStatuses": statuses}})


def test_run_inside(cluster: FakeCluster, progress: Progress) -> None:
    away = SandboxError("the API server is away", "wait")
    cluster.answers = {
        "get": iter([json.dumps({"status": {}}), away, status(None), status({"exitCode": 0})]),
        "logs": iter([away, "", "10 of 20 s", f"20 of 20 s\n{json.dumps(RESULT)}\n"]),
    }
    assert load.run(as_cluster(cluster), PLAN, progress, inside=True).failed == 905
    pod = cluster.applied[0]
    name = pod["metadata"]["name"]
    container = pod["spec"]["containers"][0]
    assert re.fullmatch(r"load-[0-9a-f]{6}", name)
    assert json.loads(container["env"][0]["value"]) == json.loads(PLAN.to_json())
    assert "--inside" in container["command"]
    assert cluster.calls[-1] == ("delete", "pod", name, "--ignore-not-found", "--wait=false")


def test_pod_is_deleted_when_load_refuses(cluster: FakeCluster, progress: Progress) -> None:
    cluster.answers = {
        "get": iter([status({"exitCode": 2})]),
        "logs": iter(["load: no address"]),
    }
    with pytest.raises(SandboxError, match="code 2: load: no address"):
        load.run(as_cluster(cluster), PLAN, progress, inside=True)
    assert cluster.calls[-1][:2] == ("delete", "pod")


def test_pod_that_never_starts(
    cluster: FakeCluster, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_run, "_STARTING", -1000)
    cluster.answers = {"get": iter([status(None)] * 9), "logs": iter([""] * 9)}
    with pytest.raises(SandboxError, match="had not ended in time: no log"):
        load.run(as_cluster(cluster), PLAN, progress, inside=True)
    assert cluster.calls[-1][:2] == ("delete", "pod")


def test_pod_is_measuring_and_stopped(cluster: FakeCluster, progress: Progress) -> None:
    cluster.answers = {
        "get": iter([status(None)] * 9),
        "logs": iter(["", "measuring from now on; before: 1 sent\n1 of 2 s"]),
    }
    with load.start(as_cluster(cluster), PLAN, progress, inside=True) as running:
        running.wait_until_measuring()
        running.stop()
    assert [call[0] for call in cluster.calls] == ["get", "logs", "get", "logs", "exec", "delete"]


def test_plot_of_a_load_from_inside(cluster: FakeCluster, progress: Progress) -> None:
    with pytest.raises(UsageError, match="draws no plot"):
        load.start(as_cluster(cluster), PLAN, progress, inside=True, plot=Path("plot.html"))
    assert not cluster.applied
