# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a share of the requests is in the settings of a load balancer of Cloudflare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare import (
    WEIGHTED,
    LoadBalancer,
    Pool,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The pools of the two clusters, and the names of all pools by their ids."""

    source: Pool
    target: Pool
    names: Mapping[str, str]

    def name(self, pool: str) -> str:
        """How people call a pool; one that is not among those of the account has only its id."""
        return self.names.get(pool, pool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the load balancer shall be like; None leaves it as it is."""

    share: int | None
    shares: tuple[int, ...]
    follow: bool
    drain_seconds: int | None
    set_steering: bool
    allow_rules: bool

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Wish:
        """Read a module's options."""
        share, shares, drain = params["share"], params["shares"] or (), params["drain_seconds"]
        for option, values in (("share", () if share is None else (share,)), ("shares", shares)):
            for value in values:
                if not 0 <= value <= 100:
                    raise BadInputError(
                        f"{option}: got {value}; right is a whole number from 0 to 100, in per"
                        " cent."
                    )
        if drain is not None and drain < 0:
            raise BadInputError(f"drain_seconds: got {drain}; right is 0 or more.")
        return cls(
            share=share,
            shares=tuple(shares),
            follow=params["fallback_pool"] == "follow",
            drain_seconds=drain,
            set_steering=params["set_steering"],
            allow_rules=params["allow_rules"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The load balancer as it is and as it shall be."""

    before: LoadBalancer
    after: LoadBalancer
    sides: Sides

    @property
    def change(self) -> Change:
        name = f"load balancer {self.before.name}"
        return Change(
            name=name,
            before=describe(self.before, self.sides),
            after=describe(self.after, self.sides),
        )

    def body(self) -> dict[str, Any]:
        """The fields that a PATCH has to have; each replaces the whole field, so it is whole."""
        before, after = self.before, self.after
        body: dict[str, Any] = {}
        if before.weights != after.weights:
            body["random_steering"] = {"pool_weights": dict(after.weights)}
            if after.default_weight is not None:
                body["random_steering"]["default_weight"] = after.default_weight
        if before.steering_policy != after.steering_policy:
            body["steering_policy"] = after.steering_policy
        if before.fallback_pool != after.fallback_pool:
            body["fallback_pool"] = after.fallback_pool
        if before.attributes != after.attributes:
            body["session_affinity_attributes"] = dict(after.attributes)
        return body

    def is_done(self, seen: LoadBalancer) -> bool:
        """Whether a load balancer is as it was to be."""
        return describe(seen, self.sides) == describe(self.after, self.sides)


def make(before: LoadBalancer, sides: Sides, wish: Wish) -> Plan:
    """What is to be written; refused where the weights would not say where requests go."""
    steered = before
    if wish.set_steering and before.steering_policy not in WEIGHTED:
        steered = replace(before, steering_policy=WEIGHTED[0])
    wanted = wish.shares if wish.share is None else (wish.share,)
    shared = [_with_share(steered, sides, share, follow=wish.follow) for share in wanted]
    for each in shared:
        found = next(obstacles(each, sides, allow_rules=wish.allow_rules), None)
        if found:
            raise RefusedError(
                f"The weights of the load balancer {before.name} cannot be set: {found}"
            )
    after = before if wish.share is None else shared[0]
    if wish.drain_seconds is not None and after.has_sessions:
        drained = {**after.attributes, "drain_duration": wish.drain_seconds}
        after = replace(after, attributes=drained)
    return Plan(before=before, after=after, sides=sides)


def describe(balancer: LoadBalancer, sides: Sides) -> dict[str, Any]:
    """What a plan may change, in the words of a person."""
    return {
        "weights": {pool.name: balancer.weight(pool.id) for pool in (sides.source, sides.target)},
        "steering_policy": balancer.steering_policy,
        "fallback_pool": sides.name(balancer.fallback_pool),
        "drain_duration": balancer.attributes.get("drain_duration"),
    }


def obstacles(balancer: LoadBalancer, sides: Sides, *, allow_rules: bool) -> Iterator[str]:
    """Why the weights do not say, or would not say, what share of the requests a pool gets."""
    if not balancer.enabled:
        yield "it is disabled. Enable it."
    yield from _pools(balancer, sides)
    if balancer.steering_policy not in WEIGHTED:
        yield (
            f"its steering policy is '{balancer.steering_policy}', which does not look at weights."
            " Make it random, or say set_steering."
        )
    ours = (sides.source.id, sides.target.id)
    others = [
        sides.name(pool)
        for pool in balancer.default_pools
        if pool not in ours and balancer.weight(pool) > 0
    ]
    if others:
        yield (
            f"{', '.join(others)} gets requests too. Give it the weight 0, or take it out of the"
            " default pools."
        )
    if balancer.rules and not allow_rules:
        yield (
            f"the rule {', '.join(balancer.rules)} sends requests elsewhere. Disable it, or say"
            " allow_rules."
        )


def _pools(balancer: LoadBalancer, sides: Sides) -> Iterator[str]:
    for pool in (sides.source, sides.target):
        if not balancer.weight(pool.id):
            # The way back must not depend on the cluster that it leaves.
            continue
        if pool.id not in balancer.default_pools:
            yield f"the pool {pool.name} is not one of its default pools. Add it, with weight 0."
        if not pool.enabled:
            yield f"the pool {pool.name} is disabled. Enable it."
        if pool.sheds:
            yield f"the pool {pool.name} sheds load. Set the percentages of its load shedding to 0."


def _with_share(balancer: LoadBalancer, sides: Sides, share: int, *, follow: bool) -> LoadBalancer:
    source, target = sides.source.id, sides.target.id
    weights = dict(balancer.weights)
    # The API takes steps of a hundredth; this is the float that prints as one.
    weights |= {source: round(1 - share / 100, 2), target: round(share / 100, 2)}
    # It gets everything when no pool is healthy, so it is the target only when that is proven.
    # One that is neither of the two, such as a page that says sorry, was chosen by somebody.
    fallback = balancer.fallback_pool
    if follow and fallback in (source, target):
        fallback = target if share == 100 else source
    return replace(balancer, weights=tuple(sorted(weights.items())), fallback_pool=fallback)
