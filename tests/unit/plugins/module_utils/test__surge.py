# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _surge
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._surge import Footing, SurgeMode
from ansible_collections.meshwright.istio.plugins.module_utils._workload import (
    ORIGINAL_STRATEGY,
    Workload,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import merge
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import workload

ONE_FEWER = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
ONE_MORE = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
CLAIM = {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}
PORT = {"containers": [{"name": "app", "ports": [{"hostPort": 80}]}]}


def item(
    kind: str = "Deployment", replicas: int = 1, pod: dict[str, Any] | None = None, **details: Any
) -> dict[str, Any]:
    found = workload("web", kind=kind, replicas=replicas, **details)
    found["spec"]["template"]["spec"].update(pod or {})
    if kind == "DaemonSet":
        found["status"] = {"desiredNumberScheduled": replicas}
    return found


def read(found: dict[str, Any]) -> Workload:
    return Workload.from_object(found)


def budget(at_best: int) -> Budget:
    return Budget(namespace="shop", name="web", selector={}, allowed=0, at_best=at_best)


ALONE = item(strategy=ONE_FEWER)
RECREATE = item(strategy={"type": "Recreate"}, replicas=3)


@pytest.mark.parametrize(
    ("found", "mode", "expected"),
    [
        pytest.param(item(strategy=ONE_MORE), "safe", Footing(surge=False, takes=0), id="own way"),
        pytest.param(ALONE, "safe", Footing(surge=True, takes=0), id="the only pod"),
        pytest.param(
            item(strategy=ONE_FEWER, replicas=2), "safe", Footing(surge=False, takes=1), id="two"
        ),
        pytest.param(RECREATE, "always", Footing(surge=True, takes=0), id="recreate, overruled"),
        pytest.param(
            item("DaemonSet"), "safe", Footing(surge=True, takes=0), id="a set on one node"
        ),
    ],
)
def test_takes_another_strategy_only_where_its_own_leaves_nobody(
    found: dict[str, Any], mode: str, expected: Footing
) -> None:
    assert _surge.footing(read(found), [], SurgeMode(mode)) == expected


@pytest.mark.parametrize(
    ("found", "mode", "takes", "gap"),
    [
        pytest.param(ALONE, "never", 1, "surge is never", id="not wanted"),
        pytest.param(RECREATE, "safe", 3, "Recreate asks for never two pods", id="recreate"),
        pytest.param(
            item(strategy=ONE_FEWER, pod=CLAIM), "safe", 1, "its volume claims at once", id="claim"
        ),
        pytest.param(
            item(strategy=ONE_FEWER, pod=PORT), "always", 1, "the same port of a node", id="port"
        ),
        pytest.param(item("StatefulSet"), "always", 1, "a StatefulSet takes a pod", id="stateful"),
        pytest.param(
            item("Rollout", strategy={"canary": {}}), "always", 1, "a restart by Argo", id="Argo"
        ),
        pytest.param(
            item("DaemonSet", strategy={"type": "OnDelete"}), "always", 1, "OnDelete", id="manual"
        ),
    ],
)
def test_says_why_none_may_be_ready_for_a_moment(
    found: dict[str, Any], mode: str, takes: int, gap: str
) -> None:
    footing = _surge.footing(read(found), [], SurgeMode(mode))
    assert (footing.surge, footing.takes) == (False, takes)
    assert gap in str(footing.gap)


@pytest.mark.parametrize(
    ("found", "at_best", "expected"),
    [
        pytest.param(
            item(strategy=ONE_FEWER, replicas=2), 1, Footing(surge=False, takes=1), id="allows it"
        ),
        pytest.param(
            item(strategy=ONE_FEWER, replicas=2), 0, Footing(surge=True, takes=0), id="forbids it"
        ),
        pytest.param(
            item("StatefulSet", replicas=2), 0, Footing(surge=False, takes=1), id="no way around"
        ),
    ],
)
def test_a_budget_that_allows_too_few_is_gone_round(
    found: dict[str, Any], at_best: int, expected: Footing
) -> None:
    assert _surge.footing(read(found), [budget(at_best)], SurgeMode.SAFE) == expected


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(ALONE, id="rolling"),
        pytest.param(RECREATE, id="recreate"),
        pytest.param(item(), id="the API server's default"),
        pytest.param(
            item(strategy={"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 1}}, replicas=4),
            id="shares",
        ),
        pytest.param(
            item(
                "DeploymentConfig",
                strategy={"type": "Rolling", "rollingParams": {"timeoutSeconds": 9}},
            ),
            id="OpenShift",
        ),
        pytest.param(item("DaemonSet"), id="daemon set"),
    ],
)
def test_puts_back_exactly_what_was(found: dict[str, Any]) -> None:
    before = read(found)
    during = merge(found, _surge.change(before))
    changed = read(during)
    assert (changed.update.unavailable, changed.update.surge >= 1) == (0, True)
    assert json.loads(str(changed.original_strategy)) == before.strategy
    # A run that was killed here asks for nothing new in the next.
    assert _surge.change(changed) == {}
    after = merge(during, _surge.restore(changed))
    field = before.strategy_field
    assert after["spec"][field] == found["spec"][field]
    assert ORIGINAL_STRATEGY not in after["metadata"]["annotations"]


def test_is_not_slower_than_its_own_strategy() -> None:
    four = item(strategy={"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 1}}, replicas=4)
    rolling = _surge.change(read(four))["spec"]["strategy"]["rollingUpdate"]
    assert rolling == {"maxSurge": 4, "maxUnavailable": 0}


def test_asks_again_where_somebody_has_put_the_strategy_back_too_early() -> None:
    left = item(strategy=ONE_FEWER, annotations={ORIGINAL_STRATEGY: json.dumps(ONE_FEWER)})
    assert _surge.change(read(left)) == {"spec": {"strategy": ONE_MORE}}


def test_what_somebody_else_has_set_meanwhile_stays() -> None:
    left = item(strategy={"type": "Recreate"}, annotations={ORIGINAL_STRATEGY: "{}"})
    patch = _surge.restore(read(left))
    assert patch == {"metadata": {"annotations": {ORIGINAL_STRATEGY: None}}}


@pytest.mark.parametrize("record", ["no JSON", "[1]", ""])
def test_a_record_that_cannot_be_read_is_an_error_that_names_it(record: str) -> None:
    left = item(strategy=ONE_MORE, annotations={ORIGINAL_STRATEGY: record})
    with pytest.raises(MeshError, match="of Deployment shop/web is no record of a strategy"):
        _surge.restore(read(left))
