# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what came of each task to a file, a line of JSON each, for tests to read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: outcomes
short_description: Writes what came of each task to the file MESHWRIGHT_OUTCOMES
description: For the tests of this repository alone.
type: notification
"""


class CallbackModule(CallbackBase):  # type: ignore[misc] # ansible-core has no types
    """One line for each task and host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "outcomes"

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        del ignore_errors
        self._write("failed", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write("unreachable", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._write("skipped", result)

    def _write(self, status: str, result: Any) -> None:
        line = {
            "host": result.host.get_name(),
            "name": result.task.get_name(),
            "action": result.task.action,
            "status": status,
            "result": result.result,
        }
        with Path(os.environ["MESHWRIGHT_OUTCOMES"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
