# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection with some of its modules played by a stand-in, for tests of roles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

_HERE = Path(__file__).resolve()
_ROOT = _HERE.parents[3]
# What a person's shell says to Ansible and to the modules.
_FOREIGN = ("ANSIBLE_", "K8S_AUTH_", "KUBECONFIG", "PWD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A run that has ended."""

    code: int
    output: str

    @property
    def message(self) -> str:
        """All that was said, on one line."""
        return " ".join(self.output.split())


def run(folder: Path, *arguments: str, collections: Path, **environment: str) -> Done:
    """Run ansible-playbook in the folder, as a person does, with these collections."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", *arguments],
        cwd=folder,
        env={
            **own,
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_PIPELINING": "true",
            "MESHWRIGHT_STAGE": str(folder),
            "PWD": str(folder),
            "LC_ALL": "C.UTF-8",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Done(code=done.returncode, output=done.stdout)


def asked(folder: Path, module: str) -> list[dict[str, Any]]:
    """What the stand-in of a module was asked."""
    file = folder / "asked.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [each for each in map(json.loads, lines) if each["module"] == module]


def journal(api: FakeApi) -> dict[str, Any]:
    """The record of the upgrade, the one ConfigMap of a cluster that is in memory."""
    [item] = [each for key, each in api.objects.items() if key[1] == "ConfigMap"]
    found: dict[str, Any] = json.loads(item["data"]["journal.json"])
    return found


def build(collections: Path, played: Sequence[str]) -> None:
    """By links to this checkout, but for the modules that are played."""
    place = collections / "ansible_collections/meshwright/istio"
    own = ("modules", "action")
    (place / "plugins").mkdir(parents=True)
    _link(_ROOT, place, ("plugins",))
    _link(_ROOT / "plugins", place / "plugins", own)
    for kind in own:
        (place / "plugins" / kind).mkdir()
        _link(_ROOT / "plugins" / kind, place / "plugins" / kind, [f"{name}.py" for name in played])
    stand_in = (_HERE.parent / "stand_in.py.txt").read_text(encoding="utf-8")
    for name in played:
        (place / "plugins/modules" / f"{name}.py").write_text(
            f"#!/usr/bin/python\n{stand_in}\nplay('{name}')\n", encoding="utf-8"
        )


def _link(source: Path, place: Path, without: Sequence[str]) -> None:
    for entry in source.iterdir():
        if entry.name not in (*without, ".git", ".collections", "__pycache__"):
            (place / entry.name).symlink_to(entry)
