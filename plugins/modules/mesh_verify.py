#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""See whether a mesh is well."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_verify
short_description: See whether a mesh is well, after an upgrade or on any day
version_added: 0.2.0
description:
  - Looks whether every istiod and every proxy is of one version and in sync, nothing names a
    revision that is gone, gateways have pods behind their Services, listeners and routes of the
    Gateway API are served, certificates come from the expected root, and whether Istio still
    refuses a VirtualService that means nothing, which is tried by a dry run.
  - Does not fail because of a finding. RV(well) says whether there is a grave one.
  - Changes nothing.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
attributes:
  diff_mode: {support: none, details: The module changes nothing.}
options:
  version:
    description: >-
      The version that every istiod and every proxy shall run, such as V(1.31.0). Without it, each
      proxy has to fit its istiod.
    type: str
  root_certificate:
    description: >-
      The roots, in PEM, that certificates shall come from. By default those that istiod hands out.
    type: str
  certificate_sample:
    description: >-
      How many proxies are asked for their certificates, of as many workloads as there are. V(0)
      asks none.
    type: int
    default: 20
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
requirements:
  - Python packages urllib3 and websocket-client
seealso:
  - module: meshwright.istio.mesh_preflight
    description: Says what stands against an upgrade.
  - module: meshwright.istio.proxy_status
    description: Lists the proxies.
notes:
  - Needs the rights to list what it looks at, to get and create pods/portforward, and to create
    virtualservices in O(istio_namespace), of which it only makes use by a dry run.
"""

EXAMPLES = r"""
- name: See whether everything is on 1.31.0
  meshwright.istio.mesh_verify:
    version: 1.31.0
  register: mesh

- name: Stop when it is not well
  ansible.builtin.assert:
    that: mesh.well
    fail_msg: "{{ mesh.table }}"
"""

RETURN = r"""
well:
  description: Whether there is no finding of severity C(block).
  returned: success
  type: bool
  sample: true
findings:
  description: What was found, the gravest first, as M(meshwright.istio.mesh_preflight) has it.
  returned: success
  type: list
  elements: dict
  sample:
    - code: proxy_not_synced
      severity: block
      title: Proxies do not have the configuration that their istiod has for them
      objects: ["payments/web-0: it rejected the last listeners"]
      consequence: They send requests where nothing is any more, or refuse them.
      remedy: The reason stands behind each; proxy_status with details says more.
      override: null
      overridden: false
proxies:
  description: How many proxies there are of each version, revision and state.
  returned: success
  type: dict
  sample: {total: 41, by_version: {1.31.0: 41}}
certificates:
  description: How many proxies were asked for their certificates and have answered.
  returned: success
  type: int
  sample: 20
table:
  description: The findings as lines for people.
  returned: success
  type: list
  elements: str
  sample: [The mesh is well.]
"""

from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._certificates import read_roots
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import check_version
from ansible_collections.meshwright.istio.plugins.module_utils.verify import catalogue, evidence
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Wish


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "version": {"type": "str"},
        "root_certificate": {"type": "str"},
        "certificate_sample": {"type": "int", "default": 20},
        "istio_namespace": {"type": "str", "default": "istio-system"},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, judge, report."""
    params = module.params
    if params["certificate_sample"] < 0:
        raise BadInputError(
            f"certificate_sample: got {params['certificate_sample']}; right is 0 or more."
        )
    roots = params["root_certificate"]
    wish = Wish(
        istio_namespace=params["istio_namespace"],
        version=check_version("version", params["version"]),
        roots=read_roots("root_certificate", roots) if roots else (),
        sample=params["certificate_sample"],
    )
    seen = evidence.read(api, wish, datetime.now(UTC))
    findings = catalogue.find_all(seen)
    return {
        "changed": False,
        "well": not any(finding.blocks for finding in findings),
        "findings": [finding.summary() for finding in findings],
        "proxies": seen.look.report("none")["summary"],
        "certificates": sum(not each.problem for each in seen.held),
        "table": catalogue.table(findings),
    }


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
