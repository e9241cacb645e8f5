# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a file may be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

TASKS = 12
# The first pattern that fits a file counts.
LINES = (
    ("tests/**/*.py", 400),
    ("plugins/**/*.py", 250),
    ("sandbox/**/*.py", 250),
    ("tools/**/*.py", 250),
    ("benchmarks/**/*.py", 250),
    ("roles/*/tasks/main.yml", 40),
    ("roles/*/tasks/**/*.yml", 80),
    ("playbooks/*.yml", 60),
)


def too_long_files(root: Path) -> Iterator[str]:
    seen: set[Path] = set()
    for pattern, limit in LINES:
        for file in sorted(set(root.glob(pattern)) - seen):
            seen.add(file)
            count = len(file.read_text(encoding="utf-8").splitlines())
            # What ansible-test leaves behind is not ours.
            if count > limit and "tests/output/" not in file.as_posix():
                yield f"{file.relative_to(root)}: {count} lines, at most {limit} are allowed"


def too_many_tasks(root: Path) -> Iterator[str]:
    for file in sorted(root.glob("roles/*/tasks/**/*.yml")):
        count = _count(yaml.safe_load(file.read_text(encoding="utf-8")) or [])
        if count > TASKS:
            yield f"{file.relative_to(root)}: {count} tasks, at most {TASKS} are allowed"


def _count(tasks: Sequence[dict[str, Any]]) -> int:
    """A block is not a task, what stands in it is."""
    parts = ("block", "rescue", "always")
    return sum(
        sum(_count(task.get(part) or []) for part in parts) if "block" in task else 1
        for task in tasks
    )
