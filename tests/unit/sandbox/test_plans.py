# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans are within the bounds of the program `load`, and ask all that there is to be asked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest

from sandbox import gateway_api, load_plan, plans, workloads
from sandbox.build import Artifacts
from sandbox.cluster import TCP_PORT, Cluster
from sandbox.errors import UsageError
from sandbox.load_plan import LoadPlan, Stream, StreamKind, Target
from sandbox.plans import default_plan, hard_plan, plan_for
from sandbox.workloads.servers import OnSigterm

PROGRAM = Path(plans.__file__).parent / "programs" / "cmd" / "load"
CLUSTER = Cluster("a", Artifacts(entries={}))
TARGET = Target(name="one", url="http://127.0.0.1:1/", share=1)
SIDES = pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"rate": 2001}, "2001 requests a second", id="rate"),
        pytest.param({"rate": 0}, "0 requests a second", id="no rate"),
        pytest.param({"seconds": 1801}, "1801 s", id="duration"),
        pytest.param({"seconds": 0}, "0 s", id="no duration"),
        pytest.param({"targets": ()}, "neither targets nor streams", id="nothing"),
        pytest.param(
            {"streams": [Stream(name="s", kind="tcp", url="", count=101)] * 2},
            "202 streams",
            id="streams",
        ),
    ],
)
def test_plan_when_out_of_bounds(changes: dict[str, Any], words: str) -> None:
    good: dict[str, Any] = {"rate": 2000, "seconds": 1800, "targets": [TARGET]}
    assert LoadPlan(**good)
    with pytest.raises(UsageError, match=words):
        LoadPlan(**{**good, **changes})


def test_bounds_are_those_of_the_program() -> None:
    text = (PROGRAM / "plan.go").read_text()
    bounds = [f"maxRate     = {load_plan.MAX_RATE}", f"maxStreams  = {load_plan.MAX_STREAMS}"]
    assert all(bound in text for bound in bounds)
    assert f"maxDuration = {load_plan.MAX_MINUTES} * time.Minute" in text


def test_kinds_of_streams_are_those_of_the_program() -> None:
    known = re.findall(r'kind\w+ += "(\w+)"', (PROGRAM / "plan.go").read_text())
    assert sorted(known) == sorted(get_args(StreamKind))


def test_plan_has_the_fields_of_the_program() -> None:
    written = json.loads(default_plan(CLUSTER, streams=2).to_json())
    known = set(re.findall(r'json:"(\w+)"', (PROGRAM / "plan.go").read_text()))
    found = {*written, *written["targets"][0], *written["streams"][0]}
    assert found == known
    assert written["duration"] == "60s"
    assert written["baseline"] == "5s"


@SIDES
def test_default_plan(inside: bool) -> None:
    plan = default_plan(CLUSTER, 200, 30, inside=inside, streams=5)
    assert sum(target.share for target in plan.targets) == pytest.approx(1)
    assert sum(stream.count for stream in plan.streams) == 5
    targets = {target.name: target.url for target in plan.targets}
    streams = {stream.kind: stream.url for stream in plan.streams}
    if inside:
        assert targets["catalog"] == "http://catalog.shop/catalog"
        assert streams["websocket"] == "ws://frontend.shop/socket"
        assert "tcp" in streams
    else:
        assert targets["catalog"] == "http://198.18.1.2:30080/catalog"
        assert streams["websocket"] == "ws://198.18.1.2:30080/socket"
        assert "tcp" not in streams
    assert [target.name for target in plan.targets if target.delay_offset_random] == ["slow"]


def test_default_plan_asks_what_stands_in_front() -> None:
    plan = default_plan(CLUSTER, streams=2, front="http://198.18.0.1")
    urls = [each.url for each in (*plan.targets, *plan.streams)]
    assert {urlsplit(url).netloc for url in urls} == {"198.18.0.1"}
    assert [each.name for each in plan.targets] == [e.name for e in default_plan(CLUSTER).targets]


