# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A canary without a cluster: an API server in memory with two control planes, and stand-ins.

The role, its plan, the journal, the lock and what changes namespaces are the real ones. The rest
is played by stand-ins, as in a switchover's stage, and so is what a test names besides. There are
no pods but those that the test puts there, and no tag moves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support import (
    api_server,
    canary_meshes,
    played_collection,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import namespace
from ansible_collections.meshwright.istio.tests.unit.support.played_collection import Done

PLAYED = ("istio_revision", "istio_revision_tag", "mesh_gate", "mesh_preflight", "proxy_status")
OLD, NEW = "1-30", "1-31"
REVISION = "istio.io/rev"
_UPGRADE = {"canary_version": "1.31.0", "canary_soak": 0, "canary_waves": [{"share": 100}]}
_ALWAYS = {"canary_report_directory": ""}
_PROOF = {"changed": True, "proof": {"istiod_image": "hub.example.org/pilot:1.31.0"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A cluster, and the folder in which the rest lies."""

    folder: Path
    api: FakeApi
    address: str

    def rule(self, *rules: Mapping[str, Any]) -> None:
        """From now on the stand-ins answer so; the first rule that fits counts."""
        always = {"module": "istio_revision", "answer": _PROOF}
        (self.folder / "rules.json").write_text(json.dumps([*rules, always]), encoding="utf-8")

    def asked(self, module: str) -> list[dict[str, Any]]:
        """What a stand-in was asked."""
        return played_collection.asked(self.folder, module)

    @property
    def journal(self) -> dict[str, Any]:
        """The record of the upgrade."""
        return played_collection.journal(self.api)

    def labels(self, name: str) -> dict[str, str]:
        """Those of a namespace."""
        item = self.api.objects["v1", "Namespace", None, name]
        return dict(item["metadata"].get("labels") or {})

    def upgrade(self, *options: str, **given: Any) -> Done:
        """Run upgrade_canary.yml."""
        return self.run("upgrade_canary", *options, **_UPGRADE, **given)

    def roll_back(self, *options: str, **given: Any) -> Done:
        """Run roll_back.yml."""
        return self.run("roll_back", *options, **given)

    def hook(self, *tasks: Mapping[str, Any]) -> str:
        """A file with tasks, for one of the hooks."""
        path = self.folder / f"hook-{len(list(self.folder.glob('hook-*')))}.yml"
        path.write_text(json.dumps(tasks), encoding="utf-8")
        return str(path)

    def deletes(self, namespace: str) -> Mapping[str, Any]:
        """A task that deletes a namespace."""
        url = f"{self.address}/api/v1/namespaces/{namespace}"
        asks = {"url": url, "method": "DELETE", "status_code": [200, 404]}
        return {"name": "hook | Delete a namespace", "ansible.builtin.uri": asks}

    def run(self, playbook: str, *options: str, **given: Any) -> Done:
        """Run a playbook as a person does."""
        return played_collection.run(
            self.folder,
            *(f"meshwright.istio.{playbook}", *options),
            *("-e", json.dumps({**_ALWAYS, **given})),
            collections=self.folder,
            K8S_AUTH_KUBECONFIG=str(self.folder / "kubeconfig"),
        )


@contextmanager
def stage(folder: Path, *objects: Mapping[str, Any], played: Sequence[str] = ()) -> Iterator[Stage]:
    """A fresh one, with both control planes installed and the tags at the old one."""
    api = FakeApi(
        *canary_meshes.plane(OLD, "1.30.4"),
        *canary_meshes.plane(NEW, "1.31.0"),
        canary_meshes.tag("default", OLD),
        canary_meshes.tag("prod", OLD),
        namespace("istio-system"),
        *objects,
    )
    with api_server.serving(api) as address:
        api_server.kubeconfig(folder / "kubeconfig", address)
        played_collection.build(folder, (*PLAYED, *played))
        (folder / "director.json").write_text(json.dumps({"share": 0}), encoding="utf-8")
        made = Stage(folder=folder, api=api, address=address)
        made.rule()
        yield made
