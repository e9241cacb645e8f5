# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As AWX runs it: ansible-runner, extra variables and nothing else, a job for each approval."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml

from sandbox.cluster import Cluster
from tests.integration.support.lab import NEW, Lab

LEASE = "/apis/coordination.k8s.io/v1/namespaces/istio-system/leases/meshwright-upgrade"
CLUSTER = "paris"
GONE = "oslo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job that has ended, with what it hands on."""

    status: str
    output: str
    handed_on: dict[str, Any]
    failures: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Awx:
    """Runs job templates on an inventory of clusters."""

    lab: Lab
    folder: Path

    def job(self, template: str, *, limit: str = CLUSTER, check: bool = False, **extra: Any) -> Job:
        """Launch one with extra variables; it has no terminal to ask anybody."""
        # Each job of AWX has a folder of its own; here the variables of the last one would stay.
        shutil.rmtree(self.folder / "env", ignore_errors=True)
        done = ansible_runner.run(
            private_data_dir=str(self.folder),
            playbook=f"{template}.yml",
            limit=limit,
            cmdline="--check" if check else None,
            extravars={**self.lab.ansible.variables, **extra},
            envvars={"ANSIBLE_COLLECTIONS_PATH": str(self.lab.ansible.collections)},
            quiet=True,
        )
        events = list(done.events)
        stats = [each for each in events if each["event"] == "playbook_on_stats"]
        failed = [each["event_data"] for each in events if each["event"] == "runner_on_failed"]
        return Job(
            status=done.status,
            output=done.stdout.read(),
            handed_on=stats[-1]["event_data"].get("artifact_data", {}) if stats else {},
            failures={each["host"]: str(each["res"].get("msg")) for each in failed},
        )


@pytest.fixture
def awx(upgrades: Lab, tmp_path: Path) -> Awx:
    """A project with a file for each playbook, and an inventory of two clusters; one is down."""
    folder = tmp_path / "runner"
    (folder / "project").mkdir(parents=True)
    for name in ("upgrade_canary", "roll_back", "retire_old_revision"):
        play = {"ansible.builtin.import_playbook": f"meshwright.istio.{name}"}
        (folder / "project" / f"{name}.yml").write_text(yaml.safe_dump([play]))
    gone = yaml.safe_load(upgrades.ansible.kubeconfig.read_text())
    gone["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    (folder / "gone.yml").write_text(yaml.safe_dump(gone))
    hosts = {
        CLUSTER: {"kubeconfig": str(upgrades.ansible.kubeconfig)},
        GONE: {"kubeconfig": str(folder / "gone.yml")},
    }
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = {"istio_clusters": {"hosts": hosts, "vars": variables}}
    (folder / "inventory").mkdir()
    (folder / "inventory" / "hosts.yml").write_text(yaml.safe_dump(inventory))
    return Awx(lab=upgrades, folder=folder)


def test_a_workflow_with_approvals(mesh: Cluster, awx: Awx) -> None:
    extra: dict[str, Any] = {"canary_soak": 0, "canary_drain": "rollout", "canary_max_parallel": 8}
    proof = awx.job("upgrade_canary", canary_stop_after="proof", **extra)
    assert proof.status == "successful", proof.output
    assert "Stopped after the phase proof" in proof.output
    assert awx.lab.revisions("shop") == {"default"}
    assert "holderIdentity" not in mesh.objects.get(LEASE)["spec"], "the lock must be free"
    assert not _result(proof)["finished"]

    waves = awx.job("upgrade_canary", canary_stop_after="waves", **extra)
    assert waves.status == "successful", waves.output
    assert awx.lab.revisions("shop") == {NEW}
    assert awx.lab.revisions("istio-ingress") == {"default"}

    last = awx.job("upgrade_canary", **extra)
    assert last.status == "successful", last.output
    assert awx.lab.revisions("istio-ingress") == {NEW}
    result = _result(last)
    assert result["finished"]
    assert (result["revision"], result["version"]) == (NEW, "1.31.0")
    assert result["proxies"]["by_revision"] == {NEW: 11}

    retired = awx.job("retire_old_revision", canary_old_revision="default")
    assert retired.status == "successful", retired.output
    assert awx.lab.tags() == {"default": NEW}


def _result(job: Job) -> dict[str, Any]:
    """What the next job of the workflow gets as extra variables; by host: there may be several."""
    found: dict[str, Any] = job.handed_on["canary_results"][CLUSTER]
    json.dumps(found)
    return found


def test_each_cluster_has_its_own_result(mesh: Cluster, awx: Awx) -> None:
    job = awx.job("upgrade_canary", limit=f"{CLUSTER},{GONE}", check=True)
    assert job.status == "failed"
    assert set(job.failures) == {GONE}
    assert "http://127.0.0.1:9 cannot be reached" in job.failures[GONE]
    assert f"tag       default: from default to {NEW}" in job.output
    assert awx.lab.revisions("shop") == {"default"}
    assert mesh.objects.get("/api/v1/namespaces/shop")["metadata"]["labels"]
