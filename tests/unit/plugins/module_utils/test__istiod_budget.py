# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils import _istiod_budget, _manifest
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision
from ansible_collections.meshwright.istio.tests.unit.support import rendering
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

REVISION = Revision(name="1-31", namespace="istio-system")


def budget(least: int | None = None, most: int | None = None) -> dict[str, int | None]:
    return {"min_available": least, "max_unavailable": most}


@pytest.mark.parametrize(
    ("limits", "replicas"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(budget(most=1), None, id="so many away"),
        pytest.param(budget(least=1), 2, id="so many there"),
    ],
)
def test_takes_a_budget_that_lets_nodes_be_drained(
    limits: dict[str, int | None] | None, replicas: int | None
) -> None:
    _istiod_budget.check(limits, replicas)


@pytest.mark.parametrize(
    ("limits", "replicas", "message"),
    [
        pytest.param(budget(), 2, "right is one of them", id="empty"),
        pytest.param(budget(1, 1), 2, "right is one of them", id="both"),
        pytest.param(budget(most=0), 2, "max_unavailable 0; right is 1 or more", id="none away"),
        pytest.param(budget(least=2), 2, "min_available 2 with replicas 2", id="all there"),
        pytest.param(budget(least=0), 2, "min_available 0 with replicas 2", id="none there"),
        pytest.param(budget(least=1), None, "with replicas None", id="an unknown number"),
    ],
)
def test_refuses_one_that_forbids_it(
    limits: dict[str, int | None], replicas: int | None, message: str
) -> None:
    with pytest.raises(BadInputError, match=f"^disruption_budget: .*{message}"):
        _istiod_budget.check(limits, replicas)


def test_takes_the_place_of_the_charts_own() -> None:
    documents = rendering.render("1.31.0", {"revision": "1-31"})
    own = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "istiod-1-31", "namespace": "istio-system", "labels": {}},
        "spec": {"minAvailable": 1},
    }
    parts = _manifest.read(FakeApi(), [*documents, own], REVISION)
    assert _istiod_budget.add(parts, REVISION, None) == parts
    found = [
        part.document
        for part in _istiod_budget.add(parts, REVISION, budget(most=1))
        if part.target.kind.kind == "PodDisruptionBudget"
    ]
    selector = {"matchLabels": {"app": "istiod", "istio.io/rev": "1-31"}}
    assert [each["spec"] for each in found] == [{"maxUnavailable": 1, "selector": selector}]
    assert found[0]["metadata"]["labels"]["app"] == "istiod"
