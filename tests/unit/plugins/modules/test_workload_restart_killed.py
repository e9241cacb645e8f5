# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Restarts that are killed after each of their writes, for every kind of workload.

These are hundreds of runs, so they are not repeated under each ansible-core.
"""

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.tests.unit.support import restarting
from ansible_collections.meshwright.istio.tests.unit.support.restarting import (
    KINDS,
    restart,
    revisions,
)
from ansible_collections.meshwright.istio.tests.unit.support.running_mesh import KilledError


@pytest.fixture(autouse=True)
def time_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    restarting.tie_clocks(monkeypatch)


@pytest.mark.parametrize("later", [0, 5], ids=["at once", "seconds later"])
@pytest.mark.parametrize("eager", [True, False], ids=["eager controllers", "slow controllers"])
@pytest.mark.parametrize("case", sorted(KINDS.keys() - {"large", "headless"}))
def test_a_run_killed_after_any_write_is_finished_by_the_next(
    case: str, eager: bool, later: int
) -> None:
    kind = KINDS[case]
    replicas = kind.item["spec"]["replicas"]
    for number in range(1, 100):
        api = kind.cluster()
        api.controllers.eager, api.kill_after = eager, number
        try:
            restart(api)
            break
        except KilledError:
            api.let_live()
        api.run_on(later)
        result = restart(api)
        assert (number, result["rc"]) == (number, 0), result["msg"]
        assert (number, revisions(api), api.marked()) == (number, ["1-31"] * replicas, [])
        assert (number, api.network.lost) == (number, [])
        assert (number, api.fewest["web"]) == (number, kind.fewest)
        assert (number, api.controllers.made["web"]) == (number, replicas)
        assert restart(api)["changed"] is False
    assert number > 2
