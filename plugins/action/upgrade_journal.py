# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell the module which run it belongs to: only here is the process of ansible-playbook known."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.meshwright.istio.plugins.module_utils import _run_id


class ActionModule(ActionBase):  # type: ignore[misc] # ansible-core has no types
    """Runs the module with `run_id` filled in."""

    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> Any:
        """Run the module; its result is the result."""
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        arguments["run_id"] = arguments.get("run_id") or _identify_run()
        return self._execute_module(module_args=arguments, task_vars=task_vars)


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
