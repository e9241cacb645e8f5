# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The switchover between the two clusters of a sandbox, run as a person runs it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.cluster import Cluster
from tests.integration.support.playing import CHECKOUT, Ansible

PLAYBOOK = "meshwright.istio.upgrade_switchover"
_EXAMPLE = CHECKOUT / "examples" / "sandbox_switchover.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching(Ansible):
    """As `Ansible`, but the clusters are hosts of an inventory: no kubeconfig is for all tasks."""

    kubeconfig: Path = Path(os.devnull)
    inventory: Path

    def command(
        self, playbook: str | Path, *options: str, check: bool = False, **variables: Any
    ) -> list[str]:
        extra = json.dumps({**self.variables, **variables})
        modes = ["--check", "--diff"] if check else []
        with_inventory = ["ansible-playbook", str(playbook), "-i", str(self.inventory)]
        return [*with_inventory, *modes, *options, "-e", extra]


def write_inventory(path: Path, *clusters: Cluster) -> Path:
    """A host a cluster, by its name in the sandbox."""
    hosts = {
        cluster.name: {
            "ansible_connection": "local",
            "kubeconfig": str(cluster.kubeconfig),
            "sandbox_address": cluster.node_address,
        }
        for cluster in clusters
    }
    path.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    return path


def settings(source: Cluster, target: Cluster) -> dict[str, Any]:
    """What a switchover from one to the other takes, as the example has it."""
    example: dict[str, Any] = yaml.safe_load(_EXAMPLE.read_text(encoding="utf-8"))
    return {**example, "switchover_source": source.name, "switchover_target": target.name}
