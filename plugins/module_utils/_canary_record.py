# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the journal keeps of a canary: where everything was before, and the waves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._canary import Source
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Injection
from ansible_collections.meshwright.istio.plugins.module_utils._waves import Wave

# As the roles write down what has moved and whose gate has held.
_WAVE, _GATEWAYS = "wave_", "gateways_moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A namespace as it was: its labels, and the revision that they led to."""

    injection: Injection
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An unfinished upgrade; an empty one where none was begun.

    The facts have its gateways and tags too, for the way back.
    """

    sources: tuple[Source, ...] = ()
    waves: tuple[tuple[str, tuple[str, ...]], ...] = ()
    namespaces: Mapping[str, Before] = field(default_factory=dict)
    # The numbers of the waves that were written down, which each is once its gate has held.
    held: frozenset[int] = frozenset()
    # Whether there were gateways to move, and their gate has not held.
    gateways_due: bool = False

    @classmethod
    def from_option(cls, facts: Mapping[str, Any]) -> Record:
        """Read what `Plan.record()` wrote."""
        if not facts:
            return cls()
        try:
            return cls._from_facts(facts)
        except (KeyError, TypeError, AttributeError) as error:
            raise BadInputError(
                f"record: got facts of a journal without {error}; right are the facts that the"
                " module returned as record when the upgrade was opened."
            ) from error

    @classmethod
    def _from_facts(cls, facts: Mapping[str, Any]) -> Record:
        return cls(
            sources=tuple(
                Source(revision=each["revision"], version=each["version"])
                for each in facts["sources"]
            ),
            waves=tuple((wave["name"], tuple(wave["namespaces"])) for wave in facts["waves"]),
            namespaces={
                name: Before(
                    injection=Injection(revision=each["revision"], injection=each["injection"]),
                    source=each["source"],
                )
                for name, each in facts["namespaces"].items()
            },
            held=frozenset(
                int(name.removeprefix(_WAVE))
                for name in facts
                if name.startswith(_WAVE) and name.removeprefix(_WAVE).isdecimal()
            ),
            gateways_due=bool(facts.get("gateways")) and _GATEWAYS not in facts,
        )

    def has_held(self, number: int) -> bool:
        """Whether the gate of a wave has held; before the upgrade there is none to be held."""
        return not self.waves or number in self.held

    def waves_of(self, existing: Collection[str]) -> tuple[Wave, ...]:
        """The waves of then, of the namespaces that are still there, and those new since."""
        groups = [
            (title, tuple(name for name in names if name in existing))
            for title, names in self.waves
        ]
        known = {name for _title, names in self.waves for name in names}
        groups.append(
            ("new since the upgrade began", tuple(name for name in existing if name not in known))
        )
        return tuple(
            Wave(number=number, name=title, namespaces=names)
            for number, (title, names) in enumerate(groups, start=1)
            if names
        )
