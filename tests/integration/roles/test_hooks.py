# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hook that cannot be included is a failure like any other: what has moved goes back."""

from __future__ import annotations

import pytest
from ansible_collections.meshwright.istio.tests.unit.support.upgrade_stage import Stage


@pytest.mark.parametrize("role", ["canary", "in_place"])
def test_a_hook_that_is_gone_after_a_wave_takes_the_wave_back(stage: Stage, role: str) -> None:
    gone = stage.write("gone.yml", [])
    remove = {"ansible.builtin.file": {"path": str(gone), "state": "absent"}}
    stage.write("remove.yml", [{"name": "Remove the other hook", **remove}])
    hooks = {f"{role}_before_wave": ["remove.yml"], f"{role}_after_wave": ["gone.yml"]}
    done = stage.run(role, **hooks)
    assert done.code == 2, done.output
    assert "wave 1, failed at 'a file that could not be included'" in done.message
    # There and back.
    assert len(stage.asked("workload_restart")) == 2
    ends = {"canary": ("wave_moved", False), "in_place": ("rolled_back", True)}
    assert (stage.journal["phase"], stage.journal["closed"] is not None) == ends[role]
    assert stage.holder is None
