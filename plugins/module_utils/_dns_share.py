# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Shares that addresses in one DNS record can express.

A resolver hands out all addresses of a record and clients take any of them, so the share of a
cluster is how many of the addresses are its own.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)

_VERSIONS = {"A": 4, "AAAA": 6}


def per_cent(target: int, source: int) -> int:
    """The target's share, rounded; 0 and 100 are only what is really nothing or all."""
    if not target or not source:
        return 100 if target else 0
    both = source + target
    return min(99, max(1, (200 * target + both) // (2 * both)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The addresses of the two clusters, as the record has them."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Sides | None:
        """Read the options; None without them, and refused where they are not two clusters."""
        if params["source_addresses"] is None:
            return None
        source = _addresses("source_addresses", params)
        target = _addresses("target_addresses", params)
        if both := sorted(set(source) & set(target)):
            raise BadInputError(
                f"target_addresses: got {', '.join(both)}, which source_addresses has too; right is"
                " that no address belongs to both clusters."
            )
        return cls(source=source, target=target)

    def strangers(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Those that belong to neither cluster."""
        return tuple(each for each in addresses if each not in (*self.source, *self.target))

    def share(self, addresses: Collection[str]) -> int:
        """The share of the target, among the addresses that belong to one of the clusters."""
        target = len(set(addresses) & set(self.target))
        return per_cent(target, len(set(addresses) & set(self.source)))

    def addresses(self, share: int) -> tuple[str, ...]:
        """The most of them that express the share; refused where none do."""
        self.check([share])
        source, target = self._ways()[share]
        return (*self.source[:source], *self.target[:target])

    def check(self, shares: Sequence[int]) -> None:
        """Refuse the shares that no addresses express, all at once."""
        ways = self._ways()
        if wrong := [share for share in shares if share not in ways]:
            raise RefusedError(
                f"{_list(wrong)} per cent cannot be expressed by {len(self.source)} addresses of"
                f" the source and {len(self.target)} of the target: right are"
                f" {_list(sorted(ways))}; choose steps among them, or give the clusters more"
                " addresses."
            )

    def _ways(self) -> dict[int, tuple[int, int]]:
        """How many addresses of each, by the share; the most that give it."""
        counts = [
            (source, target)
            for source in range(len(self.source) + 1)
            for target in range(len(self.target) + 1)
            if source + target
        ]
        return {
            per_cent(target, source): (source, target) for source, target in sorted(counts, key=sum)
        }


def _addresses(option: str, params: Mapping[str, Any]) -> tuple[str, ...]:
    given, version = params[option], _VERSIONS[params["type"]]
    if not given:
        raise BadInputError(f"{option}: got none; right is at least one address.")
    found = [_address(option, each, version) for each in given]
    if len(set(found)) < len(found):
        raise BadInputError(f"{option}: got an address twice; right is each of them once.")
    return tuple(found)


def _address(option: str, text: str, version: int) -> str:
    """As the servers write it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        address = None
    if address is None or address.version != version:
        raise BadInputError(f"{option}: got '{text}'; right is an address of IPv{version}.")
    return str(address)


def _list(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
