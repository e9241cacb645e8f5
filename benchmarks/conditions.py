# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Under which conditions something was measured."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.plays import CHECKOUT
from sandbox.parts import ISTIO_VERSIONS, KUBERNETES_VERSION

_PACKAGES = ("ansible-core", "kubernetes", "urllib3", "websocket-client")


def read() -> dict[str, Any]:
    """Machine, versions and commit."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processors": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "kubernetes": KUBERNETES_VERSION,
        "istio": ISTIO_VERSIONS,
        "kubernetes.core": _kubernetes_core(),
    }


def load() -> float:
    """How many processes wanted a processor in the last minute."""
    return round(os.getloadavg()[0], 1)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    command = ["git", "-c", "safe.directory=*", "describe", "--always", "--dirty"]
    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or "unknown"


def _kubernetes_core() -> str:
    program = str(Path(sys.executable).parent / "ansible-galaxy")
    command = [program, "collection", "list", "kubernetes.core"]
    answer = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    lines = [line.split() for line in answer.stdout.splitlines()]
    found = [words[1] for words in lines if words[:1] == ["kubernetes.core"]]
    return found[0] if found else "unknown"
