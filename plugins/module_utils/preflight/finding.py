# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is found before an upgrade: what it means, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """`block` stops the upgrade unless its override is set."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One condition; `code` never changes, `override` is None where nothing may overrule it.

    `source` is where the rule is from.
    """

    code: str
    severity: Severity
    title: str
    objects: tuple[str, ...]
    consequence: str
    remedy: str
    source: str
    override: str | None = None
    overridden: bool = False

    @property
    def blocks(self) -> bool:
        return self.severity is Severity.BLOCK and not self.overridden

    def summary(self) -> dict[str, Any]:
        """The entry of the module's result."""
        return {**asdict(self), "severity": str(self.severity), "objects": list(self.objects)}

    def lines(self) -> list[str]:
        """The finding as a person reads it."""
        mark = " (overridden)" if self.overridden else ""
        objects = ", ".join(self.objects[:_SHOWN])
        more = len(self.objects) - _SHOWN
        lines = [f"{self.severity.upper():5}  {self.code}{mark}: {self.title}"]
        if objects:
            lines.append(f"       {objects}" + (f" and {more} more" if more > 0 else ""))
        lines.append(f"       {self.consequence}")
        lines.append(f"       Remedy: {self.remedy}")
        return lines


_SHOWN = 10
_ORDER = list(Severity)


def sort_and_override(findings: Iterable[Finding], allowed: Collection[str]) -> list[Finding]:
    """What blocks comes first; `allowed` holds the overrides that the user has set."""
    return sort(replace(finding, overridden=finding.override in allowed) for finding in findings)


def sort(findings: Iterable[Finding]) -> list[Finding]:
    """The gravest first."""
    return sorted(findings, key=lambda finding: (_ORDER.index(finding.severity), finding.code))
