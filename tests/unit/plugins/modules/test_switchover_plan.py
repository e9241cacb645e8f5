# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest import mock

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.modules import switchover_plan, upgrade_journal
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.run_module import run_module
from ansible_collections.meshwright.istio.tests.unit.support.switchover_stage import cluster

GIVEN = {
    "source_name": "rome",
    "target_name": "milan",
    "director": "dns",
    "steps": [25, 100],
    "share": 0,
}


@pytest.fixture
def rome() -> FakeApi:
    return cluster("uid-of-rome", "1.28.3")


@pytest.fixture
def milan() -> FakeApi:
    return cluster("uid-of-milan", "1.29.1")


def run(source: FakeApi, target: FakeApi, *, check: bool = False, **changes: Any) -> dict[str, Any]:
    arguments: Mapping[str, Any] = {**GIVEN, "target": {"context": "milan"}, **changes}
    with mock.patch.object(switchover_plan, "create_target_client", return_value=target):
        return run_module(switchover_plan, source, arguments, check=check)


def test_both_clusters_are_read_and_none_is_written(rome: FakeApi, milan: FakeApi) -> None:
    result = run(rome, milan)
    assert (result["rc"], result["changed"], result["needed"]) == (0, False, True)
    assert result["table"][1:3] == [
        "rome runs Istio 1.28.3 as default.",
        "milan runs Istio 1.29.1 as default.",
    ]
    assert [(each["number"], each["name"]) for each in result["steps"]] == [
        (1, "25 %"),
        (2, "100 %"),
    ]
    assert run(rome, milan, check=True)["changed"]
    assert (rome.writes, milan.writes) == ([], [])


def test_an_unfinished_one_is_gone_on_with(rome: FakeApi, milan: FakeApi) -> None:
    opened = {"action": "open", "path": "switchover", "source": "rome", "target": "milan"}
    facts = {"share": {"asked": 25, "before": 25}}
    assert run_module(upgrade_journal, rome, {**opened, "facts": facts})["rc"] == 0
    result = run(rome, milan, share=25)
    assert (result["begun"], result["known"], result["steps"][0]["done"]) == (True, [25], False)
    refused = run(milan, rome, share=25, source_name="milan", target_name="rome")
    assert refused["rc"] == 1
    assert "Another upgrade is unfinished in rome: switchover from rome to milan" in refused["msg"]


def test_one_cluster_is_not_two(rome: FakeApi) -> None:
    result = run(rome, rome)
    assert (result["rc"], "the same cluster as the source" in result["msg"]) == (1, True)


def test_a_cluster_that_does_not_answer_is_named(rome: FakeApi, milan: FakeApi) -> None:
    def refuse(*_arguments: Any) -> None:
        raise ApiError("no route to host", status=0)

    with mock.patch.object(milan, "get", refuse):
        result = run(rome, milan)
    assert (result["rc"], result["msg"]) == (1, "The target cannot be read: no route to host")


def test_a_stranger_is_told_to_whoever_handles_it(rome: FakeApi, milan: FakeApi) -> None:
    result = run(rome, milan, share=3, writer="eve", object="The record")
    assert (result["rc"], result["stranger"]) == (1, True)
    assert "The record gives milan 3 %" in result["msg"]


def test_bad_arguments(rome: FakeApi, milan: FakeApi) -> None:
    assert "right are whole numbers" in run(rome, milan, steps=[100, 50])["msg"]
    assert (rome.reads, milan.reads) == ([], [])
