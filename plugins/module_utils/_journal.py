# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The record of an upgrade: what it is, how far it has come, and when each thing happened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path, Phase, Step

NAME = "meshwright-upgrade"
_KEY = "journal.json"
_FORMAT = 1
# A ConfigMap holds 1 MiB; the rest is room for the history to go on.
_MOST_BYTES = 900_000
_MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """Which upgrade; two runs with the same three work on the same one."""

    path: Path
    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.path} from {self.source} to {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    time: str
    step: Step
    run_id: str
    note: str

    @classmethod
    def from_dict(cls, item: Mapping[str, Any]) -> Entry:
        return cls(
            time=item["time"], step=_step(item), run_id=item["run_id"], note=item.get("note", "")
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "time": self.time,
            **_flat(self.step),
            "run_id": self.run_id,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """An upgrade on record; `reached` is the furthest phase, also while it goes back."""

    upgrade: Upgrade
    step: Step
    reached: Step
    opened: str
    closed: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    history: tuple[Entry, ...] = ()
    history_dropped: int = 0
    earlier: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Journal:
        """Read the ConfigMap."""
        try:
            content = json.loads(item["data"][_KEY])
            if content["format"] != _FORMAT:
                raise RefusedError(
                    f"The journal in ConfigMap {_name_of(item)} was written by another release of"
                    f" the collection (format {content['format']}). Use that release to finish the"
                    " upgrade."
                )
            return cls._from_content(content)
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(
                f"ConfigMap {_name_of(item)} cannot be read as a journal ({error!r}). Restore it,"
                " or delete it if no upgrade is under way."
            ) from error

    @classmethod
    def _from_content(cls, content: Mapping[str, Any]) -> Journal:
        reached = content["reached"]
        return cls(
            upgrade=Upgrade(
                path=Path(content["path"]), source=content["source"], target=content["target"]
            ),
            step=_step(content),
            reached=_step(reached),
            opened=content["opened"],
            closed=content["closed"],
            facts=content["facts"],
            history=tuple(Entry.from_dict(entry) for entry in content["history"]),
            history_dropped=content["history_dropped"],
            earlier=tuple(content["earlier"]),
        )

    def to_object(self, namespace: str, version: str | None) -> dict[str, Any]:
        """The ConfigMap; with the version that was read, so that a second writer is refused."""
        text = json.dumps({"format": _FORMAT, **self.summary()}, indent=1, sort_keys=True)
        if len(text) > _MOST_BYTES:
            raise BadInputError(
                f"facts: the journal would grow to {len(text)} bytes; right is at most"
                f" {_MOST_BYTES} in all. Keep large things elsewhere, and their place here."
            )
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": NAME,
                "namespace": namespace,
                "labels": {"app.kubernetes.io/managed-by": "meshwright.istio"},
                **({"resourceVersion": version} if version else {}),
            },
            "data": {_KEY: text},
        }

    def summary(self) -> dict[str, Any]:
        """As modules return it, and as it is kept."""
        return {
            "path": str(self.upgrade.path),
            "source": self.upgrade.source,
            "target": self.upgrade.target,
            **_flat(self.step),
            "reached": _flat(self.reached),
            "opened": self.opened,
            "closed": self.closed,
            "facts": dict(self.facts),
            "history": [entry.to_dict() for entry in self.history],
            "history_dropped": self.history_dropped,
            "earlier": [dict(one) for one in self.earlier],
        }

    def with_entry(self, time: str, step: Step, run_id: str, note: str) -> Journal:
        """The journal at that step, with one more thing that happened."""
        history = (*self.history, Entry(time=time, step=step, run_id=run_id, note=note))
        return replace(
            self,
            step=step,
            history=history[-_MOST_ENTRIES:],
            history_dropped=self.history_dropped + max(0, len(history) - _MOST_ENTRIES),
        )


def _step(item: Mapping[str, Any]) -> Step:
    return Step(phase=Phase(item["phase"]), wave=item.get("wave") or 0)


def _flat(step: Step) -> dict[str, Any]:
    return {"phase": str(step.phase), "wave": step.wave or None}


def _name_of(item: Mapping[str, Any]) -> str:
    return f"{item['metadata'].get('namespace')}/{item['metadata']['name']}"
