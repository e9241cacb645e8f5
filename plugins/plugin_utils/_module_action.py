# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Run a module in the process of its task, where it would run on this machine anyway.

Ansible packs a module and everything that it imports into an archive, starts a shell and a Python
for it, and imports it all from there: most of the time that a module of ours takes. But a task has
a process of its own already. It is forked from ansible-playbook, which has imported the module
together with the action. `ansible.netcommon` runs modules in this way too ("direct execution").
"""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils import basic
from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.meshwright.istio.plugins.plugin_utils._controller import (
    end_with_controller,
)

# The variable by which a person has every module run in a process of its own again.
SWITCH = "meshwright_modules_in_process"
# How ansible-core writes arguments and results of a module that asks for no other way.
_PROFILE = "legacy"
_MODULES = "ansible_collections.meshwright.istio.plugins.modules"


def load_module(name: str) -> ModuleType | None:
    """The module, or None if an import fails: run as ever, it says what is missing."""
    try:
        return importlib.import_module(f"{_MODULES}.{name}")
    except ImportError:
        return None


class ModuleAction(ActionBase):  # type: ignore[misc] # ansible-core has no types
    """Runs the module of the same name, which does not outlive the run."""

    _supports_check_mode = True
    _supports_async = True
    module: ModuleType | None = None

    def run(self, tmp: str | None = None, task_vars: Mapping[str, Any] | None = None) -> Any:
        """Run the module; its result is the result."""
        super().run(tmp, task_vars)
        end_with_controller()
        return self.run_module(self.arguments(), task_vars or {})

    def arguments(self) -> dict[str, Any]:
        """What the module is given."""
        return dict(self._task.args)

    def run_module(self, arguments: dict[str, Any], task_vars: Mapping[str, Any]) -> Any:
        """Run it here if that is what a process of its own would do as well."""
        if self.module is None or not self._belongs_here(task_vars):
            return self.run_elsewhere(arguments, task_vars)
        folder = tempfile.mkdtemp(dir=constants.DEFAULT_LOCAL_TMP)
        try:
            with self.showing(folder, task_vars):
                return self.run_here(self.module, arguments, task_vars, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def showing(
        self,
        folder: str,  # noqa: ARG002 - for those that show something
        task_vars: Mapping[str, Any],  # noqa: ARG002
    ) -> AbstractContextManager[object]:
        """What shows a person how far the module is, of which `folder` is the temporary one."""
        return nullcontext()

    def run_elsewhere(self, arguments: dict[str, Any], task_vars: Mapping[str, Any]) -> Any:
        """Have Ansible run it in a process of its own, on whatever machine the task is for."""
        return self._execute_module(
            module_args=arguments, task_vars=task_vars, wrap_async=bool(self._task.async_val)
        )

    def run_here(
        self,
        module: ModuleType,
        arguments: dict[str, Any],
        task_vars: Mapping[str, Any],
        folder: str,
    ) -> Any:
        """Run it in this process, with `folder` as its temporary one."""
        Display().vvv(f"Running {self._task.action} in the process of its task")
        self._update_module_args(self._task.action, arguments, task_vars)
        arguments["_ansible_tmpdir"] = folder
        with _working_in(self._loader.get_basedir()):
            printed = _call(module, arguments)
        decoder = get_module_decoder(_PROFILE, Direction.MODULE_TO_CONTROLLER)
        return json.loads(printed, cls=decoder)

    def _belongs_here(self, task_vars: Mapping[str, Any]) -> bool:
        """Whether this machine, user, environment and Python are those that the task asks for."""
        if (
            self._connection.transport != "local"
            or self._connection.become
            or self._task.async_val
            or any(self._task.environment or ())
            or constants.DEFAULT_KEEP_REMOTE_FILES
        ):
            return False
        own = task_vars
        if self._task.delegate_to:
            own = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        python = constants.config.get_config_value("INTERPRETER_PYTHON", variables=own)
        if self._templar.template(python) != sys.executable:
            return False
        return bool(basic.boolean(self._templar.template(task_vars.get(SWITCH, True))))


@contextmanager
def _working_in(folder: str) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _call(module: ModuleType, arguments: Mapping[str, Any]) -> str:
    """What the module prints before it exits, which is its result."""
    encoder = get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE)
    given = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, cls=encoder).encode()
    printed = io.StringIO()
    basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = given, _PROFILE
    try:
        with redirect_stdout(printed):
            module.main()
    except SystemExit:
        return printed.getvalue()
    finally:
        basic._ANSIBLE_ARGS = basic._ANSIBLE_PROFILE = None
    raise AnsibleActionFail("The module ended without a result.")
