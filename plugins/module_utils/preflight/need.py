# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A right that an upgrade needs, and where it needs it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from ansible_collections.meshwright.istio.plugins.module_utils._access import Right
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api


class Weight(StrEnum):
    """What is not possible without it."""

    BEGINNING = "beginning"
    """The very first write: nothing can be left half-way."""
    PART = "part"
    """A later step, at which the upgrade would stop."""
    CARE = "care"
    """Nothing; it goes on, and may lose a request now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A right, and what it is for; with `spread` it is needed where something moves."""

    right: Right
    purpose: str
    weight: Weight = Weight.PART
    spread: bool = False

    def __str__(self) -> str:
        return f"{self.right} ({self.purpose})"

    def lacks(self, api: Api, namespaces: Iterable[str]) -> Need | None:
        """The same with the first namespace in which the account has it not; None for nowhere."""
        if self.right.is_held(api):
            return None
        if not self.spread:
            return self
        # One that has it nowhere is done with the first, and thousands are asked for nobody.
        for namespace in namespaces:
            right = replace(self.right, namespace=namespace)
            if not right.is_held(api):
                return replace(self, right=right)
        return None
