#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Share requests between two servers of HAProxy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_weights
short_description: Share requests between two servers of a backend of HAProxy
version_added: 0.1.0
description:
  - Reads and sets the weights of two servers, one for each of two clusters, at every runtime socket
    of HAProxy and in its configuration file, and reads back what is in force.
  - The sockets come first, and the file once all of them have taken it, so that a reload keeps the
    share. Where a run was killed between the two, RV(holds) is false and the next call finishes it.
  - In the file only the weights of the two server lines change. It is replaced as a whole, after
    C(haproxy -c) was content with it.
  - It runs where HAProxy does, with the rights to its sockets and file. It needs no Kubernetes, so
    it is not in the action group of this collection.
author: The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - meshwright.istio.attributes
options:
  sockets:
    description:
      - HAProxy's runtime sockets, each as the path of a Unix socket or as C(host:port); all those
        of one load balancer.
      - They have C(level admin) for O(share) and O(shut).
    type: list
    elements: str
  backend:
    description: The backend, or C(listen) section, that has both servers.
    type: str
  source_server:
    description: The server of the cluster that is left.
    type: str
  target_server:
    description: The server of the cluster that takes over.
    type: str
  config:
    description:
      - The configuration file in which the weights are kept, so that a reload keeps them.
      - Without it, a reload brings back what is written there.
    type: path
    default: ""
  share:
    description:
      - What the target is to get, in per cent; the source gets the rest. Without it nothing is set.
      - It is refused while another server of the backend has a weight.
    type: int
  shut:
    description: End the sessions that go to the source at this moment.
    type: bool
    default: false
  haproxy_path:
    description: The program by which O(config) is checked; where it is not there, none is.
    type: str
    default: haproxy
  readings:
    description: >-
      What this module has returned on several hosts, to be told as one; nothing is read then.
    type: list
    elements: dict
requirements:
  - HAProxy; 2.6 is what it is tested with
notes:
  - M(community.general.haproxy) sets weights too. It reads nothing back, knows no configuration
    file and has no check mode, which is why this module is there.
"""

EXAMPLES = r"""
- name: Let the new cluster have a quarter
  meshwright.istio.haproxy_weights:
    sockets: [/run/haproxy/admin.sock]
    backend: clusters
    source_server: blue
    target_server: green
    config: /etc/haproxy/haproxy.cfg
    share: 25
  become: true

- name: See what is in force
  meshwright.istio.haproxy_weights:
    sockets: ["10.0.0.5:9999", "10.0.0.6:9999"]
    backend: clusters
    source_server: blue
    target_server: green
  register: front
"""

RETURN = r"""
share:
  description: The share of the target in per cent, as it is in force at the first socket.
  returned: success
  type: float
  sample: 25
holds:
  description: Whether every socket and the file say the same, and the weights are all there is.
  returned: success
  type: bool
  sample: true
reason:
  description: Why it does not hold; empty where it does.
  returned: success
  type: str
  sample: the target has 25 % of backend clusters at the sockets and 5 % in
    /etc/haproxy/haproxy.cfg, which a reload would set
healthy:
  description: >-
    What HAProxy thinks of the health of C(source) and C(target); null where it does not look.
  returned: success
  type: dict
  sample: {source: true, target: true}
sessions:
  description: How many sessions go to C(source) and C(target) at this moment.
  returned: success
  type: dict
  sample: {source: 16, target: 4}
idle:
  description:
    - How many connections to C(source) and C(target) HAProxy keeps open for later requests, while
      nobody uses them. A weight of 0 does not end them, and nothing is sent over them any more.
  returned: success
  type: dict
  sample: {source: 1, target: 3}
sockets:
  description: The two servers at each socket. C(withheld) is why one gets nothing new at all.
  returned: success
  type: list
  elements: dict
  sample:
    - socket: /run/haproxy/admin.sock
      source: {server: blue, weight: 75, sessions: 16, healthy: true, withheld: ""}
      target: {server: green, weight: 25, sessions: 4, healthy: true, withheld: ""}
file:
  description: The weights in O(config); null where none was given.
  returned: success
  type: dict
  sample: {source: 75, target: 25}
object:
  description: What was read, for messages.
  returned: success
  type: str
  sample: backend clusters of HAProxy at /run/haproxy/admin.sock
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _haproxy_shift, _result
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._haproxy import Director, Weights
from ansible_collections.meshwright.istio.plugins.module_utils._haproxy_shift import Shift


def argument_spec() -> dict[str, Any]:
    """The options of this module."""
    return {
        "sockets": {"type": "list", "elements": "str"},
        "backend": {"type": "str"},
        "source_server": {"type": "str"},
        "target_server": {"type": "str"},
        "config": {"type": "path", "default": ""},
        "share": {"type": "int"},
        "shut": {"type": "bool", "default": False},
        "haproxy_path": {"type": "str", "default": "haproxy"},
        "readings": {"type": "list", "elements": "dict"},
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, plan, apply, report."""
    if module.params["readings"] is not None:
        return {"changed": False, **_haproxy_shift.together(module.params["readings"])}
    share, changes = module.params["share"], []
    wanted = None if share is None else Weights.of(share)
    director = Director.from_params(module.params)
    reading = director.read()
    if wanted is not None:
        shift = Shift(reading=reading, wanted=wanted)
        shift.refuse_unfit()
        changes = [each for each in shift.changes() if each.changed]
        said = shift.carry_out() if changes and not module.check_mode else []
        for text in (*said, *shift.doubts):
            module.warn(text)
    shuts = module.params["shut"] and reading.summary()["sessions"]["source"] > 0
    if shuts and not module.check_mode:
        _haproxy_shift.shut(reading)
    after = director.read() if (changes or shuts) and not module.check_mode else reading
    diff = _result.diff(changes)
    return {"changed": bool(changes or shuts), **after.summary(), "diff": diff}


def main() -> None:
    """Start here."""
    together = ("sockets", "backend", "source_server", "target_server")
    module = AnsibleModule(
        argument_spec=argument_spec(),
        required_together=[together],
        required_one_of=[("sockets", "readings")],
        mutually_exclusive=[("sockets", "readings")],
        supports_check_mode=True,
    )
    try:
        result = run(module)
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
