#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the report of an upgrade."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_report
short_description: Write the report of an upgrade as one HTML page and as JSON
version_added: 0.1.0
description:
  - Makes one page of what the journal of an upgrade knows. What moved when, waves and gates on a
    timeline, proxies by version, requests and failures over time, what was open in drained pods,
    findings, before and after, and how to go back.
  - The page is one file. It fetches nothing, has no scripts, and can be printed.
  - It can be made at any time, also of an upgrade that failed, goes on or never began. What is not
    on record is said to be unknown.
  - The files are written where the module runs, and only where their content changes.
author:
  - The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes.action_group
attributes:
  check_mode:
    description: Can run in C(check_mode) and say what would change without writing the files.
    support: full
  diff_mode:
    description: In diff mode, returns the sizes and checksums of the files before and after.
    support: full
  idempotent:
    description:
      - When run twice in a row outside check mode, with the same arguments and the same journal,
        the second invocation says that nothing changed and writes nothing.
    support: full
options:
  directory:
    description: The folder of the report. It is made where it does not exist.
    type: path
    required: true
  name:
    description:
      - The name of the two files without its ending.
      - By default it is made of O(title), the target and the time at which the upgrade was opened,
        so that each upgrade has its own.
    type: str
    default: ''
  title:
    description: What was upgraded, as the cluster's name. It stands above the page.
    type: str
    default: ''
  journal:
    description:
      - A journal as RV(meshwright.istio.upgrade_journal#module:journal) was.
      - It is read from the cluster when it is not given.
    type: dict
  data:
    description:
      - What is to be reported beside the facts of the journal, or in place of some of them, by the
        same names. The role C(report) documents them.
    type: dict
    default: {}
  prometheus:
    description:
      - Where to read requests and failures over time, unless the facts have them as C(load). Give
        O(prometheus.url) or O(prometheus.service).
      - When it cannot be read, the report says so, and the task does not fail.
    type: dict
    suboptions:
      url:
        description: >-
          The address before C(/api/v1/query_range), reached from where the module runs.
        type: str
      service:
        description:
          - 'A Service as C(namespace/name:port), with the path behind it that Prometheus has, if
            any. A ready pod of it is asked through a port-forward of the API server.'
        type: str
      headers:
        description: Headers to send, such as C(Authorization). Their values are hidden.
        type: dict
      validate_certs:
        description: Whether the certificate has to be valid.
        type: bool
        default: true
      ca_cert:
        description: A PEM file with the authorities to trust, instead of the system's.
        type: path
      timeout:
        description: For how many seconds to wait for each answer.
        type: int
        default: 10
      requests_query:
        description: PromQL for the requests a second, as one series.
        type: str
        required: true
      failures_query:
        description:
          - PromQL for those of them that failed. One that finds nothing where nothing failed has
            to end with C(or vector(0)).
        type: str
      step:
        description: The seconds between two values. It grows where the upgrade took long.
        type: int
        default: 15
  istio_namespace:
    description: The namespace of the control planes, where the journal is.
    type: str
    default: istio-system
requirements:
  - Python package urllib3
seealso:
  - module: meshwright.istio.mesh_gate
    description: Takes the same description of where Prometheus is.
  - module: meshwright.istio.upgrade_journal
"""

EXAMPLES = r"""
- name: Report on the upgrade that the journal holds
  meshwright.istio.upgrade_report:
    directory: /srv/reports
    title: paris
    prometheus:
      url: https://prometheus.example.com
      requests_query: sum(rate(istio_requests_total{reporter="source"}[1m]))
      failures_query: >-
        sum(rate(istio_requests_total{reporter="source", response_code=~"5.."}[1m])) or vector(0)
  register: report

- name: Say how it went
  ansible.builtin.debug:
    msg: "{{ report.headline }} {{ report.html }}"
"""

RETURN = r"""
html:
  description: The page.
  returned: success
  type: str
  sample: /srv/reports/paris-1-31-20260504T080000Z.html
json:
  description: The same for machines.
  returned: success
  type: str
  sample: /srv/reports/paris-1-31-20260504T080000Z.json
outcome:
  description: >-
    C(done), C(taken_back), C(failed), C(unfinished), C(given_up), or C(not_begun) where there is
    no journal.
  returned: success
  type: str
  sample: done
headline:
  description: The whole of it in one sentence.
  returned: success
  type: str
  sample: Upgraded 1-30 (1.30.4) → 1-31 (1.31.0) in 4 min 12 s; 48,211 requests, 0 failed.
unknown:
  description: What the report does not know, one sentence for each.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _prometheus
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils.report import prometheus
from ansible_collections.meshwright.istio.plugins.module_utils.report.report import Report


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "directory": {"type": "path", "required": True},
        "name": {"type": "str", "default": ""},
        "title": {"type": "str", "default": ""},
        "journal": {"type": "dict"},
        "data": {"type": "dict", "default": {}},
        "prometheus": {
            "type": "dict",
            "options": prometheus.OPTIONS,
            "mutually_exclusive": _prometheus.EXCLUSIVE,
            "required_one_of": [("url", "service")],
        },
        "istio_namespace": {"type": "str", "default": "istio-system"},
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, make, write, report."""
    params = module.params
    report = Report.make(params, lambda: create_client(module))
    files = report.files(params["directory"], params["name"])
    if not module.check_mode:
        for file in files:
            file.write()
    return report.result(files)


def main() -> None:
    """Start here."""
    module = create_module(argument_spec(), supports_check_mode=True)
    try:
        result = run(module)
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
