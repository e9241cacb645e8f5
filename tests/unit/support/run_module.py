# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's main(), run as Ansible runs it, on an API server in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout
from types import ModuleType
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api


def run_module(
    module: ModuleType, api: Api | None, arguments: Mapping[str, Any], *, check: bool = False
) -> dict[str, Any]:
    """What the task's result would be, with the exit code as `rc`; the cluster is `api`.

    A module that asks no cluster is given none, and makes its own client.

    Where a controller is loaded in the same process, as here, a module's warnings go to the display
    and not into what it prints. The arguments are printed up to 2.20 and not from 2.21 on.
    """
    warnings: list[str] = []
    settings = {"_ansible_check_mode": check, "_ansible_diff": True, "_ansible_no_log": False}
    printed = io.StringIO()
    client = mock.patch.object(module, "create_client", return_value=api) if api else nullcontext()
    with (
        patch_module_args({**arguments, **settings}),
        client,
        mock.patch.object(AnsibleModule, "warn", lambda _module, text: warnings.append(text)),
        redirect_stdout(printed),
        pytest.raises(SystemExit) as ended,
    ):
        module.main()
    result: dict[str, Any] = json.loads(printed.getvalue())
    result.pop("invocation", None)
    return {**result, **({"warnings": warnings} if warnings else {}), "rc": ended.value.code}
