# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A gate: what must hold, what one look at it gave, and what that means."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection

_NAMED = 5


class Verdict(enum.StrEnum):
    """What a look, or a whole gate, came to; a gate that could not measure has not passed."""

    PASSED = "passed"
    FAILED = "failed"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that must hold: `object` is what it looks at, `min` and `max` what is allowed.

    A limit is None where there is none.
    """

    name: str
    kind: str
    object: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one look at a check gave; `object` is what was looked at, or the first that is bad.

    `ok` is None where nothing could be measured; `value` is None there, and where a probe got no
    answer. `doubt` says why a good one may mean less than it seems.
    """

    time: datetime
    check: str
    object: str
    text: str
    value: float | None = None
    ok: bool | None = None
    doubt: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.ok is None:
            return Verdict.UNMEASURED
        return Verdict.PASSED if self.ok else Verdict.FAILED

    def __str__(self) -> str:
        return f"{self.check} on '{self.object}': {self.text}"

    def summary(self) -> dict[str, Any]:
        """The entry of the module's result."""
        entry = asdict(self)
        del entry["doubt"]
        return {**entry, "time": timestamp(self.time)}


class Source(Protocol):
    """Something that can be looked at; one look may answer several checks."""

    @property
    def checks(self) -> Sequence[Check]:
        """The checks that it answers."""

    def look(self, now: datetime) -> Sequence[Sample]:
        """One sample for each check; whatever keeps it from measuring is in the sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The part of the mesh that is looked at."""

    selection: Selection
    revision: str | None
    istio_namespace: str


def count(
    check: Check, now: datetime, found: Sequence[tuple[str, str]], total: int, what: str
) -> Sample:
    """The sample of a check that allows nothing to be found; each with the reason.

    `what` is the plural of the things and what is wrong with them, as "pods in a crash loop".
    """
    named = "; ".join(f"{key} {reason}" for key, reason in found[:_NAMED])
    more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Sample(
        time=now,
        check=check.name,
        object=found[0][0] if found else check.object,
        text=f"{len(found)} of {total} {what}" + (f": {named}{more}" if found else ""),
        value=float(len(found)),
        ok=not found,
        doubt="" if total else f"{check.name}: there are no {what.partition(' ')[0]} to look at.",
    )


def unmeasured(check: Check, now: datetime, text: str) -> Sample:
    """The sample of a look that gave nothing."""
    return Sample(time=now, check=check.name, object=check.object, text=text.rstrip("."))


def timestamp(moment: datetime) -> str:
    """As the API server writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def number(value: float) -> str:
    """A value for people: whole numbers without a point, no digits that mean nothing."""
    return f"{value:.10g}"
