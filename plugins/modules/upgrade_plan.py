#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plan what an upgrade moves."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_plan
short_description: Plan what an upgrade of Istio moves, and in which order
version_added: 0.1.0
description:
  - Reads the cluster once and says what is left to be moved to a revision. The namespaces in waves
    with the workloads to restart, the gateways and the tags.
  - Changes nothing. In check mode it says C(changed) and shows a diff where something is left to be
    moved, so that C(--check --diff) shows what the upgrade would do.
  - A bare pod or a Job stays where it is. So do a workload whose pods name another revision in a
    namespace that names none, and a tag that namespaces outside of the upgrade follow.
    RV(plan.kept) says so.
  - In place no label changes, and what is left to be restarted is judged by the proxies' versions.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
options:
  path:
    description: How the upgrade is done.
    type: str
    choices: [canary, in_place]
    default: canary
  revision:
    description: The revision to move to, there already or not; in place, the one that stays.
    type: str
    required: true
  version:
    description: The version that the revision has or will have.
    type: str
    required: true
  through:
    description:
      - With O(path=in_place), the versions between, where O(version) is several minor releases
        ahead. RV(plan.hops) has those that are still to be reached.
    type: list
    elements: str
    default: []
  namespaces:
    description: The namespaces that move; all of the mesh when it is empty.
    type: list
    elements: str
    default: []
  excluded_namespaces:
    description: Namespaces that stay where they are.
    type: list
    elements: str
    default: []
  waves:
    description:
      - What moves together, in this order. Named namespaces are taken first, then shares, and what
        is left moves last.
      - By default first the namespaces with the label C(meshwright.istio/wave=first), or the
        smallest one, then 10 %, 50 % and the rest, chosen by a stable hash of the name.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the wave is called.
        type: str
      namespaces:
        description: The namespaces of the wave; this or O(waves[].share).
        type: list
        elements: str
      share:
        description: How many per cent of all namespaces have moved after this wave.
        type: int
  move_gateways:
    description:
      - Whether gateways move, too; only those in namespaces that may move.
      - Those that istiod deploys from a Gateway without a label of its own follow their namespace,
        and move with it in any case.
    type: bool
    default: true
  move_tags: {description: Whether the tags move., type: bool, default: true}
  record:
    description: >-
      What RV(record) was when the upgrade began, from the facts of
      M(meshwright.istio.upgrade_journal). The waves are then those of then.
    type: dict
    default: {}
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
requirements:
  - Python package urllib3
seealso:
  - module: meshwright.istio.mesh_preflight
    description: Says what stands against the upgrade.
"""

EXAMPLES = r"""
- name: Plan the way to 1.31
  meshwright.istio.upgrade_plan:
    revision: 1-31
    version: 1.31.0
    waves:
      - {name: pilot users, namespaces: [staging]}
      - {share: 25}
  register: upgrade

- name: Show it
  ansible.builtin.debug: {msg: "{{ upgrade.table }}"}
"""

RETURN = r"""
needed:
  description: Whether anything is left to do, the installation of the revision included.
  returned: success
  type: bool
  sample: true
installed:
  description: Whether the revision is there and has the version.
  returned: success
  type: bool
  sample: false
plan:
  description: What is left to be moved.
  returned: success
  type: dict
  contains:
    revision: {description: The target., type: str, sample: 1-31}
    version: {description: Its version., type: str, sample: 1.31.0}
    sources: {description: The revisions that are left., type: list, elements: dict}
    waves:
      description:
        - The waves, those that are done included; C(to_label) and C(workloads) are left.
        - C(gateways) follow the label of their namespace, and are held before it changes.
        - A wave is C(done) when nothing of it is left and, where O(record) has it, its gate has
          held.
      type: list
      elements: dict
      sample:
        - number: 1
          name: first
          namespaces: [staging]
          to_label: [staging]
          workloads: [staging/Deployment/web]
          gateways: [staging/Deployment/public-istio]
          done: false
    gateways: {description: The Deployments of gateways to move., type: list, elements: dict}
    gateways_due:
      description: Whether gateways that an earlier run has moved still have to hold their gate.
      type: bool
      sample: false
    tags: {description: The tags to move., type: list, elements: dict}
    hops: {description: 'In place, the versions to reach.', type: list, elements: str}
    followers: {description: Workloads that follow a tag by their pods., type: list, elements: str}
    restore: {description: Tags that namespaces get back., type: list, elements: dict}
    kept: {description: What stays where it is and why., type: list, elements: dict}
record:
  description: What to keep in the journal for the way on and the way back.
  returned: success
  type: dict
table:
  description: The plan as lines for people.
  returned: success
  type: list
  elements: str
  sample: ["1-30 (1.30.4) -> 1-31 (1.31.0)", "wave 1    first: staging"]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _planning
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    names = {"type": "list", "elements": "str"}
    wave = {"name": {"type": "str"}, "namespaces": names, "share": {"type": "int"}}
    return {
        "path": {"choices": [str(Path.CANARY), str(Path.IN_PLACE)], "default": str(Path.CANARY)},
        "revision": {"type": "str", "required": True},
        "version": {"type": "str", "required": True},
        "through": {**names, "default": []},
        "namespaces": {**names, "default": []},
        "excluded_namespaces": {**names, "default": []},
        "waves": {"type": "list", "elements": "dict", "default": [], "options": wave},
        "move_gateways": {"type": "bool", "default": True},
        "move_tags": {"type": "bool", "default": True},
        "record": {"type": "dict", "default": {}},
        "istio_namespace": {"type": "str", "default": "istio-system"},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, report."""
    planned = _planning.plan(api, module.params)
    return {"changed": module.check_mode and planned["needed"], **planned}


def main() -> None:
    """Start here."""
    module = create_module(argument_spec(), supports_check_mode=True)
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
