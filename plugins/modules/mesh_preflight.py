#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find beforehand what would break an upgrade of Istio."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_preflight
short_description: Find what stands against an upgrade of Istio
version_added: 0.1.0
description:
  - Reads the cluster once and says what would break or hinder an upgrade to a version, with what
    would happen and the remedy for each finding.
  - Does not fail because of a finding. RV(blocked) says whether one of them forbids the upgrade.
  - Tries whether the new images can be pulled, with a short pod in O(istio_namespace), which it
    removes again. Everything else is only read, and what the account may not read is said.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
  - meshwright.istio.preflight
attributes:
  check_mode:
    support: full
    details: Images are not tried in check mode, since that needs pods.
  diff_mode:
    support: none
options:
  version:
    description: The version of Istio that the upgrade shall reach, such as V(1.31.0).
    type: str
    required: true
  revision:
    description: >-
      The name of the new revision. With O(path=in_place) that of the one which is replaced, or
      V(default) for the control plane without a revision.
    type: str
    required: true
  namespaces:
    description: The namespaces that shall move. All of the mesh when it is empty.
    type: list
    elements: str
    default: []
  istioctl_path:
    description:
      - The C(istioctl) of O(version), the one on C(PATH) without this and O(istioctl_directory).
    type: path
  old_istioctl_path:
    description: >-
      With O(path=in_place), the C(istioctl) of the version that runs now. The one on C(PATH)
      without this and O(istioctl_directory).
    type: path
  istioctl_directory:
    description: >-
      A folder with the C(istioctl) of several versions, as M(meshwright.istio.istio_revision) takes
      it. In place it also needs that of the version which runs now.
    type: path
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
  wait_timeout:
    description: For how many seconds to wait until it is clear whether the images can be pulled.
    type: int
    default: 120
requirements: [urllib3, websocket-client, PyYAML]
seealso:
  - module: meshwright.istio.upgrade_plan
    description: Says what the upgrade would move.
notes:
  - Needs no rights but to read; the preflight guide has them. With the right to get and create
    pods/portforward in O(istio_namespace) it also asks the istiods which proxies reject their
    configuration, and without it a finding says so. What the account may not do is asked of the API
    server, which writes nothing for that.
"""

EXAMPLES = r"""
- name: Look for what stands against 1.31.0
  meshwright.istio.mesh_preflight:
    version: 1.31.0
    revision: 1-31
    istioctl_directory: /opt/istio
  register: preflight

- name: Show it
  ansible.builtin.debug:
    msg: "{{ preflight.table }}"

- name: Stop when something forbids the upgrade
  ansible.builtin.assert:
    that: not preflight.blocked
    fail_msg: "{{ preflight.table }}"
"""

RETURN = r"""
blocked:
  description: Whether a finding forbids the upgrade that no override allows.
  returned: success
  type: bool
  sample: true
findings:
  description: What was found, the gravest first.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: What kind of finding it is. It never changes.
      type: str
      sample: kubernetes_version
    severity:
      description: C(block), C(warn) or C(info).
      type: str
      sample: block
    title:
      description: The finding in one sentence.
      type: str
      sample: Istio 1.31.0 does not support Kubernetes 1.30
    objects:
      description: The objects it was found at.
      type: list
      elements: str
      sample: [Kubernetes 1.30]
    consequence:
      description: What would happen.
      type: str
      sample: The new istiod may not start, or not understand the cluster.
    remedy:
      description: What to do about it.
      type: str
      sample: 'It supports 1.32 to 1.36: upgrade Kubernetes first, or choose another version.'
    source:
      description: Where the rule is from.
      type: str
      sample: istio/istio.io data/compatibility/supportStatus.yml, read on 2026-11-25
    override:
      description: The value of O(allow) that overrules it, null where nothing may.
      type: str
      sample: kubernetes_version
    overridden:
      description: Whether O(allow) has it.
      type: bool
      sample: false
images:
  description: The images that were tried.
  returned: success
  type: list
  elements: str
  sample: ["registry.example.com/istio/pilot:1.31.0"]
table:
  description: The findings as lines for people.
  returned: success
  type: list
  elements: str
  sample: [Nothing stands against the upgrade.]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._progress import Progress
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    catalogue,
    pulling,
    reading,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    names = {"type": "list", "elements": "str", "default": []}
    istioctls = ("istioctl_path", "old_istioctl_path")
    return {
        **{key: {"type": "str", "required": True} for key in ("version", "revision")},
        "path": {"choices": ["canary", "in_place"], "default": "canary"},
        "drain": {"choices": ["endpoints", "where_safe", "rollout"], "default": "endpoints"},
        **dict.fromkeys(("namespaces", "excluded_namespaces", "images"), names),
        **{name: {"type": "path"} for name in (*istioctls, "istioctl_directory")},
        "try_images": {"type": "bool", "default": True},
        "image_pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
        "allow": {**names, "choices": list(catalogue.OVERRIDES)},
        "rules": {"type": "dict", "default": {}},
        **{name: {"type": "dict"} for name in ("operator", "values")},
        **{name: {**names, "elements": "path"} for name in ("operator_files", "values_files")},
        "istio_namespace": {"type": "str", "default": "istio-system"},
        "wait_timeout": {"type": "int", "default": 120},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, try, report."""
    params = module.params
    waiter = Waiter.start(params["wait_timeout"], Progress(module).say)
    upgrade = Upgrade.from_params(params).find_istioctl(module.run_command, params)
    found = reading.read(api, upgrade)
    upgrade.check_namespaces(found)
    upgrade = upgrade.find_way_back(module.run_command, params, found)
    findings = catalogue.find_all(found, upgrade, params["allow"])
    if params["try_images"] and not module.check_mode and not catalogue.blocked(findings):
        images = params["images"] or reading.likely_images(api, found, upgrade)
        upgrade = upgrade.try_images(api, images, pulling.find(found, upgrade, params), waiter)
        findings = catalogue.find_all(found, upgrade, params["allow"])
    return {
        "changed": False,
        "blocked": catalogue.blocked(findings),
        "findings": [finding.summary() for finding in findings],
        "images": list(upgrade.images),
        "table": catalogue.table(findings),
    }


def main() -> None:
    """Start here."""
    module = create_module(
        argument_spec(),
        supports_check_mode=True,
        mutually_exclusive=[(f"{age}istioctl_path", "istioctl_directory") for age in ("", "old_")],
    )
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
