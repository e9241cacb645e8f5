# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits of the kernel that are too low for many proxies: raised while a sandbox runs.

Each proxy watches some five folders, all proxies are one user, and the kernel allows a user 128
such watchers by default: from about the 25th proxy on, they would crash.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sandbox.findings import Finding, fine, missing
from sandbox.places import STATE

NEEDED: Mapping[str, int] = {"fs.inotify.max_user_instances": 2048}
_RECORD = STATE / "limits.json"
_SYSCTLS = Path("/proc/sys")


def check(sysctls: Path = _SYSCTLS) -> Finding:
    """Whether they suffice, or can be raised."""
    subject = "limits"
    lacking = {name: value for name, value in NEEDED.items() if _read(sysctls, name) < value}
    for name, value in lacking.items():
        if not os.access(_path(sysctls, name), os.W_OK):
            text = f"{name} is {_read(sysctls, name)} and cannot be raised from here"
            return missing(subject, text, f"raise it where it can be: `sysctl {name}={value}`")
    names = ", ".join(lacking)
    return fine(subject, f"{names} will be raised while it runs" if lacking else "high enough")


def lift(sysctls: Path = _SYSCTLS, record: Path = _RECORD) -> None:
    """Raise what is too low; what it was is written down first, so that a kill loses nothing."""
    before = {name: _read(sysctls, name) for name in NEEDED}
    lacking = {name: value for name, value in before.items() if value < NEEDED[name]}
    if lacking:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(lacking))
        for name in lacking:
            _path(sysctls, name).write_text(str(NEEDED[name]))


def restore(sysctls: Path = _SYSCTLS, record: Path = _RECORD) -> None:
    """Put back what was raised, unless somebody else has changed it since."""
    with suppress(FileNotFoundError, ValueError):
        for name, value in json.loads(record.read_text()).items():
            if name in NEEDED and _read(sysctls, name) == NEEDED[name]:
                _path(sysctls, name).write_text(str(value))


def _path(sysctls: Path, name: str) -> Path:
    return sysctls / name.replace(".", "/")


def _read(sysctls: Path, name: str) -> int:
    return int(_path(sysctls, name).read_text())
