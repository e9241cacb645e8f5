# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs of `ansible-playbook`, each a process of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.errors import BenchmarkError

CHECKOUT = Path(__file__).resolve().parent.parent

Task = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Took:
    """How long a program ran, how much processor time its tree used, and what it printed."""

    seconds: float
    cpu: float
    said: str


def write(path: Path, tasks: Sequence[Task]) -> Path:
    """A play of these tasks on the controller itself."""
    play = {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    return path


def run(play: Path, *options: str) -> Took:
    """Run it to its end; a run that fails is an error."""
    program = Path(sys.executable).parent / "ansible-playbook"
    return timed([program, play, *options], home=play.parent)


def timed(command: Sequence[str | Path], *, home: Path, codes: Collection[int] = (0,)) -> Took:
    """Run a program to its end, with nothing of the caller's settings.

    What it caches for the next time it keeps below `home`. It ends well with one of the `codes`.
    """
    started, used = time.monotonic(), _used()
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode not in codes:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise BenchmarkError(f"`{' '.join(map(str, command))}` failed: {said}")
    return Took(seconds, _used() - used, done.stdout)


def _used() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def environment(home: Path) -> dict[str, str]:
    """What the measured programs are told."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / ".collections")]),
    }
