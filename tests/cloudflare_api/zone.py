# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a zone has, and what may be written to it: the rules that Cloudflare's schema states."""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Fields of a load balancer that a PATCH may have, with what each value has to be.
_POLICIES = (
    *("off", "geo", "random", "dynamic_latency", "proximity"),
    *("least_outstanding_requests", "least_connections", ""),
)
_AFFINITIES = ("none", "cookie", "ip_cookie", "header", "")
_SESSIONS = {"cookie": (1800, 604800), "ip_cookie": (1800, 604800), "header": (30, 3600)}
_PLAIN: dict[str, Callable[[Any], bool]] = {
    "description": lambda value: isinstance(value, str),
    "enabled": lambda value: isinstance(value, bool),
    "proxied": lambda value: isinstance(value, bool),
    "name": lambda value: isinstance(value, str) and "." in value,
    "steering_policy": lambda value: value in _POLICIES,
    "session_affinity": lambda value: value in _AFFINITIES,
    "ttl": lambda value: _is_number(value) and value >= 10,
}
_MAPPINGS = ("region_pools", "country_pools", "pop_pools")
_STEERING = {"default_weight", "pool_weights"}
_ATTRIBUTES = {
    *("drain_duration", "headers", "require_all_headers"),
    *("samesite", "secure", "zero_downtime_failover"),
}
_HEX = re.compile(r"[0-9a-f]{32}")


class InvalidError(Exception):
    """The API answers 400 with code 1002 and this text."""


@dataclass
class Zone:
    """One zone of one account; tests look at it and change it as another writer would."""

    id: str
    account: str
    balancers: list[dict[str, Any]] = field(default_factory=list)
    pools: list[dict[str, Any]] = field(default_factory=list)
    health: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the id of a pool, what each data centre says."""
    writes: int = 0

    def balancer(self, wanted: str) -> dict[str, Any] | None:
        return next((each for each in self.balancers if wanted in (each["id"], each["name"])), None)

    def pool(self, wanted: str) -> dict[str, Any] | None:
        return next((each for each in self.pools if wanted in (each["id"], each["name"])), None)

    def patch(self, balancer: dict[str, Any], body: Any) -> None:
        """Overwrite the given properties, each as a whole; InvalidError before anything changed."""
        if not isinstance(body, dict):
            raise InvalidError("the body must be an object: validation failed")
        after = {**copy.deepcopy(balancer), **body}
        for name, value in body.items():
            self._check(name, value, after)
        balancer.update(copy.deepcopy(body))
        if "random_steering" in body:
            balancer["random_steering"].setdefault("default_weight", 1)
        self.touch(balancer)

    def touch(self, balancer: dict[str, Any]) -> None:
        """Each write has a time of its own."""
        self.writes += 1
        moment = datetime.datetime(2026, 2, 3, tzinfo=datetime.UTC)
        moment += datetime.timedelta(seconds=self.writes)
        balancer["modified_on"] = moment.isoformat().replace("+00:00", ".000000Z")

    def _check(self, name: str, value: Any, after: Mapping[str, Any]) -> None:
        known = {pool["id"] for pool in self.pools}
        if name in _PLAIN:
            _demand(_PLAIN[name](value), f"{name} has a bad value")
        elif name == "default_pools":
            _demand(isinstance(value, list) and set(value) <= known, "unknown pool")
        elif name == "fallback_pool":
            _demand(value in known, "unknown fallback pool")
        elif name == "random_steering":
            _check_steering(value, known)
        elif name == "session_affinity_attributes":
            _check_attributes(value)
        elif name == "session_affinity_ttl":
            low, high = _SESSIONS.get(after.get("session_affinity", ""), (30, 604800))
            _demand(_is_number(value) and low <= value <= high, f"{name} is out of range")
        elif name in _MAPPINGS:
            _demand(isinstance(value, dict), f"{name} must be an object")
        else:
            raise InvalidError(f'unknown field "{name}": validation failed')


def _check_steering(value: Any, known: set[str]) -> None:
    _demand(isinstance(value, dict) and set(value) <= _STEERING, "unknown field in random_steering")
    if "default_weight" in value:
        _demand(_is_step(value["default_weight"], 10), "default_weight is not 0 to 1 by 0.1")
    weights = value.get("pool_weights", {})
    _demand(isinstance(weights, dict) and set(weights) <= known, "unknown pool in pool_weights")
    for weight in weights.values():
        _demand(_is_step(weight, 100), "a pool weight is not 0 to 1 by 0.01")


def _check_attributes(value: Any) -> None:
    _demand(isinstance(value, dict) and set(value) <= _ATTRIBUTES, "unknown affinity attribute")
    if "drain_duration" in value:
        duration = value["drain_duration"]
        _demand(_is_number(duration) and duration >= 0, "drain_duration is negative")


def _demand(holds: bool, said: str) -> None:
    if not holds:
        raise InvalidError(f"{said}: validation failed")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_step(value: Any, steps: int) -> bool:
    """From 0 to 1, in so many steps."""
    if not _is_number(value) or not 0 <= value <= 1:
        return False
    return abs(value * steps - round(value * steps)) < 1e-9


def is_id(text: str) -> bool:
    return bool(_HEX.fullmatch(text))
