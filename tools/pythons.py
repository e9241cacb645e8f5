# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the real Python interpreters of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MINORS = ("3.13", "3.12", "3.11")
# Debian splits venv and ensurepip off; a virtual environment answers with what it was made from.
_QUESTION = """
import ensurepip, ssl, sys, venv
print("%d.%d" % sys.version_info[:2])
print(getattr(sys, "_base_executable", None) or sys.executable)
"""


def find() -> dict[str, Path]:
    """The interpreters that can make a virtual environment, by version, newest first."""
    found: dict[str, Path] = {}
    for minor in MINORS:
        answers = (_ask(candidate, minor) for candidate in _candidates(minor))
        interpreter = next((path for path in answers if path is not None), None)
        if interpreter is not None:
            found[minor] = interpreter
    return found


def _candidates(minor: str) -> Iterator[Path]:
    name = f"python{minor}"
    if f"{sys.version_info.major}.{sys.version_info.minor}" == minor:
        yield Path(sys.executable)
    for folder in os.get_exec_path():
        yield Path(folder) / name
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{minor}.*/bin/{name}"), reverse=True)
    uv = Path.home() / ".local/share/uv/python"
    yield from sorted(uv.glob(f"cpython-{minor}.*/bin/{name}"), reverse=True)


def _ask(candidate: Path, minor: str) -> Path | None:
    """The real path; None for one that is absent, broken or of another version."""
    if not candidate.is_file():
        return None
    try:
        answer = subprocess.run(
            [candidate, "-c", _QUESTION], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = answer.stdout.splitlines()
    return Path(lines[1]) if answer.returncode == 0 and lines[0] == minor else None
