# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A switchover without a cluster: two API servers in memory, a director that is a file, stand-ins.

The role, its plan, the journals and the locks are the real ones. What looks at a mesh is played by
a stand-in, which answers as the test tells it to and writes down what it was asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.meshwright.istio.plugins.module_utils import _journal_request, _record
from ansible_collections.meshwright.istio.plugins.modules import upgrade_journal
from ansible_collections.meshwright.istio.tests.unit.support import api_server, played_collection
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.played_collection import Done

HERE = Path(__file__).resolve()
PLAYED = (
    "gateway_traffic",
    "istio_config_copy",
    "istio_revision",
    "mesh_compare",
    "mesh_gate",
    "mesh_verify",
)
QUICK: dict[str, Any] = {
    "switchover_source": "oslo",
    "switchover_target": "bergen",
    "switchover_director": "custom",
    "switchover_steps": [40, 100],
    "switchover_trial_probes": [{"name": "shop", "url": "http://127.0.0.1:1/"}],
    "switchover_trial_seconds": 2,
    "switchover_soak": 7,
    "switchover_settle_timeout": 1,
    "switchover_report_directory": "",
}

Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Two clusters, a director, and the folder in which all of it lies."""

    folder: Path
    source: FakeApi
    target: FakeApi

    @property
    def director(self) -> dict[str, Any]:
        """The share, everything that it has ever been, and who wrote it."""
        found: dict[str, Any] = json.loads((self.folder / "director.json").read_text())
        return found

    def set_director(self, **state: Any) -> None:
        """From now on it is so: `target_well` is its health check, and an answer `lacks` a key."""
        content = {**self.director, **state}
        (self.folder / "director.json").write_text(json.dumps(content), encoding="utf-8")

    def open_journal(self, api: FakeApi, **upgrade: str) -> None:
        """Another upgrade is under way in a cluster."""
        now = datetime.now(UTC)
        params = {
            **{
                name: option.get("default")
                for name, option in upgrade_journal.argument_spec().items()
            },
            **upgrade,
            "action": "open",
            "run_id": "another run",
        }
        _record.change(api, "istio-system", _journal_request.from_params(params, now), dry=False)

    def rule(self, *rules: Rule) -> None:
        """From now on the stand-ins answer so; the first rule that fits counts."""
        (self.folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")

    def asked(self, module: str) -> list[dict[str, Any]]:
        """What a stand-in was asked, with the share at that time."""
        return played_collection.asked(self.folder, module)

    def journal(self, api: FakeApi) -> dict[str, Any]:
        """The record in a cluster."""
        return played_collection.journal(api)

    def run(
        self, *options: str, playbook: str = "upgrade_switchover", kill_at: int = 0, **given: Any
    ) -> Done:
        """Run a playbook as a person does; SIGKILL it at the start of that task, counted from 1."""
        variables = {**QUICK, "switchover_director_tasks": str(self.folder / "director.yml")}
        (self.folder / "started").write_text("0", encoding="utf-8")
        return played_collection.run(
            self.folder,
            f"meshwright.istio.{playbook}",
            *("-i", str(self.folder / "inventory.yml"), *options),
            *("-e", json.dumps({**variables, **given})),
            collections=self.folder,
            ANSIBLE_CALLBACK_PLUGINS=str(HERE.parent / "callback"),
            ANSIBLE_CALLBACKS_ENABLED="kill_at",
            MESHWRIGHT_KILL_AT=str(kill_at),
        )

    @property
    def tasks_started(self) -> int:
        """How many tasks the last run has begun."""
        return int((self.folder / "started").read_text())


@contextmanager
def stage(folder: Path, *, target_version: str = "1.31.0") -> Iterator[Stage]:
    """A fresh one, in which all requests go to the source."""
    source, target = cluster("uid-oslo", "1.30.4"), cluster("uid-bergen", target_version)
    with ExitStack() as stack:
        hosts = {}
        for name, api in (("oslo", source), ("bergen", target)):
            address = stack.enter_context(api_server.serving(api))
            config = api_server.kubeconfig(folder / f"{name}.kubeconfig", address)
            hosts[name] = {"kubeconfig": str(config)}
        _write_yaml(folder / "inventory.yml", {"all": {"hosts": hosts}})
        _write_yaml(folder / "director.yml", _director(folder / "director.json"))
        (folder / "director.json").write_text(
            json.dumps({"share": 0, "writer": "", "history": [], "calls": []}), encoding="utf-8"
        )
        played_collection.build(folder, PLAYED)
        made = Stage(folder=folder, source=source, target=target)
        made.rule()
        yield made


def cluster(uid: str, version: str) -> FakeApi:
    """One with that Istio, or without one."""
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "uid": uid}}
        for name in ("kube-system", "istio-system")
    ]
    plane = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "istiod", "namespace": "istio-system", "labels": {"app": "istiod"}},
        "spec": {
            "replicas": 1,
            "template": {
                "spec": {"containers": [{"name": "discovery", "image": f"hub/pilot:{version}"}]}
            },
        },
    }
    return FakeApi(*spaces, *([plane] if version else []))


def _director(file: Path) -> list[dict[str, Any]]:
    """A director of a user's own, as the guide has it: the share is what the file says."""
    answer = (
        "{{ {'share': state.share, 'holds': true, 'reason': '', 'writer': state.writer,"
        " 'object': 'the file', 'healthy': {'source': none,"
        " 'target': state.target_well | default(none)}, 'idle': state.idle | default(0)}"
        " | dict2items"
        " | rejectattr('key', 'eq', state.lacks | default('')) | items2dict }}"
    )
    lifetime = {"seconds": "{{ state.lifetime | default(0) }}"}
    share = (
        "{{ state | combine({'share': switchover_share | int, 'writer': '',"
        " 'history': state.history + [switchover_share | int]}) | to_json }}"
    )
    call = "{{ state | combine({'calls': state.calls + [switchover_operation]}) | to_json }}"

    def task(name: str, *conditions: str, **action: Any) -> dict[str, Any]:
        state = "{{ kept.content | b64decode | from_json }}"
        when = {"when": list(conditions), "vars": {"state": state}} if conditions else {}
        return {"name": f"director | {name}", **action, **when}

    def write(content: str) -> dict[str, Any]:
        return {"ansible.builtin.copy": {"dest": str(file), "content": content, "mode": "0600"}}

    def tell(value: Any) -> dict[str, Any]:
        return {"ansible.builtin.set_fact": {"switchover_answer": value}}

    slurp = {"ansible.builtin.slurp": {"src": str(file)}, "register": "kept", "check_mode": False}
    changes = "state.share | int != switchover_share | int"
    return [
        task("Read the file", **slurp),
        task("Tell the share", "switchover_operation == 'read'", **tell(answer)),
        task("Set the share", "switchover_operation == 'set'", changes, **write(share)),
        task("Tell the lifetime", "switchover_operation == 'lifetime'", **tell(lifetime)),
        task("Shut what is open", "switchover_operation == 'shut'", **write(call)),
    ]


def _write_yaml(path: Path, content: Any) -> None:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
