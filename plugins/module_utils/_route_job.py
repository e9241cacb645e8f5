# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Read and set the share of a route, and wait until its controllers have seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _owner, _readiness, _route
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._route import Pair, Rule
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter

# Whoever writes a status changes the version of the object too.
_TRIES = 5
_CONFLICT = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteJob:
    """One route as it was read, and how it is read again."""

    api: Api
    pair: Pair
    name: str
    namespace: str
    item: Object

    @classmethod
    def read(cls, api: Api, params: Mapping[str, Any]) -> RouteJob:
        """The route that a module's options name; refused where it cannot be shared."""
        pair = Pair(
            kind=params["kind"], source=params["source_backend"], target=params["target_backend"]
        )
        if pair.source == pair.target:
            raise BadInputError(
                f"source_backend and target_backend are both {pair.source}; right are two backends"
                " of the route."
            )
        name, namespace = params["name"], params["namespace"]
        item = _get(api, pair, name, namespace)
        return cls(api=api, pair=pair, name=name, namespace=namespace, item=item)

    def __str__(self) -> str:
        return f"{self.pair.kind} {self.namespace}/{self.name}"

    @property
    def rules(self) -> list[Rule]:
        return self.pair.rules(self.item)

    def plan(self, share: int) -> Change:
        """The weights before and after; refused where the share cannot be expressed."""
        if not 0 <= share <= 100:
            raise BadInputError(f"share: got {share}; right is a whole number from 0 to 100.")
        self.pair.refuse_third(self.item, self.rules)
        after = {**self.item, "spec": self.pair.with_share(self.item, share)}
        return Change(
            name=str(self), before=_weights(self.rules), after=_weights(self.pair.rules(after))
        )

    def carry_out(self, share: int, waiter: Waiter) -> RouteJob:
        """Set the share, and wait until those who look after the route have seen it.

        What another has written meanwhile is read again, and never overwritten unread.
        """
        job = self
        for left in reversed(range(_TRIES)):
            try:
                job.patch(share)
            except ApiError as error:
                if error.status != _CONFLICT or not left:
                    raise
                job = job.again()
                job.plan(share)
            else:
                break
        waiter.follow(self.api, self.pair.api, self.namespace, "", self._judge)
        return self.again()

    def patch(self, share: int, *, dry_run: bool = False) -> None:
        """Write the share over what was read, and nothing else; or let the API server try it."""
        patch = {
            "metadata": {"resourceVersion": self.item["metadata"]["resourceVersion"]},
            "spec": self.pair.with_share(self.item, share),
        }
        self.api.patch(self.pair.api, self.name, patch, self.namespace, dry_run=dry_run)

    def again(self) -> RouteJob:
        """The same route as it is now."""
        item = _get(self.api, self.pair, self.name, self.namespace)
        return RouteJob(
            api=self.api, pair=self.pair, name=self.name, namespace=self.namespace, item=item
        )

    def summary(self) -> dict[str, Any]:
        """What a result says of it."""
        rules, reason = self.rules, self._reason()
        return {
            "share": rules[0].share,
            "holds": not reason,
            "reason": reason,
            "writer": _route.writer(self.item),
            "rules": [{**asdict(each), "others": list(each.others)} for each in rules],
            "untouched": self.pair.untouched(self.item),
            "object": str(self),
        }

    @property
    def doubts(self) -> list[str]:
        """What may undo the share, or leaves it out."""
        found = []
        owner = _owner.find_owner(self.item)
        if owner is not None:
            found.append(f"{self} belongs to {owner}, which may put other weights back.")
        if left := self.pair.untouched(self.item):
            found.append(
                f"{', '.join(left)} of {self} lead to {self.pair.source} and not to"
                f" {self.pair.target}, and stay so."
            )
        return found

    def _reason(self) -> str:
        """Why the share does not hold; empty where it does."""
        first, *rest = self.rules
        for rule in (first, *rest):
            if rule.others:
                return f"{', '.join(rule.others)} gets a part in {rule.place} of {self}"
            if not rule.source + rule.target:
                return f"both weights are 0 in {rule.place} of {self}"
            if rule.share != first.share:
                return (
                    f"{self.pair.target} has {first.share} % in {first.place} of {self} and"
                    f" {rule.share} % in {rule.place}"
                )
        return _route.unseen(self.item)

    def _judge(self, items: Sequence[Object]) -> Readiness:
        for item in items:
            if item["metadata"]["name"] == self.name:
                unseen = _route.unseen(item)
                return _readiness.waiting(f"{self}: {unseen}") if unseen else _readiness.READY
        return _readiness.hopeless(f"{self} does not exist any more")


def _get(api: Api, pair: Pair, name: str, namespace: str) -> Object:
    item = api.get(pair.api, name, namespace)
    if item is None:
        raise RefusedError(
            f"There is no {pair.kind} {namespace}/{name}. Name the one by which both clusters get"
            " their requests."
        )
    return item


def _weights(rules: Sequence[Rule]) -> dict[str, Any]:
    return {each.place: {"source": each.source, "target": each.target} for each in rules}
