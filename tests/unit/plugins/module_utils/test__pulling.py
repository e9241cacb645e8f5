# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._pulling import Pulling

Object = dict[str, Any]
ON_SSD = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
TOLERATED = [{"key": "infra", "operator": "Exists"}]
PLACED = {
    "nodeSelector": {"disk": "ssd"},
    "tolerations": TOLERATED,
    "affinity": {"nodeAffinity": ON_SSD, "podAntiAffinity": {"preferred": []}},
    "priorityClassName": "high",
}
PLACEMENT = {
    "nodeSelector": {"disk": "ssd"},
    "tolerations": TOLERATED,
    "affinity": {"nodeAffinity": ON_SSD},
}


def deployment(**spec: Any) -> Object:
    return {"spec": {"template": {"spec": spec}}}


def test_reads_the_secrets_of_the_account_and_of_the_pod() -> None:
    account = {"imagePullSecrets": [{"name": "ours"}, {"name": "theirs"}]}
    istiod = deployment(imagePullSecrets=[{"name": "own"}])
    found = Pulling.of_objects(istiod, account, ["theirs", "given"])
    assert found.secrets == ("own", "ours", "theirs", "given")
    assert Pulling.of_objects(deployment(), None) == Pulling()
    assert Pulling.of_objects(deployment(), {"imagePullSecrets": None}) == Pulling()


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(Pulling.of_objects(deployment(**PLACED), None), id="Deployment"),
        pytest.param(Pulling.of_values({"pilot": PLACED}), id="values of istioctl"),
        pytest.param(Pulling.of_values(PLACED), id="values of the chart"),
    ],
)
def test_reads_what_is_said_about_nodes(found: Pulling) -> None:
    assert found.placement == PLACEMENT


def test_keeps_away_from_no_other_istiod() -> None:
    """It would wait for a node without one, which istiod itself may replace another on."""
    apart = deployment(affinity={"podAntiAffinity": {"preferred": []}})
    assert Pulling.of_objects(apart, None).placement == {}


def test_reads_the_secrets_of_the_values() -> None:
    values = {"global": {"imagePullSecrets": ["a", "b"]}}
    assert Pulling.of_values(values).secrets == ("a", "b")
    assert Pulling.of_values({}) == Pulling()
