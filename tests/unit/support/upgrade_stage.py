# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An upgrade of one cluster without a mesh: an API server in memory, and stand-ins.

The roles, the journal, the lock and the report are the real ones. What looks at a mesh or changes
it is played by a stand-in, which answers as the test tells it to and writes down what it was asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support import (
    api_server,
    mesh_objects,
    played_collection,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.played_collection import Done

PLAYED = (
    "gateway_revision",
    "istio_revision",
    "istio_revision_tag",
    "mesh_gate",
    "mesh_preflight",
    "mesh_verify",
    "namespace_revision_label",
    "proxy_status",
    "upgrade_plan",
    "workload_restart",
)
LEASE = ("coordination.k8s.io/v1", "Lease", "istio-system", "meshwright-upgrade")
_WAVE = {
    "number": 1,
    "name": "first",
    "namespaces": ["shop"],
    "to_label": ["shop"],
    "workloads": ["shop/cart"],
    "gateways": [],
    "done": False,
}
_NAMESPACE = {"revision": "1-30", "injection": None, "source": "1-30"}
# One wave of one namespace, by either path.
_PLAN: dict[str, Any] = {
    "needed": True,
    "installed": False,
    "table": ["Wave 1: shop"],
    "record": {
        "sources": [{"revision": "1-30", "version": "1.30.4"}],
        "namespaces": {"shop": _NAMESPACE},
        "gateways": [],
        "tags": {},
        "settings": {"pilot": {"cpu": 1}},
        "replicas": 1,
        "cni": False,
    },
    "plan": {
        "sources": [{"revision": "1-30", "version": "1.30.4"}],
        "hops": ["1.31.0"],
        "waves": [_WAVE],
        "gateways": [],
        "gateways_due": False,
        "tags": [],
        "restore": [],
        "followers": [],
    },
}
QUICK: Mapping[str, Mapping[str, Any]] = {
    "canary": {"canary_version": "1.31.0", "canary_report_directory": ""},
    "in_place": {
        "in_place_version": "1.31.0",
        "in_place_istioctl_directory": "/opt/istio",
        "in_place_report_directory": "",
    },
    "verify": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The cluster, and the folder from which the playbooks are started."""

    folder: Path
    api: FakeApi

    def rule(self, *rules: Mapping[str, Any]) -> None:
        """From now on the stand-ins answer so; the first rule that fits counts."""
        plan = {"module": "upgrade_plan", "answer": _PLAN}
        (self.folder / "rules.json").write_text(json.dumps([*rules, plan]), encoding="utf-8")

    def write(self, name: str, content: Any) -> Path:
        """A file of the user's, beside which the playbook is started."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def asked(self, module: str) -> list[dict[str, Any]]:
        """What a stand-in was asked."""
        return played_collection.asked(self.folder, module)

    @property
    def journal(self) -> dict[str, Any]:
        return played_collection.journal(self.api)

    @property
    def holder(self) -> str | None:
        """Who has the lock."""
        holder: str | None = self.api.objects[LEASE]["spec"].get("holderIdentity")
        return holder

    def run(
        self,
        role: str,
        *options: str,
        playbook: str = "",
        extra: tuple[str, ...] = (),
        **given: Any,
    ) -> Done:
        """Run the role's playbook as a person does; `extra` are variables as texts."""
        (self.folder / "asked.jsonl").unlink(missing_ok=True)
        variables = {**QUICK[role], "kubeconfig": str(self.folder / "kubeconfig"), **given}
        return played_collection.run(
            self.folder,
            *(playbook or f"meshwright.istio.upgrade_{role}", *options),
            *("-e", json.dumps(variables)),
            *(part for each in extra for part in ("-e", each)),
            collections=self.folder / "collections",
        )


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A fresh one, of a cluster in which nothing is on record."""
    api = FakeApi(mesh_objects.namespace("istio-system"))
    with api_server.serving(api) as address:
        api_server.kubeconfig(folder / "kubeconfig", address)
        played_collection.build(folder / "collections", PLAYED)
        made = Stage(folder=folder, api=api)
        made.rule()
        yield made
