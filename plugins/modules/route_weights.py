#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Share requests between two backends of a route."""

from __future__ import annotations

DOCUMENTATION = r"""
module: route_weights
short_description: Share requests between two backends of an HTTPRoute or VirtualService
version_added: 0.1.0
description:
  - Reads and sets the weights of two backends, one for each of two clusters, in a route of the
    cluster that stands before both.
  - All rules that name both backends get the same share. A rule that names one alone is left as it
    is, and told of.
  - In check mode the API server tries the change and keeps nothing, so that missing rights are
    known beforehand.
  - What another has written meanwhile is never overwritten unread. After a write it waits until the
    controllers that keep a status of the route have seen it.
author: The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
options:
  kind:
    description: The kind of the route.
    type: str
    choices: [HTTPRoute, VirtualService]
    required: true
  name:
    description: The name of the route.
    type: str
    required: true
  namespace:
    description: The namespace of the route.
    type: str
    required: true
  source_backend:
    description:
      - The backend of the cluster that is left. For an HTTPRoute the name of a backendRef, or
        C(namespace/name); for a VirtualService the host of a destination as it is written there, or
        C(host/subset).
    type: str
    required: true
  target_backend:
    description: The backend of the cluster that takes over, in the same form.
    type: str
    required: true
  share:
    description:
      - What the target is to get, in per cent; the source gets the rest. Without it nothing is set.
      - It is refused while another backend of such a rule has a weight.
    type: int
  wait_timeout:
    description: For how many seconds to wait until a route that was changed has been accepted.
    type: int
    default: 30
requirements:
  - Python package urllib3
"""

EXAMPLES = r"""
- name: Let the new cluster have a quarter
  meshwright.istio.route_weights:
    kubeconfig: ~/.kube/edge
    kind: HTTPRoute
    namespace: edge
    name: all-users
    source_backend: cluster-blue
    target_backend: cluster-green
    share: 25

- name: See what is in force
  meshwright.istio.route_weights:
    kind: VirtualService
    namespace: edge
    name: all-users
    source_backend: blue.example.net
    target_backend: green.example.net
  register: front
"""

RETURN = r"""
share:
  description: The share of the target in per cent, in the first of the rules.
  returned: success
  type: float
  sample: 25
holds:
  description: >-
    Whether all rules say the same, no other backend gets a part, and the controllers that keep a
    status of the route have accepted it as it is.
  returned: success
  type: bool
  sample: true
reason:
  description: Why it does not hold; empty where it does.
  returned: success
  type: str
  sample: cluster-green has 25 % in rules[0] of HTTPRoute edge/all-users and 5 % in rules[2]
writer:
  description: Who wrote the rules last, as the API server has recorded it.
  returned: success
  type: str
  sample: meshwright.istio
rules:
  description: The rules with both backends; C(others) are further backends that get a part.
  returned: success
  type: list
  elements: dict
  sample:
    - {place: "rules[0]", source: 75, target: 25, others: []}
untouched:
  description: Where the rules stand that lead to the source and not to the target.
  returned: success
  type: list
  elements: str
  sample: ["rules[1]"]
object:
  description: What was read, for messages.
  returned: success
  type: str
  sample: HTTPRoute edge/all-users
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _result
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._route import KINDS
from ansible_collections.meshwright.istio.plugins.module_utils._route_job import RouteJob
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "kind": {"type": "str", "choices": list(KINDS), "required": True},
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "source_backend": {"type": "str", "required": True},
        "target_backend": {"type": "str", "required": True},
        "share": {"type": "int"},
        "wait_timeout": {"type": "int", "default": 30},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, apply, report."""
    waiter = Waiter.start(module.params["wait_timeout"], Progress(module).say)
    job, share, changes = RouteJob.read(api, module.params), module.params["share"], []
    if share is not None:
        changes = [change for change in (job.plan(share),) if change.changed]
        for text in job.doubts:
            module.warn(text)
    if changes and module.check_mode:
        job.patch(share, dry_run=True)
    elif changes:
        job = job.carry_out(share, waiter)
    return {"changed": bool(changes), **job.summary(), "diff": _result.diff(changes)}


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
