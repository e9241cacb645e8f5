#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell what the authoritative servers of a zone say about a record."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_record_info
short_description: Tell what every authoritative server says about the addresses of a record
version_added: 0.1.0
description:
  - Asks each of the servers directly, past all resolvers and their caches, and says whether all of
    them say the same.
  - With the addresses of two clusters it says which share the record gives to the target, and which
    addresses would give it another one. Resolvers hand out all addresses of a record, so a share is
    how many of them belong to a cluster.
  - Changes nothing. The director C(dns) of the role C(switchover) reads with it, and writes with
    M(community.general.nsupdate).
author: The meshwright.istio contributors (@meshwright)
attributes:
  check_mode: {description: "Can run in C(check_mode), where it does the same.", support: full}
  diff_mode: {description: The module changes nothing., support: none}
options:
  servers:
    description: >-
      The authoritative servers as C(address), C(address:port) or C([address]:port), the one that
      takes the updates first.
    type: list
    elements: str
    required: true
  zone:
    description: The zone that they serve.
    type: str
    required: true
  record:
    description: The whole name of the record.
    type: str
    required: true
  type:
    description: The type of the record.
    type: str
    choices: [A, AAAA]
    default: A
  source_addresses:
    description: The addresses of the cluster from which the traffic goes away.
    type: list
    elements: str
  target_addresses:
    description: The addresses of the cluster to which it goes.
    type: list
    elements: str
  share:
    description: The share of the target, in per cent, whose addresses RV(wanted) shall have.
    type: int
  shares:
    description: Shares that have to be expressible, with O(strict).
    type: list
    elements: int
    default: []
  strict:
    description:
      - Fail where a server does not answer with authority or has no such record, where the record
        has an address that belongs to neither cluster, or where one of O(shares) cannot be
        expressed.
      - Otherwise RV(reason) and RV(servers) say so, as long as one server has the record.
    type: bool
    default: false
  check_updates:
    description: >-
      With O(strict), fail also where the first server would not take an update. It is asked to take
      out an address that the record does not have, so that the zone keeps its serial.
    type: bool
    default: false
  wait:
    description: >-
      Wait until every server has O(ttl) and the addresses of O(share), without it those of the
      first server.
    type: bool
    default: false
  wait_timeout:
    description: For how many seconds.
    type: int
    default: 60
  ttl:
    description: The TTL to wait for; any will do without it.
    type: int
  key_name:
    description: The name of the TSIG key for O(check_updates).
    type: str
  key_secret:
    description: Its secret in base64.
    type: str
  key_algorithm:
    description: Its algorithm.
    type: str
    choices: [hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
    default: hmac-sha256
  protocol:
    description: How the servers are asked.
    type: str
    choices: [tcp, udp]
    default: tcp
requirements: [dnspython]
notes:
  - It asks no cluster, so it is not in the action group of this collection.
"""

EXAMPLES = r"""
- name: See whether both servers have the record already
  meshwright.istio.dns_record_info:
    servers: [192.0.2.53, 198.51.100.53]
    zone: example.com
    record: www.example.com

- name: Which addresses give half of the clients to the new cluster
  meshwright.istio.dns_record_info:
    servers: [192.0.2.53]
    zone: example.com
    record: www.example.com
    source_addresses: [192.0.2.80]
    target_addresses: [203.0.113.80]
    share: 50
    strict: true
  register: half
"""

RETURN = r"""
record:
  description: The whole name of the record.
  returned: success
  type: str
  sample: www.example.com.
servers:
  description: What each server said, in the order of O(servers). With C(error) the rest is empty.
  returned: success
  type: list
  elements: dict
  sample: [{server: 192.0.2.53, addresses: [192.0.2.80], ttl: 300, serial: 7, negative: 9, error: ""}]
equal:
  description: Whether all servers answered, and have the same addresses with the same TTL.
  returned: success
  type: bool
  sample: true
holds:
  description: Whether RV(equal), and each address belongs to one of the clusters.
  returned: success
  type: bool
  sample: true
reason:
  description: Why not; empty otherwise.
  returned: success
  type: str
  sample: ""
addresses:
  description: The addresses, as the first server that answered has them.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.80]
ttl:
  description: The longest TTL that a server gave.
  returned: success
  type: int
  sample: 300
negative:
  description: For how many seconds resolvers remember that the zone lacks a record.
  returned: success
  type: int
  sample: 900
share:
  description: The share of the target in per cent; null without the addresses of both clusters.
  returned: success
  type: int
  sample: 0
wanted:
  description: The addresses that give O(share); those of now without it.
  returned: success
  type: list
  elements: str
  sample: [192.0.2.80, 203.0.113.80]
primary:
  description: The first of O(servers), taken apart.
  returned: success
  type: dict
  sample: {host: 192.0.2.53, port: 53}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils._dns_job import Clock, Job
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    algorithms = [f"hmac-sha{bits}" for bits in (1, 224, 256, 384, 512)]
    return {
        "servers": {"type": "list", "elements": "str", "required": True},
        "zone": {"type": "str", "required": True},
        "record": {"type": "str", "required": True},
        "type": {"choices": ["A", "AAAA"], "default": "A"},
        "source_addresses": {"type": "list", "elements": "str"},
        "target_addresses": {"type": "list", "elements": "str"},
        "share": {"type": "int"},
        "shares": {"type": "list", "elements": "int", "default": []},
        "strict": {"type": "bool", "default": False},
        "check_updates": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 60},
        "ttl": {"type": "int"},
        "key_name": {"type": "str"},
        "key_secret": {"type": "str", "no_log": True},
        "key_algorithm": {"choices": algorithms, "default": "hmac-sha256"},
        "protocol": {"choices": ["tcp", "udp"], "default": "tcp"},
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read or wait, check, report."""
    params = module.params
    job = Job.from_params(params)
    picture = job.wait(Clock()) if params["wait"] else job.look()
    if params["strict"]:
        job.check(picture, updates=params["check_updates"])
    picture.check_answered()
    return {"changed": False, **job.result(picture)}


def main() -> None:
    """Start here."""
    module = AnsibleModule(
        argument_spec(),
        supports_check_mode=True,
        required_together=[("source_addresses", "target_addresses"), ("key_name", "key_secret")],
        required_by={"share": "source_addresses"},
    )
    try:
        result = run(module)
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
