# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A director's task file, asked by ansible-playbook as the role asks it, without any cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration.support.playing import CHECKOUT, Ansible, Played

DIRECTORS = CHECKOUT / "roles/switchover/tasks/directors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Director:
    """One of them with its settings."""

    name: str
    settings: Mapping[str, Any]
    scratch: Path
    variables: Mapping[str, Any]

    def play(
        self, operation: str, *, check: bool = False, fails: bool = False, **variables: Any
    ) -> Played:
        """Ask for an operation."""
        ansible = Ansible(kubeconfig=self.scratch / "none", scratch=self.scratch)
        return ansible.tasks(
            {"ansible.builtin.set_fact": {"switchover_answer": {}}},
            {
                "name": "ask",
                "ansible.builtin.include_tasks": str(DIRECTORS / f"{self.name}.yml"),
                "vars": {
                    **self.variables,
                    **variables,
                    f"switchover_{self.name}": self.settings,
                    "switchover_operation": operation,
                },
            },
            {"name": "answer", "ansible.builtin.debug": {"msg": "{{ switchover_answer }}"}},
            check=check,
            fails=fails,
        )

    def answer(self, operation: str, *, check: bool = False, **variables: Any) -> dict[str, Any]:
        """What it has answered."""
        played = self.play(operation, check=check, **variables)
        found: dict[str, Any] = played.outcomes[-1].result["msg"]
        return found

    def refusal(self, operation: str, **variables: Any) -> str:
        """The sentence with which it has refused; it has written nothing."""
        played = self.play(operation, fails=True, **variables)
        assert played.changed == []
        return played.failure

    def set(self, share: int, *, check: bool = False) -> list[str]:
        """Set a share; the tasks that have changed something."""
        return self.play("set", check=check, switchover_share=share).changed
