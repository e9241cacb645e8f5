# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The weights by which a route shares requests between two backends, in all rules with both.

An HTTPRoute and a VirtualService say the same in different words.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind

KINDS = {"HTTPRoute": _kinds.HTTP_ROUTE, "VirtualService": _kinds.VIRTUAL_SERVICE}
# The lists of a spec that have rules, and the list of a rule that has backends.
_RULES = {"HTTPRoute": ("rules",), "VirtualService": ("http", "tls", "tcp")}
_BACKENDS = {"HTTPRoute": "backendRefs", "VirtualService": "route"}

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule with both backends: where it stands, and the weights of all of its backends."""

    place: str
    source: int
    target: int
    others: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The share of the target in per cent; 0 where neither gets anything."""
        total = self.source + self.target
        found = round(100 * self.target / total, 2) if total else 0
        return int(found) if found == int(found) else found

    def gives(self, share: int) -> bool:
        """Whether that is the share already."""
        total = self.source + self.target
        return total > 0 and 100 * self.target == share * total


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two backends of routes of one kind: Services by name, or hosts."""

    kind: str
    source: str
    target: str

    @property
    def api(self) -> Kind:
        return KINDS[self.kind]

    def rules(self, item: Mapping[str, Any]) -> list[Rule]:
        """The rules that name both; refused where there is none, or one names one twice."""
        found = []
        for place, backends in self._rules(item):
            names = [self._name(each) for each in backends]
            if {self.source, self.target} <= set(names):
                self._refuse_twice(item, place, names)
                weights = list(zip(names, self._weights(backends), strict=True))
                own = (self.source, self.target)
                source, target = (dict(weights)[each] for each in own)
                others = tuple(name for name, weight in weights if weight and name not in own)
                found.append(Rule(place=place, source=source, target=target, others=others))
        if not found:
            known = {
                self._name(each) for _place, backends in self._rules(item) for each in backends
            }
            raise RefusedError(
                f"{self._title(item)} has no rule with both {self.source} and {self.target}. Write"
                " one; the backends that it names are"
                f" {', '.join(sorted(known)) or 'none at all'}."
            )
        return found

    def untouched(self, item: Mapping[str, Any]) -> list[str]:
        """Where the rules stand that lead to the source and not to the target."""
        return [
            place
            for place, backends in self._rules(item)
            if self.source in (names := [self._name(each) for each in backends])
            and self.target not in names
        ]

    def refuse_third(self, item: Mapping[str, Any], rules: Sequence[Rule]) -> None:
        """Refuse where another backend gets a part: a share is one of two."""
        for rule in rules:
            if rule.others:
                raise RefusedError(
                    f"{self._title(item)} has more than the two backends that get requests in"
                    f" {rule.place}: {', '.join(rule.others)}. Give the others the weight 0, since"
                    " a share is one of two."
                )

    def with_share(self, item: Mapping[str, Any], share: int) -> Object:
        """The spec with that share in every rule with both."""
        spec: Object = copy.deepcopy(dict(item["spec"]))
        changed = {**item, "spec": spec}
        wanted = {rule.place for rule in self.rules(item) if not rule.gives(share)}
        for place, backends in self._rules(changed):
            if place in wanted:
                for each in backends:
                    if self._name(each) in (self.source, self.target):
                        each["weight"] = share if self._name(each) == self.target else 100 - share
        return spec

    def _refuse_twice(self, item: Mapping[str, Any], place: str, names: Sequence[str]) -> None:
        for name in (self.source, self.target):
            if names.count(name) > 1:
                raise RefusedError(
                    f"{self._title(item)} names {name} more than once in {place}. Name each of the"
                    " two once there, so that its weight is one number."
                )

    def _rules(self, item: Mapping[str, Any]) -> Iterator[tuple[str, list[Object]]]:
        for key in _RULES[self.kind]:
            for number, rule in enumerate(item["spec"].get(key) or ()):
                yield f"{key}[{number}]", rule.get(_BACKENDS[self.kind]) or []

    def _name(self, backend: Mapping[str, Any]) -> str:
        if self.kind == "HTTPRoute":
            name, namespace = backend["name"], backend.get("namespace")
            spaced = f"{namespace}/{name}"
            return spaced if spaced in (self.source, self.target) else str(name)
        destination = backend["destination"]
        subset = f"{destination['host']}/{destination.get('subset')}"
        return subset if subset in (self.source, self.target) else str(destination["host"])

    def _weights(self, backends: Sequence[Mapping[str, Any]]) -> list[int]:
        """What each counts for where nothing is said: 1 there, 0 beside others here."""
        missing = 1 if self.kind == "HTTPRoute" else 0
        return [int(each.get("weight", missing)) for each in backends]

    def _title(self, item: Mapping[str, Any]) -> str:
        return f"{self.kind} {item['metadata']['namespace']}/{item['metadata']['name']}"


def writer(item: Mapping[str, Any]) -> str:
    """Who wrote the rules last, by the record of who manages which field; empty where unknown."""
    entries = [
        entry
        for entry in item["metadata"].get("managedFields") or ()
        if not entry.get("subresource") and "f:spec" in (entry.get("fieldsV1") or {})
    ]
    latest: Mapping[str, Any] = max(entries, key=lambda entry: entry.get("time", ""), default={})
    return str(latest.get("manager", ""))


def unseen(item: Mapping[str, Any]) -> str:
    """Why the route is not in force, by what its controllers wrote; empty where it is.

    One without a status has no controller that writes any.
    """
    generation = item["metadata"].get("generation", 0)
    for parent in (item.get("status") or {}).get("parents") or ():
        name = (parent.get("parentRef") or {}).get("name", "")
        found = [each for each in parent.get("conditions") or () if each["type"] == "Accepted"]
        for condition in found:
            if condition.get("observedGeneration", generation) != generation:
                return f"{parent.get('controllerName')} has not seen it for {name} yet"
            if condition["status"] != "True":
                reason = condition.get("message") or condition.get("reason")
                return f"{name} does not accept it: {reason}"
    return ""
