#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Share requests between two pools of a load balancer of Cloudflare."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudflare_load_balancer_weights
short_description: Share requests between two pools of a Cloudflare load balancer
version_added: 0.1.0
description:
  - Gives the pools of two clusters their weights in the random steering of one load balancer, in
    one request, and changes nothing else of it but what the options name.
  - Without O(share) and O(drain_seconds) it only reads. It tells what share is in force, what the
    monitors say, and for how long clients may still go where they were sent before.
  - Refused where the weights would not say which requests a pool gets, as another pool gets some
    too, a pool is disabled, or the steering policy does not look at weights.
  - Requests are repeated when Cloudflare is busy or away. Where the answer to a change is lost,
    what is there is read before it is sent again.
author: The meshwright.istio contributors (@meshwright)
extends_documentation_fragment: [meshwright.istio.attributes]
attributes:
  check_mode:
    description: Can run in C(check_mode) and say what would change without changing it.
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments, the second invocation
        says that nothing changed and sends no change to Cloudflare.
    support: full
options:
  zone_id:
    description: The id of the zone, 32 hexadecimal digits.
    type: str
    required: true
  load_balancer:
    description: The name, which is its hostname, or the id of the load balancer.
    type: str
    required: true
  source_pool:
    description: The name or the id of the pool that gets what O(share) leaves.
    type: str
    required: true
  target_pool:
    description: The name or the id of the pool that gets O(share).
    type: str
    required: true
  share:
    description: Of a hundred requests, how many the target gets. The source gets the others.
    type: int
  shares:
    description:
      - Shares that are going to be asked for. It fails where one of them could not be set now, or
        the token lacks the right to.
      - For the latter it sends a PATCH without valid content, which cannot be carried out.
    type: list
    elements: int
  fallback_pool:
    description:
      - The fallback pool gets all requests when no pool is healthy. V(follow) makes it the target
        with the share 100, and the source with any other. V(keep) leaves it.
      - One that is neither of the two pools is left in any case.
    type: str
    choices: [follow, keep]
    default: follow
  drain_seconds:
    description: >-
      For how many seconds sessions go on at a pool that is disabled, where the load balancer has
      session affinity. The weight 0 ends none; see RV(lifetime).
    type: int
  set_steering:
    description: Whether to set the steering policy to C(random) where it does not look at weights.
    type: bool
    default: false
  allow_rules:
    description: Whether rules of the load balancer may send requests elsewhere.
    type: bool
    default: false
  account_id:
    description: The id of the account. By default it is that of the zone, by the right Zone Read.
    type: str
    default: ''
  token:
    description:
      - 'An API token with the rights C(Load Balancers Write) on the zone, and C(Load Balancing:
        Monitors and Pools Read) on the account. Without it, E(CLOUDFLARE_API_TOKEN) is taken.'
    type: str
  api_url:
    description: Where the API is.
    type: str
    default: https://api.cloudflare.com/client/v4
  validate_certs:
    description: Whether the certificate has to be valid.
    type: bool
    default: true
  ca_cert:
    description: A PEM file with the authorities to trust, instead of the system's.
    type: path
  retry_timeout:
    description: For how many seconds in all. Who asks too often is refused for five minutes.
    type: int
    default: 330
requirements: [urllib3]
notes:
  - It is not in the action group, because it asks no cluster.
"""

EXAMPLES = r"""
- name: Look where requests go
  meshwright.istio.cloudflare_load_balancer_weights: &shop
    zone_id: 5b0c1e8f1d6a4a7c9be0f2d3a4c5e6f7
    load_balancer: shop.example.com
    source_pool: paris-old
    target_pool: paris-new
  register: weights

- name: Give the new cluster a quarter of them, if its monitors find it well
  meshwright.istio.cloudflare_load_balancer_weights:
    <<: *shop
    share: 25
  when: weights.healthy.target
"""

RETURN = r"""
share:
  description: The target's share in per cent. In check mode, what it would be, as the others.
  returned: success
  type: float
  sample: 25
holds:
  description: Whether the weights alone say where requests go.
  returned: success
  type: bool
  sample: true
reason:
  description: Why they do not.
  returned: success
  type: str
healthy:
  description: Whether most data centres find the pools healthy; null where no monitor looks.
  returned: success
  type: dict
  sample: {source: true, target: null}
lifetime:
  description: >-
    For how many seconds clients may still go where they were sent before; with session affinity by
    header, after the last request of each.
  returned: success
  type: int
  sample: 82800
session_affinity:
  description: By what clients are held at a pool.
  returned: success
  type: str
  sample: cookie
modified_on:
  description: When it was last written.
  returned: success
  type: str
  sample: "2026-05-04T08:00:00.123456Z"
object:
  description: What was read, for messages.
  returned: success
  type: str
  sample: load balancer shop.example.com of Cloudflare
weights:
  description: The weights of the two pools, by their names.
  returned: success
  type: dict
  sample: {paris-old: 0.75, paris-new: 0.25}
steering_policy:
  description: The steering policy.
  returned: success
  type: str
  sample: random
fallback_pool:
  description: The name of the fallback pool.
  returned: success
  type: str
  sample: paris-old
drain_duration:
  description: For how many seconds sessions go on at a disabled pool; null where it is not set.
  returned: success
  type: int
  sample: 300
"""

from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback
from ansible_collections.meshwright.istio.plugins.module_utils import _cloudflare_job as job
from ansible_collections.meshwright.istio.plugins.module_utils import _cloudflare_plan as planning
from ansible_collections.meshwright.istio.plugins.module_utils._cloudflare_api import (
    Cloudflare,
    create_client,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError


def argument_spec() -> dict[str, Any]:
    """Its options."""
    token = {"no_log": True, "fallback": (env_fallback, ["CLOUDFLARE_API_TOKEN"])}
    return {
        **{name: {"type": "str", "required": True} for name in ("zone_id", "load_balancer")},
        **{name: {"type": "str", "required": True} for name in ("source_pool", "target_pool")},
        "share": {"type": "int"},
        "shares": {"type": "list", "elements": "int"},
        "fallback_pool": {"choices": ["follow", "keep"], "default": "follow"},
        "drain_seconds": {"type": "int"},
        **{name: {"type": "bool", "default": False} for name in ("set_steering", "allow_rules")},
        "account_id": {"type": "str", "default": ""},
        "token": {"type": "str", **token},
        "api_url": {"type": "str", "default": "https://api.cloudflare.com/client/v4"},
        "validate_certs": {"type": "bool", "default": True},
        "ca_cert": {"type": "path"},
        "retry_timeout": {"type": "int", "default": 330},
    }


def run(module: AnsibleModule, api: Cloudflare) -> dict[str, Any]:
    """Read, plan, apply, report."""
    wish = planning.Wish.from_params(module.params)
    seen = job.read(api, module.params)
    plan = planning.make(seen.balancer, seen.sides, wish)
    if wish.shares:
        job.check_rights(api, seen.balancer)
    if plan.change.changed and not module.check_mode:
        plan = replace(plan, after=job.carry_out(api, plan))
    return job.report(seen, plan, allow_rules=wish.allow_rules)


def main() -> None:
    """Start here."""
    module = AnsibleModule(
        argument_spec(), supports_check_mode=True, mutually_exclusive=[("share", "shares")]
    )
    try:
        result = run(module, create_client(module.params))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
