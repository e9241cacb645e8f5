#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan a switchover between two clusters."""

from __future__ import annotations

DOCUMENTATION = r"""
module: switchover_plan
short_description: Plan how the traffic moves from one cluster to another
version_added: 0.2.0
description:
  - Says which shares the target still has to get, whether it has to get an Istio first, and whether
    an earlier run is to be gone on with.
  - Refuses where another upgrade is under way in one of the clusters, and where somebody else has
    set the share that is in force.
  - Changes nothing.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.two_clusters.target
attributes:
  diff_mode: {support: none, details: The module changes nothing.}
options:
  source_name:
    description: What the source is called.
    type: str
    required: true
  target_name:
    description: What the target is called.
    type: str
    required: true
  director:
    description: What decides which cluster a request reaches, for the table.
    type: str
    required: true
  steps:
    description: >-
      The shares of the target in per cent. Whole numbers that rise and end with V(100).
    type: list
    elements: int
    required: true
  version:
    description: >-
      The version of Istio that the target gets when it has none, and else has to have. Empty where
      what it has will do.
    type: str
    default: ''
  revision:
    description: The revision that it gets.
    type: str
    default: default
  share:
    description: The share that the director says is in force.
    type: float
    required: true
  holds:
    description: Whether it says so everywhere.
    type: bool
    default: true
  reason:
    description: Why it does not.
    type: str
    default: ''
  writer:
    description: Who wrote the share last, where that is known.
    type: str
    default: ''
  object:
    description: What the share was read from.
    type: str
    default: The director
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
requirements:
  - Python package urllib3
seealso:
  - module: meshwright.istio.mesh_compare
  - module: meshwright.istio.gateway_traffic
"""

EXAMPLES = r"""
- name: Plan the way from Oslo to Bergen
  meshwright.istio.switchover_plan:
    context: oslo
    target: {context: bergen}
    source_name: oslo
    target_name: bergen
    director: haproxy
    steps: [5, 50, 100]
    share: 0
  register: switchover

- name: Show it
  ansible.builtin.debug: {msg: "{{ switchover.table }}"}
"""

RETURN = r"""
needed:
  description: Whether anything is left to do.
  returned: success
  type: bool
  sample: true
begun:
  description: Whether an earlier run is to be gone on with.
  returned: success
  type: bool
  sample: false
installs:
  description: Whether the target gets its Istio by this switchover.
  returned: success
  type: bool
  sample: false
known:
  description: The shares that this switchover may have set last.
  returned: success
  type: list
  elements: int
  sample: [0]
steps:
  description: >-
    The steps with their C(number), C(share) and C(name). One is C(done) when the share in force is
    beyond it.
  returned: success
  type: list
  elements: dict
  sample: [{number: 1, share: 5, done: false, name: 5 %}]
record:
  description: What to keep in the journals.
  returned: success
  type: dict
table:
  description: The plan as lines for people.
  returned: success
  type: list
  elements: str
  sample: [Switchover from oslo to bergen by haproxy., 'Step 1: 5 %']
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import (
    _switchover_plan,
    _switchover_request,
    _target,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import create_client
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._switchover_request import (
    Seen,
    Wish,
)
from ansible_collections.meshwright.istio.plugins.module_utils._target import create_target_client


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    needed = {"type": "str", "required": True}
    return {
        **dict.fromkeys(("source_name", "target_name", "director"), needed),
        "steps": {"type": "list", "elements": "int", "required": True},
        "version": {"type": "str", "default": ""},
        "revision": {"type": "str", "default": "default"},
        "share": {"type": "float", "required": True},
        "holds": {"type": "bool", "default": True},
        "reason": {"type": "str", "default": ""},
        "writer": {"type": "str", "default": ""},
        "object": {"type": "str", "default": "The director"},
        "istio_namespace": {"type": "str", "default": "istio-system"},
    }


def run(module: AnsibleModule, source: Api, target: Api) -> dict[str, Any]:
    """Read, plan, report."""
    wish, seen = Wish.from_params(module.params), Seen.from_params(module.params)
    pair = _target.pair(source, target)
    sides = _switchover_request.read_sides(pair, wish, module.params["istio_namespace"])
    planned = _switchover_plan.plan(wish, seen, *sides)
    return {"changed": module.check_mode and planned.needed, **planned.summary()}


def main() -> None:
    """Start here."""
    module = _target.create_module(argument_spec(), supports_check_mode=True)
    try:
        result = run(module, create_client(module), create_target_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
