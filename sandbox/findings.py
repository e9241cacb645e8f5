# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `doctor` finds about one property of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a sandbox can run with it."""

    FINE = "ok"
    WARN = "warn"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One property: how it is, and what a person does about it when it is not fine."""

    subject: str
    severity: Severity
    text: str
    remedy: str = ""


def fine(subject: str, text: str) -> Finding:
    """A property that is as it should be."""
    return Finding(subject=subject, severity=Severity.FINE, text=text)


def warn(subject: str, text: str, remedy: str) -> Finding:
    """A property that may get in the way."""
    return Finding(subject=subject, severity=Severity.WARN, text=text, remedy=remedy)


def missing(subject: str, text: str, remedy: str) -> Finding:
    """A property without which no sandbox runs."""
    return Finding(subject=subject, severity=Severity.MISSING, text=text, remedy=remedy)
