# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A report: the page and the same for machines, from a journal and what the run adds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _record, _result
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._prometheus import (
    Prometheus,
    Settings,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report import prometheus, words
from ansible_collections.meshwright.istio.plugins.module_utils.report.facts import Facts
from ansible_collections.meshwright.istio.plugins.module_utils.report.files import File, path_of
from ansible_collections.meshwright.istio.plugins.module_utils.report.gaps import gaps
from ansible_collections.meshwright.istio.plugins.module_utils.report.load import Load
from ansible_collections.meshwright.istio.plugins.module_utils.report.outcome import (
    headline,
    outcome,
)
from ansible_collections.meshwright.istio.plugins.module_utils.report.page import page
from ansible_collections.meshwright.istio.plugins.module_utils.report.prometheus import Queries

_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that goes into the two files."""

    facts: Facts

    @classmethod
    def make(cls, params: Mapping[str, Any], connect: Callable[[], Api]) -> Report:
        """Read what there is, and ask Prometheus where the load was not counted otherwise."""
        source = _Source.from_option(params["prometheus"])
        journal, unread = _journal(params, connect)
        facts = Facts.read(params["title"], journal, params["data"])
        load, unmeasured = facts.load, list[str]()
        if source is not None and load is None:
            load, unmeasured = source.read(facts, connect)
        return cls(
            facts=replace(facts, load=load, odd=(*unread, *facts.odd), unmeasured=tuple(unmeasured))
        )

    def files(self, directory: str, name: str) -> tuple[File, File]:
        """The page and the data, as they are and as they shall be."""
        given = name or self._name()
        html, data = path_of(directory, given, "html"), path_of(directory, given, "json")
        return File.plan(html, page(self.facts, data.name)), File.plan(data, self.json())

    def json(self) -> str:
        """The facts, and what the report makes of them."""
        told = asdict(self.facts)
        del told["odd"], told["unmeasured"]
        summary = {"format": _FORMAT, **self._verdict(), **told}
        return json.dumps(summary, indent=2, default=_plain) + "\n"

    def result(self, files: tuple[File, File]) -> dict[str, Any]:
        """As the module returns it."""
        html, data = files
        changes = [file.change for file in files]
        return {
            "changed": any(change.changed for change in changes),
            "html": str(html.path),
            "json": str(data.path),
            **self._verdict(),
            "diff": _result.diff(changes),
        }

    def _verdict(self) -> dict[str, Any]:
        return {
            "outcome": str(outcome(self.facts)),
            "headline": headline(self.facts),
            "unknown": list(gaps(self.facts)),
        }

    def _name(self) -> str:
        """Each upgrade has its own, and each try of the same goes into the same."""
        opened = self.facts.opened
        parts = [
            self.facts.title or "upgrade",
            self.facts.target or "",
            f"{opened:%Y%m%dT%H%M%SZ}" if opened else "not-begun",
        ]
        return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(part for part in parts if part)).strip(
            "-."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """Where requests over time come from, checked before anything is asked."""

    settings: Settings
    queries: Queries

    @classmethod
    def from_option(cls, option: Mapping[str, Any] | None) -> _Source | None:
        if not option:
            return None
        return cls(settings=Settings.from_params(option), queries=Queries.from_params(option))

    def read(self, facts: Facts, connect: Callable[[], Api]) -> tuple[Load | None, list[str]]:
        """The load of the time that is on record, and what could not be learned of it."""
        begin, end = facts.opened, facts.closed or max(facts.moments(), default=None)
        if begin is None or end is None:
            return None, []
        try:
            asked = Prometheus(self.settings, connect())
        except MeshError as error:
            return None, [f"How many requests were sent: {error.message}"]
        return prometheus.read(self.queries, asked, begin, end)


def _journal(params: Mapping[str, Any], connect: Callable[[], Api]) -> tuple[Any, list[str]]:
    """The journal that was given or is in the cluster; None, and why, where it cannot be read."""
    if params["journal"] is not None:
        return params["journal"], []
    try:
        record = _record.read(connect(), params["istio_namespace"])
    except MeshError as error:
        return None, [f"What the journal says: {error.message}"]
    return record.journal.summary() if record.journal else None, []


def _plain(value: object) -> str:
    """A moment; everything else is a type of JSON already."""
    return words.iso(value) if isinstance(value, datetime) else str(value)
