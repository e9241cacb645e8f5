# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module as Ansible's wrapper does, in a process of its own, and tell what that took.

`python -m benchmarks.module_process COLLECTION.MODULE` reads the module's arguments as JSON, and
writes its result and, as the last line, what was measured. The time begins when everything is
imported: Python's and Ansible's start is the same for every module.
"""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import plays
from benchmarks.errors import BenchmarkError

_PROFILE = "legacy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a module ran.

    `seconds` and `cpu` (of the processor) are without the start of Python, `whole` is with it;
    `ended` is the time of day.
    """

    seconds: float
    cpu: float
    whole: float
    ended: float
    peak_mib: float
    result: Mapping[str, Any]


class ModuleProcess:
    """A module that has begun to run."""

    def __init__(self, name: str, arguments: Mapping[str, Any], home: Path) -> None:
        self._started = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, name],
            cwd=plays.CHECKOUT,
            env=plays.environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        with self._process.stdin as stdin:
            json.dump(arguments, stdin)

    def finish(self) -> Ran:
        """Wait for its end; a module that fails is an error."""
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        with self._process.stdout as stdout:
            said = stdout.read()
        if self._process.wait():
            raise BenchmarkError(f"the module failed: {said[:2000]}")
        whole = time.monotonic() - self._started
        *printed, measured = said.splitlines()
        result = json.loads("\n".join(printed))
        return Ran(**json.loads(measured), whole=whole, result=result)


def run(name: str, arguments: Mapping[str, Any], home: Path) -> Ran:
    """Run a module to its end."""
    return ModuleProcess(name, arguments, home).finish()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    seconds: float
    cpu: float
    ended: float
    peak_mib: float


def _run_here(name: str, arguments: str) -> int:
    # Only the process itself needs them. ansible-playbook has YAML, and by default our modules run
    # in its process.
    import yaml  # noqa: F401, PLC0415
    from ansible.module_utils import basic  # noqa: PLC0415

    collection, _dot, module = name.rpartition(".")
    loaded = importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{module}")
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": json.loads(arguments)}).encode()
    basic._ANSIBLE_PROFILE = _PROFILE
    printed, code = io.StringIO(), 0
    started, used = time.monotonic(), time.process_time()
    try:
        with redirect_stdout(printed):
            loaded.main()
    except SystemExit as end:
        code = int(end.code or 0)
    seconds, ended = time.monotonic() - started, time.time()
    cpu = time.process_time() - used
    measured = _Measured(seconds=seconds, cpu=cpu, ended=ended, peak_mib=_peak_mib())
    print(printed.getvalue().strip())
    print(json.dumps(asdict(measured)))
    return code


def _peak_mib() -> float:
    """Of this program alone: getrusage also counts what it was forked from."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise BenchmarkError("this kernel does not tell how much memory a process had")


if __name__ == "__main__":
    sys.exit(_run_here(sys.argv[1], sys.stdin.read()))
