# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run at a time has the lock, and what is on record outlives them all."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest
import yaml

from sandbox.cluster import Cluster
from tests.integration.support import playing
from tests.integration.support.lab import NEW, Lab
from tests.integration.support.playing import Ansible

LEASE = "/apis/coordination.k8s.io/v1/namespaces/istio-system/leases/meshwright-upgrade"
RECORD = "/api/v1/namespaces/istio-system/configmaps/meshwright-upgrade"
OPEN: dict[str, Any] = {"action": "open", "source": "default", "target": NEW}
ONE, OTHER = "job-1", "job-2"
HOLDING = "holding.jsonl"


@pytest.fixture
def clean(mesh: Cluster) -> Cluster:
    """A mesh on which no upgrade is on record; a reset leaves Leases alone."""
    mesh.objects.delete(LEASE)
    mesh.objects.delete(RECORD)
    return mesh


def _holder(cluster: Cluster) -> str | None:
    spec: dict[str, Any] = cluster.objects.get(LEASE)["spec"]
    return spec.get("holderIdentity")


def test_two_runs_one_after_the_other(clean: Cluster, lab: Lab) -> None:
    opened = lab.prove("upgrade_journal", **OPEN, run_id=ONE, facts={"labels": {"shop": "x"}})
    assert _holder(clean) == ONE
    assert opened.difference.added == {
        "leases/istio-system/meshwright-upgrade",
        "configmaps/istio-system/meshwright-upgrade",
    }

    refused = lab.refused("upgrade_journal", **OPEN, run_id=OTHER)
    assert ONE in refused.message
    assert refused.result["lock"]["since"] in refused.message
    refused = lab.refused(
        "upgrade_journal", action="advance", phase="revision_installed", run_id=OTHER
    )
    assert ONE in refused.message

    lab.prove("upgrade_journal", action="advance", phase="wave_moved", wave=1, run_id=ONE)
    lab.prove("upgrade_journal", action="pause", note="Waits.", run_id=ONE)
    assert _holder(clean) is None

    resumed = lab.prove("upgrade_journal", **OPEN, run_id=OTHER)
    assert resumed.done.result["resumed"]
    journal = resumed.done.result["journal"]
    assert (journal["phase"], journal["wave"]) == ("wave_moved", 1)
    assert journal["facts"] == {"labels": {"shop": "x"}}
    lab.prove("upgrade_journal", action="close", run_id=OTHER)
    assert _holder(clean) is None
    read = lab.ansible.module("upgrade_journal", action="read")
    assert read.result["journal"]["phase"] == "done"


def test_a_run_that_was_killed_loses_its_lock_at_once(clean: Cluster, lab: Lab) -> None:
    """Without a name of its own a run is its process, which can be seen to be gone."""
    first = _start_and_hold(lab.ansible)
    try:
        end = time.monotonic() + 120
        # The lock is there before the record is: what is written late would be the other's.
        while not _has_ended_a_task(lab.ansible) and time.monotonic() < end:
            time.sleep(0.2)
        alive = lab.refused("upgrade_journal", **OPEN)
        assert str(_holder(clean)) in alive.message
    finally:
        playing.kill(first, lab.ansible.scratch / HOLDING)
    taken = lab.ansible.module("upgrade_journal", **OPEN)
    assert taken.result["taken_over_from"] == alive.result["lock"]["holder"]


def _has_ended_a_task(ansible: Ansible) -> bool:
    outcomes = ansible.scratch / HOLDING
    return outcomes.exists() and outcomes.read_text(encoding="utf-8").endswith("\n")


def _start_and_hold(ansible: Ansible) -> subprocess.Popen[bytes]:
    """A run that has taken the lock and then does something that takes long."""
    connection = {"kubeconfig": str(ansible.kubeconfig)}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {"meshwright.istio.upgrade_journal": {**OPEN, **connection}},
            {"ansible.builtin.command": {"cmd": "sleep 600"}},
        ],
    }
    path = ansible.scratch / "holding.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    return subprocess.Popen(
        ansible.command(path),
        cwd=ansible.scratch,
        env=ansible.environment(ansible.scratch / HOLDING),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
