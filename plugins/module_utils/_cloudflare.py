# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A load balancer of Cloudflare and its pools: what is read of them, and what it means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# The steering policies that look at the weights in random_steering.
WEIGHTED = ("random", "least_outstanding_requests", "least_connections")
# How long a session lives where session_affinity_ttl does not say it.
_SESSIONS = {"cookie": 82800, "ip_cookie": 82800, "header": 1800}
# What Cloudflare answers for the name of a load balancer that it does not proxy, by default.
_TTL = 30
# By these a rule sends its requests elsewhere than the weights say.
_ELSEWHERE = (
    *("default_pools", "region_pools", "country_pools", "pop_pools"),
    *("steering_policy", "random_steering"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """A load balancer of a zone; pools are their ids.

    `default_weight` and `affinity_ttl` are None where nothing is set, and Cloudflare's own default
    holds; `attributes` are those of the session affinity, as a change has to send all of them.
    """

    id: str
    name: str
    enabled: bool
    proxied: bool
    ttl: int
    steering_policy: str
    default_pools: tuple[str, ...]
    fallback_pool: str
    weights: tuple[tuple[str, float], ...]
    default_weight: float | None
    affinity: str
    affinity_ttl: int | None
    attributes: Mapping[str, Any]
    rules: tuple[str, ...]
    modified_on: str

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> LoadBalancer:
        """Read what the API answers."""
        steering = item.get("random_steering") or {}
        weights = steering.get("pool_weights") or {}
        session = item.get("session_affinity_ttl")
        return cls(
            id=item["id"],
            name=item["name"],
            enabled=item.get("enabled", True),
            proxied=item.get("proxied", False),
            ttl=int(item.get("ttl") or _TTL),
            steering_policy=item.get("steering_policy") or "",
            default_pools=tuple(item.get("default_pools") or ()),
            fallback_pool=item.get("fallback_pool") or "",
            weights=tuple(sorted((pool, float(weight)) for pool, weight in weights.items())),
            default_weight=steering.get("default_weight"),
            affinity=item.get("session_affinity") or "none",
            affinity_ttl=None if session is None else int(session),
            attributes=item.get("session_affinity_attributes") or {},
            rules=tuple(_rules_elsewhere(item.get("rules") or ())),
            modified_on=item.get("modified_on") or "",
        )

    def weight(self, pool: str) -> float:
        """The weight of a pool; one that is not named has the default weight."""
        default = 1.0 if self.default_weight is None else self.default_weight
        return dict(self.weights).get(pool, default)

    def share(self, source: str, target: str) -> float:
        """The target's part of what the two pools get, in per cent; 0 where neither gets any."""
        whole = self.weight(source) + self.weight(target)
        share = round(100 * self.weight(target) / whole, 2) if whole else 0.0
        return int(share) if share == int(share) else share

    @property
    def has_sessions(self) -> bool:
        """Whether clients are held at a pool: Cloudflare does so only for what it proxies."""
        return self.proxied and self.affinity in _SESSIONS

    @property
    def lifetime(self) -> int:
        """For how many seconds a client may still go where it was sent before a change."""
        if not self.proxied:
            return self.ttl
        if self.has_sessions:
            return self.affinity_ttl or _SESSIONS[self.affinity]
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool of an account."""

    id: str
    name: str
    enabled: bool
    monitored: bool
    sheds: bool

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Pool:
        """Read what the API answers."""
        shedding = item.get("load_shedding") or {}
        return cls(
            id=item["id"],
            name=item["name"],
            enabled=item.get("enabled", True),
            monitored=bool(item.get("monitor") or item.get("monitor_group")),
            sheds=any(shedding.get(key) for key in ("default_percent", "session_percent")),
        )


def is_healthy(regions: Mapping[str, Mapping[str, Any]]) -> bool | None:
    """Whether more than half of the data centres that look find a pool healthy; None for no word.

    One of them alone may have trouble of its own on the way to the pool.
    """
    words = [bool(each["healthy"]) for each in regions.values() if "healthy" in each]
    return 2 * sum(words) > len(words) if words else None


def _rules_elsewhere(rules: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The names of the rules in force that send requests elsewhere than the weights say."""
    for rule in rules:
        overrides = rule.get("overrides") or {}
        if not rule.get("disabled") and any(overrides.get(key) for key in _ELSEWHERE):
            yield rule.get("name") or rule.get("condition") or "without a name"
