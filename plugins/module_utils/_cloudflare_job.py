# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Reads a load balancer of Cloudflare, and gives its pools their weights."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _cloudflare_plan, _result
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare import (
    LoadBalancer,
    Pool,
    is_healthy,
)
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare_api import (
    Cloudflare,
    LostError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare_plan import (
    Plan,
    Sides,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
    NotReadyError,
    RefusedError,
)

# JSON that no server can carry out: what it answers only says whether the token may write.
_UNFINISHED = "{"
_NO_HEALTH = "Health info unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was read, and what the monitors say of the two pools."""

    balancer: LoadBalancer
    sides: Sides
    healthy: Mapping[str, bool | None]


def read(api: Cloudflare, params: Mapping[str, Any]) -> Seen:
    """Read the load balancer, the pools and their health."""
    balancer = _find_balancer(api, params["load_balancer"])
    account = api.account or _find_account(api)
    pools = [
        Pool.from_object(item) for item in api.list(f"/accounts/{account}/load_balancers/pools")
    ]
    sides = Sides(
        source=_find_pool("source_pool", params["source_pool"], pools),
        target=_find_pool("target_pool", params["target_pool"], pools),
        names={pool.id: pool.name for pool in pools},
    )
    if sides.source == sides.target:
        raise BadInputError(
            f"target_pool: it is the pool {sides.target.name}, as source_pool is; right is the pool"
            " of the other cluster."
        )
    return Seen(
        balancer=balancer,
        sides=sides,
        healthy={
            "source": _ask_health(api, account, sides.source),
            "target": _ask_health(api, account, sides.target),
        },
    )


def check_rights(api: Cloudflare, balancer: LoadBalancer) -> None:
    """ApiError where the token may not change the load balancer; nothing is changed for it."""
    try:
        api.repeat("PATCH", _path(api, balancer), _UNFINISHED)
    except ApiError as error:
        if error.reason != "Refused":
            raise


def carry_out(api: Cloudflare, plan: Plan) -> LoadBalancer:
    """Write what is planned; what the load balancer is like then.

    An answer that was lost does not tell whether the weights were set, so they are read.
    """
    path, body = _path(api, plan.before), json.dumps(plan.body())
    while True:
        try:
            seen = LoadBalancer.from_object(api.once("PATCH", path, body)["result"])
        except LostError as lost:
            seen = LoadBalancer.from_object(api.get(path)["result"])
            if seen == plan.before:
                api.wait(f"PATCH {path}", str(lost))
                continue
            if not plan.is_done(seen):
                raise RefusedError(
                    f"The load balancer {seen.name} was changed by somebody else at"
                    f" {seen.modified_on}, while this ran. Find out by whom, and run it again."
                ) from lost
        if not plan.is_done(seen):
            raise NotReadyError(
                f"The load balancer {seen.name} is not as it was written: it has"
                f" {_cloudflare_plan.describe(seen, plan.sides)}. Find out who else writes to it."
            )
        return seen


def report(seen: Seen, plan: Plan, *, allow_rules: bool) -> dict[str, Any]:
    """The result of the module; `plan.after` is what is there, or would be in check mode."""
    after, sides = plan.after, seen.sides
    source, target = sides.source.id, sides.target.id
    reason = next(_cloudflare_plan.obstacles(after, sides, allow_rules=allow_rules), "")
    if not reason and not after.weight(source) + after.weight(target):
        reason = "both pools have the weight 0. Set a share."
    return {
        "changed": plan.change.changed,
        "diff": _result.diff([plan.change]),
        "share": after.share(source, target),
        "holds": not reason,
        "reason": reason,
        "healthy": dict(seen.healthy),
        "lifetime": after.lifetime,
        "session_affinity": after.affinity if after.has_sessions else "none",
        "modified_on": after.modified_on,
        "object": f"load balancer {after.name} of Cloudflare",
        **_cloudflare_plan.describe(after, sides),
    }


def _path(api: Cloudflare, balancer: LoadBalancer) -> str:
    return f"/zones/{api.zone}/load_balancers/{balancer.id}"


def _find_balancer(api: Cloudflare, wanted: str) -> LoadBalancer:
    items = api.list(f"/zones/{api.zone}/load_balancers")
    name = wanted.rstrip(".").lower()
    for item in items:
        if name in (item["id"], item["name"].lower()):
            return LoadBalancer.from_object(item)
    raise BadInputError(
        f"load_balancer: got '{wanted}', which is not in the zone {api.zone}; right is"
        f" {_one_of(item['name'] for item in items)}."
    )


def _find_account(api: Cloudflare) -> str:
    try:
        account: str = api.get(f"/zones/{api.zone}")["result"]["account"]["id"]
    except ApiError as error:
        if error.reason != "Token":
            raise
        raise RefusedError(
            f"The token does not let the account of the zone {api.zone} be found. Give account_id,"
            " or the token the right Zone Read."
        ) from error
    return account


def _find_pool(option: str, wanted: str, pools: Sequence[Pool]) -> Pool:
    for pool in pools:
        if wanted in (pool.id, pool.name):
            return pool
    raise BadInputError(
        f"{option}: got '{wanted}', which the account does not have; right is"
        f" {_one_of(pool.name for pool in pools)}."
    )


def _one_of(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none, for there is none"


def _ask_health(api: Cloudflare, account: str, pool: Pool) -> bool | None:
    """What the monitors say; None where no monitor looks, or none has said anything yet."""
    if not pool.enabled:
        return False
    if not pool.monitored:
        return None
    try:
        answer = api.get(f"/accounts/{account}/load_balancers/pools/{pool.id}/health")
    except ApiError as error:
        if _NO_HEALTH in error.message:
            return None
        raise
    return is_healthy((answer["result"] or {}).get("pop_health") or {})
