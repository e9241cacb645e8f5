# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which namespaces move together, and in which order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

_FIRST_LABEL = "meshwright.istio/wave"
_FIRST = "first"
_SHARES = (10, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A namespace of the mesh; `asks_first` by its label."""

    name: str
    pods: int
    asks_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """The namespaces that move together; numbers begin at 1."""

    number: int
    name: str
    namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRequest:
    """What one wave shall hold: the named namespaces, or as many as make up the share of all."""

    name: str
    namespaces: tuple[str, ...] = ()
    share: int | None = None

    @classmethod
    def from_option(cls, number: int, entry: Mapping[str, Any]) -> WaveRequest:
        """Read one entry of the option `waves`."""
        namespaces = tuple(entry.get("namespaces") or ())
        share = entry.get("share")
        if bool(namespaces) == (share is not None):
            raise BadInputError(
                f"waves[{number - 1}]: got {dict(entry)}; give either namespaces (a list of"
                " names) or share (1 to 100, in per cent of all namespaces)."
            )
        if share is not None and not 1 <= share <= 100:
            raise BadInputError(
                f"waves[{number - 1}].share: got {share}; right is a number from 1 to 100."
            )
        name = entry.get("name") or (", ".join(namespaces) if namespaces else f"{share} %")
        return cls(name=name, namespaces=namespaces, share=share)


def candidates(pods: Mapping[str, int], labels: Mapping[str, Mapping[str, str]]) -> list[Candidate]:
    """The namespaces that are to move, from the number of their pods and the labels of all."""
    return [
        Candidate(
            name=name,
            pods=number,
            asks_first=labels.get(name, {}).get(_FIRST_LABEL) == _FIRST,
        )
        for name, number in pods.items()
    ]


def plan_waves(
    found: Iterable[Candidate], requests: Sequence[WaveRequest] = ()
) -> tuple[Wave, ...]:
    """Every candidate in exactly one wave; without requests first one, then 10 %, 50 %, the rest.

    Names come before shares whatever their order, and what no request covers moves last. The order
    within the shares is that of a hash of the name: it does not depend on which other namespaces
    there are, so a share that grows never leaves one out that a smaller share had.
    """
    members = {candidate.name: candidate for candidate in found}
    if not members:
        return ()
    wanted = list(requests) or _default_requests(members.values())
    _check(wanted, members)
    named = {name for request in wanted for name in request.namespaces}
    queue = sorted(members.keys() - named, key=rank)
    groups: list[tuple[str, list[str]]] = []
    placed = 0
    for request in wanted:
        if request.share is None:
            group = sorted(request.namespaces)
        else:
            # Rounded up, so that a small mesh has its small waves too.
            goal = -(-len(members) * request.share // 100)
            count = max(0, goal - placed)
            group, queue = sorted(queue[:count]), queue[count:]
        placed += len(group)
        groups.append((request.name, group))
    groups.append(("rest", sorted(queue)))
    filled = [(name, group) for name, group in groups if group]
    return tuple(
        Wave(number=number, name=name, namespaces=tuple(group))
        for number, (name, group) in enumerate(filled, start=1)
    )


def rank(name: str) -> str:
    """Where the namespace stands among all; the same on every machine and in every run."""
    return hashlib.sha256(name.encode()).hexdigest()


def _default_requests(members: Iterable[Candidate]) -> list[WaveRequest]:
    first = _choose_first(list(members))
    shares = [WaveRequest(name="rest" if s == 100 else f"{s} %", share=s) for s in _SHARES]
    return [WaveRequest(name=_FIRST, namespaces=first), *shares]


def _choose_first(members: Sequence[Candidate]) -> tuple[str, ...]:
    """Those that ask for it, else the smallest; one without pods would prove nothing."""
    asking = tuple(sorted(member.name for member in members if member.asks_first))
    if asking:
        return asking
    smallest = min(members, key=lambda member: (member.pods == 0, member.pods, member.name))
    return (smallest.name,)


def _check(requests: Sequence[WaveRequest], members: Mapping[str, Candidate]) -> None:
    seen: set[str] = set()
    share = 0
    for number, request in enumerate(requests):
        for name in request.namespaces:
            if name not in members:
                raise BadInputError(
                    f"waves[{number}].namespaces: got {name}, which is no namespace that this"
                    " upgrade moves; right is one of " + ", ".join(sorted(members)) + "."
                )
            if name in seen:
                raise BadInputError(
                    f"waves[{number}].namespaces: got {name} twice; name it in one wave only."
                )
            seen.add(name)
        if request.share is not None:
            if request.share <= share:
                raise BadInputError(
                    f"waves[{number}].share: got {request.share} after {share}; shares count from"
                    " the start, so each must be greater than the one before it."
                )
            share = request.share
