# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a write would change, or has changed: the one source of `changed` and of the diff."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One object before and after; None where it does not exist."""

    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def diff(self) -> dict[str, Any]:
        """The form that Ansible prints with --diff."""
        return {
            "before_header": self.name,
            "after_header": self.name,
            "before": "" if self.before is None else dict(self.before),
            "after": "" if self.after is None else dict(self.after),
        }


def diff(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """The diffs of those objects that really change."""
    return [change.diff() for change in changes if change.changed]
