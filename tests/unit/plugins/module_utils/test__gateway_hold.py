# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_hold
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import merge

RECORD = "meshwright.istio/original-rollout"
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}}
NOW = "2026-02-03T04:05:06Z"
OLD = {"app": "edge", "istio.io/rev": "1-30", "old": "yes"}
NEW = {"app": "edge", "istio.io/rev": "1-31", "new": "yes"}
RESTARTED = {"kubectl.kubernetes.io/restartedAt": "2025-01-01T00:00:00Z", "other": "stays"}


def deployment(
    spec: dict[str, Any] | None = None, annotations: dict[str, str] | None = None
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"labels": dict(OLD)}
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    return {
        "metadata": {"name": "in", "namespace": "edge", "annotations": {"installed": "by helm"}},
        "spec": {"replicas": 2, "template": {"metadata": metadata, "spec": {}}, **(spec or {})},
    }


CASES = {
    "nothing set": deployment(),
    "rolling": deployment({"strategy": ROLLING}),
    "one share alone": deployment(
        {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    ),
    "recreate": deployment({"strategy": {"type": "Recreate"}}),
    "all set": deployment(
        {"strategy": ROLLING, "minReadySeconds": 5, "progressDeadlineSeconds": 60}
    ),
    "restarted before": deployment({"strategy": ROLLING}, RESTARTED),
    "other annotations": deployment({}, {"other": "stays"}),
}


def hold(item: dict[str, Any]) -> dict[str, Any]:
    patch = _gateway_hold.hold(item, NEW, NOW, ["6d4", "57c", "6d4"])
    return merge(copy.deepcopy(item), patch)


@pytest.mark.parametrize("case", CASES)
def test_holds_the_old_pods_beside_the_new_ones(case: str) -> None:
    item = CASES[case]
    held = hold(item)
    assert (_gateway_hold.is_held(item), _gateway_hold.is_held(held)) == (False, True)
    spec = held["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "100%", "maxUnavailable": 0}
    assert (spec["strategy"]["type"], spec["replicas"]) == ("RollingUpdate", 2)
    assert spec["progressDeadlineSeconds"] > spec["minReadySeconds"] == 86_400
    metadata = spec["template"]["metadata"]
    assert metadata["labels"] == NEW
    before = item["spec"]["template"]["metadata"].get("annotations") or {}
    assert metadata["annotations"] == {**before, "kubectl.kubernetes.io/restartedAt": NOW}


@pytest.mark.parametrize("case", CASES)
def test_taken_back_it_is_as_it_was(case: str) -> None:
    held = hold(CASES[case])
    assert merge(held, _gateway_hold.take_back(held)) == CASES[case]


@pytest.mark.parametrize("case", CASES)
def test_let_go_only_its_template_is_new(case: str) -> None:
    held = hold(CASES[case])
    after = merge(held, _gateway_hold.let_go(held))
    assert after["spec"].pop("template") == held["spec"]["template"]
    before = copy.deepcopy(CASES[case])
    del before["spec"]["template"]
    assert after == before
    assert not _gateway_hold.is_held(after)


def test_what_an_autoscaler_has_changed_meanwhile_stays() -> None:
    held = hold(CASES["all set"])
    held["spec"]["replicas"] = 5
    assert merge(held, _gateway_hold.take_back(held))["spec"]["replicas"] == 5
    assert merge(held, _gateway_hold.let_go(held))["spec"]["replicas"] == 5


def test_remembers_which_pods_were_there_and_what_it_counts_on() -> None:
    assert _gateway_hold.old_templates(hold(CASES["all set"])) == {"6d4", "57c"}
    assert _gateway_hold.ready_seconds(hold(CASES["all set"])) == 5
    assert _gateway_hold.ready_seconds(hold(CASES["rolling"])) == 0


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="no json"),
        pytest.param("[]", id="a list"),
        pytest.param("7", id="a number"),
        pytest.param("{}", id="no templates"),
        pytest.param('{"templates": 5}', id="templates that are none"),
    ],
)
@pytest.mark.parametrize("what", ["let_go", "take_back", "old_templates", "ready_seconds"])
def test_a_record_that_is_none_is_told_with_the_way_out(what: str, text: str) -> None:
    item = deployment()
    item["metadata"]["annotations"][RECORD] = text
    with pytest.raises(
        MeshError, match="of Deployment edge/in is no record of a rollout"
    ) as raised:
        getattr(_gateway_hold, what)(item)
    assert "Set minReadySeconds, progressDeadlineSeconds and strategy by hand" in str(raised.value)


def test_no_annotations_mean_that_it_is_not_held() -> None:
    assert not _gateway_hold.is_held({"metadata": {"annotations": None}})
    assert not _gateway_hold.is_held({"metadata": {}})


def pause(item: dict[str, Any]) -> dict[str, Any]:
    patch = _gateway_hold.pause(item, ["6d4"], {"revision": "1-30", "label": None})
    return merge(copy.deepcopy(item), patch)


@pytest.mark.parametrize("case", CASES)
def test_paused_it_keeps_its_strategy_until_it_rolls_out(case: str) -> None:
    paused = pause(CASES[case])
    before = CASES[case]["spec"]
    assert paused["spec"] == {**before, "paused": True}
    assert _gateway_hold.old_templates(paused) == {"6d4"}
    assert _gateway_hold.facts(paused) == {"revision": "1-30", "label": None}
    rolling = merge(copy.deepcopy(paused), _gateway_hold.roll_out(paused))
    assert "paused" not in rolling["spec"]
    assert rolling["spec"]["minReadySeconds"] == 86_400
    assert rolling["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "100%", "maxUnavailable": 0}
    assert merge(copy.deepcopy(rolling), _gateway_hold.pause_again(rolling)) == paused
    assert merge(rolling, _gateway_hold.let_go(rolling)) == CASES[case]
    assert merge(paused, _gateway_hold.let_go(paused)) == CASES[case]


def test_one_that_was_not_paused_has_no_facts() -> None:
    assert _gateway_hold.facts(hold(CASES["rolling"])) == {}
