# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import multiprocessing
import os
from typing import Any
from unittest import mock

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.meshwright.istio.plugins.action.upgrade_journal import ActionModule
from ansible_collections.meshwright.istio.plugins.module_utils import _run_id
from ansible_collections.meshwright.istio.plugins.plugin_utils import _module_action


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, None, id="the run's process"),
        pytest.param({"run_id": ""}, None, id="an empty name is none"),
        pytest.param({"run_id": "job-7"}, "job-7", id="the user's own name"),
    ],
)
def test_tells_the_module_which_run_it_is(given: dict[str, Any], expected: str | None) -> None:
    task = mock.Mock(args={"action": "read", **given}, async_val=0)
    action = ActionModule(task, *[mock.MagicMock()] * 5)
    with mock.patch.object(ActionModule, "_execute_module", return_value={"changed": True}) as run:
        assert action.run(task_vars={}) == {"changed": True}
    # Asked for only here: the test may run in a child of the process that has collected it.
    run_id = expected or _run_id.identify(os.getppid())
    assert run.call_args.kwargs["module_args"] == {"action": "read", "run_id": run_id}
    assert "run_id" not in given or task.args["run_id"] == given["run_id"]


def test_a_run_that_has_just_been_killed_takes_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worker has another parent by then, which is not the run."""
    dead = mock.Mock(pid=os.getppid() + 1)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: dead)
    # Which would end the process of this test, as the worker's.
    monkeypatch.setattr(_module_action, "end_with_controller", lambda: None)
    task = mock.Mock(args={"action": "open"}, async_val=0)
    action = ActionModule(task, *[mock.MagicMock()] * 5)
    with (
        mock.patch.object(ActionModule, "_execute_module") as run,
        pytest.raises(AnsibleActionFail, match="has ended"),
    ):
        action.run(task_vars={})
    assert not run.called
