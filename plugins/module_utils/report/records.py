# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Single things that are on record: an entry of the log, an error, a finding, labels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.meshwright.istio.plugins.module_utils.report.item import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A line of the journal's history."""

    time: datetime | None
    phase: str
    wave: int | None
    run_id: str | None
    note: str | None

    @classmethod
    def from_item(cls, item: Item) -> Event:
        return cls(
            time=item.time("time"),
            phase=item.text("phase") or "unknown",
            wave=item.count("wave"),
            run_id=item.text("run_id"),
            note=item.text("note"),
        )

    @property
    def step(self) -> tuple[str, int | None]:
        return self.phase, self.wave


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What ended a run; `phase` and `wave` are None where it is not known in which.

    `task` is the one that failed. `went_back` is `phase` where what that phase had moved was taken
    back, and `everything` where all was.
    """

    message: str
    phase: str | None
    wave: int | None
    time: datetime | None
    task: str | None
    went_back: str | None

    @classmethod
    def from_item(cls, item: Item) -> Failure | None:
        if not item.value:
            return None
        return cls(
            message=item.text("message") or "The run failed and did not say why.",
            phase=item.text("phase"),
            wave=item.count("wave") or None,
            time=item.time("time"),
            task=item.text("task"),
            went_back=item.text("went_back"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding of the preflight."""

    code: str
    severity: str
    title: str
    objects: tuple[str, ...]
    consequence: str | None
    remedy: str | None
    source: str | None
    overridden: bool

    @classmethod
    def from_item(cls, item: Item) -> Found:
        return cls(
            code=item.text("code") or "unknown",
            severity=item.text("severity") or "info",
            title=item.text("title") or "",
            objects=item.texts("objects"),
            consequence=item.text("consequence"),
            remedy=item.text("remedy"),
            source=item.text("source"),
            overridden=bool(item.flag("overridden")),
        )

    @property
    def blocks(self) -> bool:
        return self.severity == "block" and not self.overridden


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """How a namespace asked for its sidecars before, and the revision that this led to."""

    namespace: str
    revision: str | None
    injection: str | None
    source: str | None

    @classmethod
    def from_item(cls, name: str, item: Item) -> Labels:
        return cls(
            namespace=name,
            revision=item.text("revision"),
            injection=item.text("injection"),
            source=item.text("source"),
        )

    def __str__(self) -> str:
        labels = {"istio-injection": self.injection, "istio.io/rev": self.revision}
        return ", ".join(f"{key}={value}" for key, value in labels.items() if value) or "no label"
