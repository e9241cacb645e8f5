#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read and set the weights of two records of Route 53."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_weights
short_description: Share requests between two weighted records of Route 53
version_added: 0.1.0
description:
  - Reads the weights of two records with the same name and type, and changes them so that the
    target gets a share. Values, aliases and health checks of the records stay as they are.
  - All that changes is one change batch, which Route 53 applies as a whole or not at all. In that
    it differs from C(amazon.aws.route53), which has one record in a batch, so that it never changes
    both weights at once, and no TTL at all, since Route 53 refuses weighted records of one name
    whose TTLs differ.
  - Both weights are never set to 0, as Route 53 would share requests equally.
  - Waits until all name servers of Route 53 have what was written.
author:
  - The meshwright.istio contributors (@meshwright)
attributes:
  check_mode: {description: Can run in C(check_mode) and say what would change., support: full}
  diff_mode: {description: Returns the weights and TTLs before and after., support: full}
  idempotent: {description: A second run with the same options writes nothing., support: full}
options:
  zone:
    description: The name of the hosted zone, which has a dot, or its id where that is not enough.
    type: str
    required: true
  record:
    description: The whole name of the records.
    type: str
    required: true
  type:
    description: Their type.
    type: str
    choices: [A, AAAA, CNAME]
    default: A
  source_identifier:
    description: The C(SetIdentifier) of the record from which the traffic goes away.
    type: str
    required: true
  target_identifier:
    description: The C(SetIdentifier) of the record to which it goes.
    type: str
    required: true
  share:
    description: The share of the target in per cent. Without it the weights stay as they are.
    type: int
  scale:
    description: The sum of both weights that are set, at most 255.
    type: int
    default: 100
  ttl:
    description:
      - The TTL of all records of the name and type. Without it, it stays. An alias has none.
    type: int
  shares:
    description: More shares that have to be expressible by whole weights. Fails where one is not.
    type: list
    elements: int
    default: []
  check_rights:
    description: >-
      Fail where the credentials may not write. Route 53 is asked to remove a record that does not
      exist, which it refuses for this reason only if they may. A policy that has conditions on
      actions has to allow C(DELETE) for that.
    type: bool
    default: false
  wait_timeout:
    description: For how many seconds to wait until all name servers have what was written.
    type: int
    default: 180
  endpoint_url:
    description: Another address of the API than that of AWS.
    type: str
    default: ''
  region:
    description: A region for boto3, where the address depends on one.
    type: str
    default: ''
requirements: [boto3]
notes:
  - It asks no cluster, so it is not in the action group of this collection.
  - The credentials come from where boto3 looks for them. They need the rights to
    C(route53:ListHostedZonesByName), C(route53:ListResourceRecordSets),
    C(route53:ChangeResourceRecordSets), C(route53:GetChange), and C(route53:GetHealthCheckStatus)
    where the records have health checks.
"""

EXAMPLES = r"""
- name: Send a quarter of the requests to the new cluster
  meshwright.istio.route53_weights:
    zone: example.com
    record: www.example.com
    source_identifier: old
    target_identifier: new
    share: 25
    ttl: 5

- name: See how requests are shared
  meshwright.istio.route53_weights:
    zone: example.com
    record: www.example.com
    source_identifier: old
    target_identifier: new
  register: www
"""

RETURN = r"""
share:
  description: The share of the target in per cent, as it is after the module has run.
  returned: success
  type: float
  sample: 25.0
holds:
  description: Whether the weights say so.
  returned: success
  type: bool
  sample: true
reason:
  description: Why they do not; empty otherwise.
  returned: success
  type: str
  sample: ""
weights:
  description: Both weights.
  returned: success
  type: dict
  sample: {source: 75, target: 25}
ttl:
  description: For how many seconds resolvers may keep an answer; 60 for an alias.
  returned: success
  type: int
  sample: 5
healthy:
  description: What the health check of each record says; null without one.
  returned: success
  type: dict
  sample: {source: true, target: null}
object:
  description: What was read, for messages.
  returned: success
  type: str
  sample: weighted records www.example.com. A of Route 53
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _route53
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._route53_plan import Group, Wanted


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "zone": {"type": "str", "required": True},
        "record": {"type": "str", "required": True},
        "type": {"choices": ["A", "AAAA", "CNAME"], "default": "A"},
        "source_identifier": {"type": "str", "required": True},
        "target_identifier": {"type": "str", "required": True},
        "share": {"type": "int"},
        "scale": {"type": "int", "default": 100},
        "ttl": {"type": "int"},
        "shares": {"type": "list", "elements": "int", "default": []},
        "check_rights": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 180},
        "endpoint_url": {"type": "str", "default": ""},
        "region": {"type": "str", "default": ""},
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, plan, apply, report."""
    params = module.params
    wanted = Wanted.from_params(params)
    zone = _route53.Zone.find(
        _route53.connect(params["endpoint_url"], params["region"]), params["zone"]
    )
    group = Group.from_objects(wanted, zone.records(wanted))
    planned = group.planned()
    changes = group.changes(planned)
    if params["check_rights"]:
        zone.check_rights(wanted)
    if changes and not module.check_mode:
        zone.write(changes, params["wait_timeout"], _route53.Clock())
    sides = {"source": planned.source, "target": planned.target}
    healthy = {side: zone.health(record.health_check) for side, record in sides.items()}
    diff = [group.difference(planned).diff()] if changes else []
    return {"changed": bool(changes), "healthy": healthy, "diff": diff, **planned.result()}


def main() -> None:
    """Start here."""
    module = AnsibleModule(argument_spec(), supports_check_mode=True)
    try:
        result = run(module)
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
