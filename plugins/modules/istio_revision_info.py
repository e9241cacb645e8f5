#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell which revisions of Istio there are, and who uses them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: istio_revision_info
short_description: Tell which revisions and tags of Istio there are, and who uses them
version_added: 0.1.0
description:
  - Lists every control plane of the cluster with its version, the tags that point at it, and all
    that depends on it. Namespaces, pods (also those that are not connected), gateways, connected
    proxies, configuration objects and webhooks.
  - What it says of users is what M(meshwright.istio.istio_revision) with O(ignore:state=absent)
    refuses for.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
attributes:
  diff_mode: {support: none, details: The module changes nothing.}
options:
  revision:
    description: >-
      Only this revision. V(default) is the control plane without one. One that is not there gives
      an empty list.
    type: str
  users:
    description: Whether to say who uses each revision, for which every istiod is asked.
    type: bool
    default: true
requirements:
  - Python package urllib3, and websocket-client with O(users)
seealso:
  - module: meshwright.istio.istio_revision
  - module: meshwright.istio.proxy_status
"""

EXAMPLES = r"""
- name: Look at all revisions
  meshwright.istio.istio_revision_info:
  register: istio

- name: Show which could be removed
  ansible.builtin.debug:
    msg: "{{ istio.revisions | rejectattr('in_use') | map(attribute='revision') }}"
"""

RETURN = r"""
revisions:
  description: The control planes, sorted by namespace and revision.
  returned: success
  type: list
  elements: dict
  contains:
    revision:
      description: The name; V(default) for the one without a revision.
      type: str
      sample: 1-31
    namespace: {description: Where its istiod runs., type: str, sample: istio-system}
    deployment: {description: The Deployment of its istiod., type: str, sample: istiod-1-31}
    image: {description: The image of its istiod., type: str, sample: "hub/pilot:1.31.0"}
    version: {description: The version; null where nothing tells it., type: str, sample: 1.31.0}
    replicas: {description: How many istiods are asked for., type: int, sample: 2}
    tags: {description: The tags that point at it., type: list, elements: str, sample: [prod]}
    is_default:
      description: Whether it injects for C(istio-injection=enabled).
      type: bool
      sample: true
    validates:
      description: Whether it checks configuration that names no revision.
      type: bool
      sample: true
    in_use: {description: Whether anybody uses it; null without O(users)., type: bool, sample: true}
    users:
      description: Who uses it, by kind of user; null without O(users).
      type: dict
      sample: {namespaces: [payments], pods: [payments/web-0], tags: [prod]}
tags:
  description: The tags and the revisions that they point at, also those that lead nowhere.
  returned: success
  type: dict
  sample: {default: 1-31, prod: 1-31}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _revision_report
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._revision import check_name


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {"revision": {"type": "str"}, "users": {"type": "bool", "default": True}}


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read and report."""
    revision = module.params["revision"]
    if revision is not None:
        check_name("revision", revision)
    report = _revision_report.read(api, revision, users=module.params["users"])
    return {"changed": False, **report}


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
