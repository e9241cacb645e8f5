# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Weighted records of Route 53: the share that two of them express, and what changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change

LARGEST_WEIGHT = 255
_LONGEST_IDENTIFIER = 128
_LONGEST_TTL = 2**31 - 1
# An alias has the TTL of what it stands for; that of a load balancer is this.
_ALIAS_TTL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which two records are meant, and what they shall be; None leaves it as it is."""

    name: str
    type: str
    source: str
    target: str
    scale: int
    share: int | None
    ttl: int | None

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Wanted:
        """Read the options; refused where Route 53 would refuse them, or should."""
        wanted = cls(
            name=normal_name(params["record"]),
            type=params["type"],
            source=params["source_identifier"],
            target=params["target_identifier"],
            scale=params["scale"],
            share=params["share"],
            ttl=params["ttl"],
        )
        for option in ("source_identifier", "target_identifier"):
            if not 0 < len(params[option]) <= _LONGEST_IDENTIFIER:
                raise BadInputError(
                    f"{option}: got {len(params[option])} characters; right are 1 to"
                    f" {_LONGEST_IDENTIFIER}."
                )
        if wanted.source == wanted.target:
            raise BadInputError(
                f"target_identifier: got '{wanted.target}', which is that of the source too; right"
                " is the identifier of another record."
            )
        if not 0 < wanted.scale <= LARGEST_WEIGHT:
            raise BadInputError(f"scale: got {wanted.scale}; right is 1 to {LARGEST_WEIGHT}.")
        if wanted.ttl is not None and not 0 <= wanted.ttl <= _LONGEST_TTL:
            raise BadInputError(f"ttl: got {wanted.ttl}; right is 0 to {_LONGEST_TTL}.")
        shares = [*params["shares"], *([] if wanted.share is None else [wanted.share])]
        wanted.check(shares)
        return wanted

    @property
    def title(self) -> str:
        return f"{self.name} {self.type}"

    def check(self, shares: Sequence[int]) -> None:
        """Refuse the shares that no whole weights give, all at once."""
        if wrong := [each for each in shares if not 0 <= each <= 100 or each * self.scale % 100]:
            raise RefusedError(
                f"{', '.join(map(str, wrong))} per cent of the scale {self.scale} is no whole"
                " weight from 0 on: choose other steps, or a scale such as 100 or 200."
            )

    def weights(self) -> dict[str, int]:
        """The weight of each of the two, by its identifier; they are never 0 both."""
        if self.share is None:
            return {}
        target = self.share * self.scale // 100
        return {self.source: self.scale - target, self.target: target}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One weighted record; `content` is all of it, as the API gives and takes it."""

    identifier: str
    weight: int
    ttl: int | None
    health_check: str
    content: Mapping[str, Any]

    @classmethod
    def from_object(cls, obj: Mapping[str, Any]) -> Record:
        return cls(
            identifier=obj["SetIdentifier"],
            weight=obj["Weight"],
            ttl=obj.get("TTL"),
            health_check=obj.get("HealthCheckId", ""),
            content=obj,
        )

    def become(self, weight: int, ttl: int | None) -> Record:
        """With another weight and, unless it is an alias, another TTL; the rest stays."""
        content = {**self.content, "Weight": weight}
        if self.ttl is not None and ttl is not None:
            content["TTL"] = ttl
        return Record.from_object(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All weighted records of one name and type."""

    wanted: Wanted
    source: Record
    target: Record
    others: tuple[Record, ...]

    @classmethod
    def from_objects(cls, wanted: Wanted, objects: Sequence[Mapping[str, Any]]) -> Group:
        """Find both; refused where one is missing, or where others get requests too."""
        ours = [each for each in objects if _is_meant(wanted, each)]
        records = {
            each["SetIdentifier"]: Record.from_object(each) for each in ours if "Weight" in each
        }
        for identifier in (wanted.source, wanted.target):
            if identifier not in records:
                there = ", ".join(map(_describe, ours)) or "none of this name and type"
                raise RefusedError(
                    f"Route 53 has no weighted record {wanted.title} with the identifier"
                    f" '{identifier}': make it with the weight 0, or correct record, type and"
                    f" identifiers. It has {there}."
                )
        others = [
            each for name, each in records.items() if name not in (wanted.source, wanted.target)
        ]
        if busy := [each.identifier for each in others if each.weight]:
            raise RefusedError(
                f"{wanted.title} has the identifier {', '.join(busy)} with a weight too, and"
                " requests that go there are in no share: set its weight to 0."
            )
        return cls(
            wanted=wanted,
            source=records[wanted.source],
            target=records[wanted.target],
            others=tuple(others),
        )

    @property
    def share(self) -> float:
        """In per cent; Route 53 takes only zeros for equal weights."""
        total = self.source.weight + self.target.weight
        records = 2 + len(self.others)
        return round(100 * self.target.weight / total, 2) if total else round(100 / records, 2)

    @property
    def reason(self) -> str:
        """Why the share does not hold; empty where it does."""
        if not self.source.weight and not self.target.weight:
            return "both weights are 0, which Route 53 takes for equal ones"
        return ""

    @property
    def ttl(self) -> int:
        """For how long resolvers may keep an answer."""
        return max(
            _ALIAS_TTL if each.ttl is None else each.ttl for each in (self.source, self.target)
        )

    def planned(self) -> Group:
        """As it shall be. All of a group have to have one TTL, so that of the others follows."""
        wanted, weights = self.wanted, self.wanted.weights()

        def become(record: Record) -> Record:
            return record.become(weights.get(record.identifier, record.weight), wanted.ttl)

        return Group(
            wanted=wanted,
            source=become(self.source),
            target=become(self.target),
            others=tuple(map(become, self.others)),
        )

    def records(self) -> tuple[Record, ...]:
        return (self.source, self.target, *self.others)

    def changes(self, planned: Group) -> list[Mapping[str, Any]]:
        """The records that differ, as one change batch has them: all of it happens, or nothing."""
        pairs = zip(self.records(), planned.records(), strict=True)
        return [
            {"Action": "UPSERT", "ResourceRecordSet": after.content}
            for before, after in pairs
            if before != after
        ]

    def difference(self, planned: Group) -> Change:
        return Change(name=self.wanted.title, before=self._summary(), after=planned._summary())

    def _summary(self) -> dict[str, Any]:
        return {
            each.identifier: {"weight": each.weight, "ttl": each.ttl} for each in self.records()
        }

    def result(self) -> dict[str, Any]:
        """The facts, as the module returns them."""
        return {
            "share": self.share,
            "holds": not self.reason,
            "reason": self.reason,
            "ttl": self.ttl,
            "weights": {"source": self.source.weight, "target": self.target.weight},
            "object": f"weighted records {self.wanted.title} of Route 53",
        }


def normal_name(text: str) -> str:
    """As the API writes names: in small letters, with the dot at the end and an escaped star."""
    return text.lower().rstrip(".").replace("*", "\\052") + "."


def is_healthy(observations: Sequence[Mapping[str, Any]]) -> bool | None:
    """What the checkers say, by the rule of Route 53: more than 18 per cent; None without any."""
    said = [str(each["StatusReport"]["Status"]).startswith("Success") for each in observations]
    return 100 * sum(said) > 18 * len(said) if said else None


def _is_meant(wanted: Wanted, obj: Mapping[str, Any]) -> bool:
    return normal_name(obj["Name"]) == wanted.name and obj["Type"] == wanted.type


def _describe(obj: Mapping[str, Any]) -> str:
    if "Weight" in obj:
        return f"'{obj['SetIdentifier']}' with the weight {obj['Weight']}"
    return "one without a weight"
