# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed in the middle of a wave, or stopped by its gate, is finished by the next."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from sandbox import features
from sandbox.cluster import Cluster
from tests.integration.support import playing, reading
from tests.integration.support.lab import NEW, Lab

UPGRADE = "meshwright.istio.upgrade_canary"
QUICK: dict[str, Any] = {"canary_soak": 0, "canary_drain": "rollout", "canary_max_parallel": 1}
FIRST_RESTART = "PATCH /apis/apps/v1/namespaces/shop/deployments/"
# Nobody listens there, so its gate cannot hold.
SHUT = {"name": "shut", "url": "http://127.0.0.1:9/", "timeout": 1}
# It matters only when nothing comes.
_PATIENCE = 600


def test_a_killed_run_is_finished_by_the_next(mesh: Cluster, upgrades: Lab) -> None:
    _kill_in_the_wave(upgrades)
    assert len(upgrades.revisions("shop")) == 2, "it must have been in the middle"
    stopped = upgrades.ansible.play(
        UPGRADE, fails=True, canary_gate_probes=[SHUT], canary_on_failure="stop", **QUICK
    )
    [opened] = [each for each in stopped.of("upgrade_journal") if "Take the lock" in each.name]
    assert opened.result["resumed"]
    assert opened.result["taken_over_from"]
    assert "shut" in stopped.failure
    assert upgrades.revisions("shop") == {NEW}, "all of the wave has moved"
    done = upgrades.ansible.play(UPGRADE, **QUICK)
    # That of the wave, although nothing of it was left to move, and that of the gateways.
    assert len([each for each in done.of("mesh_gate") if "Hold the gate" in each.name]) == 2
    for namespace in ("shop", "istio-ingress", "istio-egress"):
        assert upgrades.revisions(namespace) == {NEW}
    assert upgrades.tags() == {"default": NEW}
    # Some of the old pods may still be on their way out.
    reading.quiet(mesh)
    assert all(each.ok for each in features.check(mesh))
    again = upgrades.ansible.play(UPGRADE, **QUICK)
    assert again.changed == []


def _kill_in_the_wave(lab: Lab) -> None:
    """SIGKILL to ansible-playbook and all its children, while it restarts."""
    lab.recorder.take()
    ansible = lab.ansible
    outcomes = ansible.scratch / "killed.jsonl"
    with subprocess.Popen(
        ansible.command(UPGRADE, **QUICK),
        cwd=ansible.scratch,
        env=ansible.environment(outcomes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        end = time.monotonic() + _PATIENCE
        while not any(each.startswith(FIRST_RESTART) for each in lab.recorder.writes()):
            assert run.poll() is None, "it has ended before it was killed"
            assert time.monotonic() < end, "it has restarted nothing"
            time.sleep(0.1)
        _wait_for_a_new_pod(lab)
        playing.kill(run, outcomes)


def _wait_for_a_new_pod(lab: Lab) -> None:
    end = time.monotonic() + _PATIENCE
    while NEW not in lab.revisions("shop"):
        assert time.monotonic() < end, "no pod has moved"
        time.sleep(0.1)
