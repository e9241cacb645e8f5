# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which requests the API server got, by its own audit log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


def lines_during(log: Path, work: Callable[[], object]) -> list[str]:
    """What the API server noted while the work was done."""
    before = log.stat().st_size if log.exists() else 0
    work()
    if not log.exists():
        return []
    with log.open() as file:
        file.seek(before)
        return file.readlines()


def count(lines: Iterable[str]) -> Counter[str]:
    """The requests in lines of an audit log; one for no resource counts by its path."""
    return Counter(_describe(line) for line in lines)


def writes(requests: Counter[str]) -> int:
    """How many of them change something."""
    return sum(number for name, number in requests.items() if name.partition(" ")[0] in WRITES)


def _describe(line: str) -> str:
    event = json.loads(line)
    resource = event.get("objectRef", {}).get("resource")
    return f"{event['verb']} {resource or event['requestURI'].partition('?')[0]}"
