# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The edge of the report: values from a journal or a variable, read without trust."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils.report.markup import clean

_FIRST_YEAR, _LAST_YEAR = 2000, 2200
_NEVER = datetime.min
# More than all requests of a year; what is larger or no number at all compares as false.
_LARGEST = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A mapping from outside. What is missing is None; what cannot be read is None and is told.

    `odd` is shared by all items of a report and collects the sentences.
    """

    value: Mapping[str, Any]
    path: str
    odd: list[str]

    @classmethod
    def of(cls, value: Any, path: str, odd: list[str]) -> Item:
        """An item that is empty where the value is no mapping."""
        if isinstance(value, Mapping):
            return cls(value=value, path=path, odd=odd)
        if value is not None:
            odd.append(_complaint(path, value, "a mapping"))
        return cls(value={}, path=path, odd=odd)

    def text(self, key: str) -> str | None:
        """A text that is not empty; a number is taken as it is written."""
        value = self.value.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return clean(str(value)).strip() or None
        self._odd(key, "a text")
        return None

    def number(self, key: str) -> float | None:
        value = self.value.get(key)
        if value is None or value == "":
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if abs(number) <= _LARGEST:
            return number
        self._odd(key, "a number")
        return None

    def count(self, key: str) -> int | None:
        """A whole number from 0."""
        number = self.number(key)
        if number is None or number >= 0:
            return None if number is None else int(number)
        self._odd(key, "a number from 0")
        return None

    def time(self, key: str) -> datetime | None:
        """A moment in UTC; one without a zone is taken as such."""
        value = self.value.get(key)
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = _NEVER
        # Beyond these years there is no room to calculate, and nothing that was ever upgraded.
        if _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        self._odd(key, "a time such as 2026-05-04T08:00:00Z")
        return None

    def flag(self, key: str) -> bool | None:
        value = self.value.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._odd(key, "true or false")
        return None

    def item(self, key: str) -> Item:
        return Item.of(self.value.get(key), f"{self.path}.{key}", self.odd)

    def items(self, key: str) -> tuple[Item, ...]:
        """The entries of a list."""
        return tuple(
            Item.of(each, f"{self.path}.{key}[{index}]", self.odd)
            for index, each in enumerate(self._list(key))
        )

    def named_items(self, key: str) -> tuple[tuple[str, Item], ...]:
        """The entries of a mapping, by name."""
        named = self.item(key)
        return tuple((str(name), named.item(name)) for name in sorted(named.value))

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(clean(str(each)) for each in self._list(key))

    def numbers(self, key: str) -> Mapping[str, float]:
        """Numbers by name, those that can be read."""
        named = self.item(key)
        found = {str(name): named.number(name) for name in sorted(named.value)}
        return {name: number for name, number in found.items() if number is not None}

    def counts(self, key: str) -> Mapping[str, int] | None:
        """Numbers by name; None where there is no such mapping."""
        if self.value.get(key) is None:
            return None
        named = self.item(key)
        found = {str(name): named.count(name) for name in sorted(named.value)}
        return {name: count for name, count in found.items() if count is not None}

    def _list(self, key: str) -> list[Any] | tuple[Any, ...]:
        value = self.value.get(key)
        if value is None:
            return []
        if isinstance(value, list | tuple):
            return value
        self._odd(key, "a list")
        return []

    def _odd(self, key: str, right: str) -> None:
        self.odd.append(_complaint(f"{self.path}.{key}", self.value[key], right))


def _complaint(path: str, value: Any, right: str) -> str:
    shown = clean(str(value))
    short = shown if len(shown) <= 60 else f"{shown[:60]}..."
    return f"{path} could not be read: got '{short}'; right is {right}."
