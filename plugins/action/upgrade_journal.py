# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell the module which run it belongs to: only here is the process of ansible-playbook known."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible_collections.meshwright.istio.plugins.module_utils import _run_id
from ansible_collections.meshwright.istio.plugins.plugin_utils._module_action import (
    ModuleAction,
    load_module,
)


class ActionModule(ModuleAction):
    """Runs the module with `run_id` filled in."""

    module = load_module("upgrade_journal")

    def arguments(self) -> dict[str, Any]:
        """The task's own, and the run."""
        given = super().arguments()
        return {**given, "run_id": given.get("run_id") or _identify_run()}


def _identify_run() -> str:
    """Ansible forks one worker a task: the parent of this process is the whole run.

    One that was killed a moment ago must take no lock: this process has another parent since, which
    would hold it for ever.
    """
    parent = multiprocessing.parent_process()
    pid = os.getppid() if parent is None or parent.pid is None else parent.pid
    run_id = _run_id.identify(pid)
    if os.getppid() != pid:
        raise AnsibleActionFail("The run that this task belongs to has ended. Start it again.")
    return run_id
