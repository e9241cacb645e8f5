# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A zone with one load balancer before two clusters, as tests begin with it."""

from __future__ import annotations

from typing import Any

from .server import CloudflareApi, Right
from .zone import Zone

ZONE = "c0ffee00c0ffee00c0ffee00c0ffee01"
ACCOUNT = "acc0acc0acc0acc0acc0acc0acc0acc0"
OLD, NEW, SORRY = (digit * 32 for digit in "abd")
BALANCER = "1b" * 16
NAME = "harbour.fjord.test"
TOKEN = "Vq8-token-that-nobody-may-see-_3x9Lm2PzR"  # noqa: S105 - of a server that is not real
READER = "Kd4-token-that-only-reads-_7y1Bn5WcT0aa"
ALL_RIGHTS = set(Right)
HEALTHY = {"Oslo, NO": {"healthy": True}, "Riga, LV": {"healthy": True}}


def pool(pool_id: str, name: str, **more: Any) -> dict[str, Any]:
    origin = {"name": name, "address": f"{name}.fjord.test", "enabled": True, "weight": 1}
    return {
        "id": pool_id,
        "name": name,
        "enabled": True,
        "minimum_origins": 1,
        "monitor": "9" * 32,
        "origins": [origin],
        "description": "",
        **more,
    }


def balancer(**more: Any) -> dict[str, Any]:
    return {
        "id": BALANCER,
        "name": NAME,
        "enabled": True,
        "proxied": True,
        "description": "",
        "default_pools": [OLD, NEW],
        "fallback_pool": OLD,
        "steering_policy": "random",
        "random_steering": {"default_weight": 0, "pool_weights": {OLD: 1, NEW: 0}},
        "session_affinity": "none",
        "session_affinity_attributes": {"samesite": "Lax"},
        "region_pools": {},
        "rules": [],
        "modified_on": "2026-02-02T00:00:00.000000Z",
        **more,
    }


def make(*, url: str = "", **more: Any) -> CloudflareApi:
    """All requests go to the old cluster; `more` are fields of the load balancer."""
    zone = Zone(
        id=ZONE,
        account=ACCOUNT,
        balancers=[balancer(id="2c" * 16, name="other.fjord.test"), balancer(**more)],
        pools=[pool(OLD, "old"), pool(NEW, "new"), pool(SORRY, "sorry", monitor=None)],
        health={OLD: HEALTHY, NEW: HEALTHY},
    )
    readable = ALL_RIGHTS - {Right.BALANCERS_WRITE}
    return CloudflareApi(zone=zone, tokens={TOKEN: ALL_RIGHTS, READER: readable}, url=url)
