# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _surge
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._surge import SurgeMode
from ansible_collections.meshwright.istio.plugins.module_utils._workload import (
    ORIGINAL_STRATEGY,
    Workload,
)
from ansible_collections.meshwright.istio.tests.unit.support import workload_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import merge

ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
RECREATE = {"type": "Recreate"}
CLAIM = {"volumes": [{"name": "x"}, {"persistentVolumeClaim": {"claimName": "data"}}]}
PORT = {"containers": [{"name": "app", "ports": [{"hostPort": 80}]}]}
TIGHT = Budget(namespace="shop", name="tight", selector=None, allowed=0, at_best=0)


def item(kind: str = "Deployment", **more: Any) -> dict[str, Any]:
    found = workload_objects.workload("web", kind=kind, **more)
    return {**found, "status": {"desiredNumberScheduled": 1}}


def workload(kind: str = "Deployment", **more: Any) -> Workload:
    return Workload.from_object(item(kind, **more))


@pytest.mark.parametrize(
    ("found", "mode", "surge", "gap"),
    [
        pytest.param(workload(), "safe", False, None, id="surges by itself"),
        pytest.param(workload(strategy=ROLLING), "safe", True, None, id="single"),
        pytest.param(workload(strategy=ROLLING, replicas=2), "safe", False, None, id="two"),
        pytest.param(workload(strategy=ROLLING), "never", False, "surge is never", id="never"),
        pytest.param(
            workload(strategy=RECREATE), "safe", False, "Recreate asks for", id="recreate"
        ),
        pytest.param(workload(strategy=RECREATE), "always", True, None, id="recreate, always"),
        pytest.param(workload(strategy=ROLLING, pod=CLAIM), "safe", False, "claims", id="claims"),
        pytest.param(workload(strategy=ROLLING, pod=PORT), "always", False, "port", id="port"),
        pytest.param(
            workload("StatefulSet"), "always", False, "a StatefulSet takes", id="stateful"
        ),
        pytest.param(workload("Rollout"), "always", False, "Argo evicts", id="rollout"),
        pytest.param(
            workload("DaemonSet", strategy={"type": "OnDelete"}),
            "safe",
            False,
            "OnDelete",
            id="by hand",
        ),
        pytest.param(workload("DaemonSet"), "safe", True, None, id="daemon"),
    ],
)
def test_gets_another_strategy_only_where_none_would_be_ready(
    found: Workload, mode: str, surge: bool, gap: str | None
) -> None:
    footing = _surge.footing(found, [], SurgeMode(mode))
    assert footing.surge is surge
    assert (gap or "") in (footing.gap or "")
    assert bool(footing.gap) is bool(gap)


def test_gets_another_strategy_where_a_budget_wants_it() -> None:
    assert _surge.footing(workload(strategy=ROLLING, replicas=2), [TIGHT], SurgeMode.SAFE).surge


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [
        ("Deployment", ROLLING),
        ("Deployment", RECREATE),
        ("Deployment", {}),
        ("DaemonSet", {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}),
        ("DeploymentConfig", {"type": "Rolling", "rollingParams": {"maxSurge": 0, "timeout": 5}}),
        ("DeploymentConfig", {"type": "Recreate"}),
    ],
)
def test_put_back_it_is_as_it_was(kind: str, strategy: dict[str, Any]) -> None:
    before = item(kind, strategy=strategy, annotations={"kept": "yes"})
    changed = merge(before, _surge.change(Workload.from_object(before)))
    assert Workload.from_object(changed).update.unavailable == 0
    assert merge(changed, _surge.restore(Workload.from_object(changed))) == before


def test_keeps_the_first_record() -> None:
    before = item(strategy=ROLLING)
    changed = merge(before, _surge.change(Workload.from_object(before)))
    assert _surge.change(Workload.from_object(changed)) == {}
    record = {ORIGINAL_STRATEGY: '{"type": "Recreate"}'}
    left = workload(strategy=ROLLING, annotations=record)
    assert _surge.change(left).keys() == {"spec"}


def test_what_somebody_else_has_set_meanwhile_stays() -> None:
    record = {ORIGINAL_STRATEGY: '{"type": "Recreate"}'}
    found = workload(strategy=ROLLING, annotations=record)
    assert _surge.restore(found) == {"metadata": {"annotations": {ORIGINAL_STRATEGY: None}}}


@pytest.mark.parametrize("text", ["", "{", "[]", "5"])
def test_a_record_that_is_none_is_told(text: str) -> None:
    before = item(strategy=ROLLING)
    changed = merge(before, _surge.change(Workload.from_object(before)))
    changed["metadata"]["annotations"][ORIGINAL_STRATEGY] = text or " "
    with pytest.raises(MeshError, match="is no record of a strategy"):
        _surge.restore(Workload.from_object(changed))
