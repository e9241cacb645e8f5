# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, each as one sentence with its remedy and an exit code."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What `python -m sandbox` tells the shell."""

    OK = 0
    FAILED = 1
    USAGE = 2
    MACHINE = 3
    IN_THE_WAY = 4
    TOO_BUSY = 5


class SandboxError(Exception):
    """Something failed: `message` says what, `remedy` what a person does about it."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}; {remedy}")
        self.message = message
        self.remedy = remedy


class UsageError(SandboxError):
    """The command was given something it does not take."""

    exit_code = ExitCode.USAGE


class MachineError(SandboxError):
    """A sandbox cannot run on this machine."""

    exit_code = ExitCode.MACHINE


class InTheWayError(SandboxError):
    """Another sandbox, or another command on this one, is in the way."""

    exit_code = ExitCode.IN_THE_WAY


class TooBusyError(SandboxError):
    """The machine is too busy for what is measured to mean anything."""

    exit_code = ExitCode.TOO_BUSY