def test_default_plan_without_streams() -> None:
    assert default_plan(CLUSTER).streams == ()


def test_the_plan_is_that_of_the_workloads() -> None:
    for workloads_, plan in (("shop", default_plan), ("hard", hard_plan)):
        found = plan_for(workloads_, CLUSTER, rate=7, seconds=8, streams=9, inside=True)
        assert found == plan(CLUSTER, 7, 8, streams=9, inside=True)


@SIDES
def test_hard_plan_has_the_shop_in_it_and_sums_up(inside: bool) -> None:
    plan = hard_plan(CLUSTER, 150, 30, inside=inside, streams=10)
    names = [target.name for target in plan.targets]
    assert len(names) == len(set(names))
    assert {each.name for each in default_plan(CLUSTER).targets} <= set(names)
    assert sum(target.share for target in plan.targets) == pytest.approx(1)
    assert sum(stream.count for stream in plan.streams) == 10
    # A slow order that is tried again is no time-out.
    assert plan.timeout > 2 * 8


@SIDES
def test_hard_plan_asks_each_way_to_end_in_every_way(inside: bool) -> None:
    plan = hard_plan(CLUSTER, inside=inside)
    found = {each.name: each for each in plan.targets}
    for kind in OnSigterm:
        asked = [found[f"{kind}{once} {how}"] for once in ("", " once") for how in ("GET", "POST")]
        assert [each.method for each in asked] == ["GET", "POST"] * 2
        assert len({each.url for each in asked}) == 2
        for delay in ("3s", "8s"):
            slow = found[f"{kind} {delay}"]
            assert (slow.method, slow.delay_offset_random) == ("POST", True)
            assert slow.url.endswith(f"?delay={delay}")


@SIDES
def test_hard_plan_leaves_no_server_out(inside: bool) -> None:
    plan = hard_plan(CLUSTER, inside=inside, streams=4)
    urls = [each.url for each in (*plan.targets, *plan.streams)]
    for server in workloads.HARD:
        host = f"{server.name}.{server.namespace}" if inside else f"/hard/{server.name}/"
        assert any(host in url for url in urls) == server.answers
    assert {stream.kind for stream in plan.streams} == set(get_args(StreamKind))


def test_every_path_of_the_hard_plan_has_a_route() -> None:
    routes = _routes("hard")
    plan = hard_plan(CLUSTER, streams=4)
    for each in (*plan.targets, *plan.streams):
        url = urlsplit(each.url)
        if url.path.startswith("/hard/"):
            [route] = [route for prefix, route in routes.items() if url.path.startswith(prefix)]
            name = url.path.split("/")[2]
            assert route["route"][0]["destination"]["host"].startswith(
                name.removesuffix("-once").removesuffix("-http2")
            )
            assert (route.get("retries") == {"attempts": 0}) == name.endswith("-once")


@pytest.mark.parametrize("kind", OnSigterm)
def test_callers_in_the_mesh_can_ask_without_retries(kind: OnSigterm) -> None:
    assert _routes(kind)["/once/"]["retries"] == {"attempts": 0}


def test_ports_are_those_of_the_manifests() -> None:
    written = {(each["kind"], each["metadata"]["name"]): each for each in workloads.objects("hard")}
    assert f"nodePort: {gateway_api.PORT}\n" in written["ConfigMap", "public"]["data"]["service"]
    gateways = (Path(plans.__file__).parent / "manifests" / "gateways.yml").read_text()
    assert f"nodePort: {TCP_PORT}}}" in gateways


def _routes(name: str) -> dict[str, Mapping[str, Any]]:
    """The HTTP routes of a VirtualService of `hard`, by the path that they are for."""
    [found] = [
        each
        for each in workloads.objects("hard")
        if each["kind"] == "VirtualService"
        and (each["metadata"]["namespace"], each["metadata"]["name"]) == ("hard", name)
    ]
    return {
        match["uri"]["prefix"]: route
        for route in found["spec"]["http"]
        for match in route.get("match", ())
    }
