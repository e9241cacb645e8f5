# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts the tasks of a run, and ends it by SIGKILL as one of them begins, for tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: kill_at
short_description: Ends a run by SIGKILL as its task number MESHWRIGHT_KILL_AT begins
description: For the tests of this repository alone.
type: notification
"""


class CallbackModule(CallbackBase):  # type: ignore[misc] # ansible-core has no types
    """Nothing is cleaned up: that is what is tried."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "kill_at"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._started = 0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        del task, is_conditional
        self._started += 1
        stage = Path(os.environ["MESHWRIGHT_STAGE"])
        (stage / "started").write_text(str(self._started), encoding="utf-8")
        if self._started == int(os.environ["MESHWRIGHT_KILL_AT"]):
            os.kill(os.getpid(), signal.SIGKILL)
