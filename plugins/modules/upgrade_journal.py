#!/usr/bin/python
# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the record and the lock of an upgrade in the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_journal
short_description: Keep the record and the lock of an upgrade in the cluster
version_added: 0.1.0
description:
  - The record is the ConfigMap C(meshwright-upgrade) in the namespace of the control planes. It
    says which upgrade is under way, which phase it has reached, what the cluster looked like
    before, and when each thing happened.
  - The lock is a Lease of the same name. While one run holds it, another is refused by its name. A
    run that ends without giving the lock back loses it after O(lease_seconds). A later run on the
    same machine sees whether its process has ended, and takes the lock at once, or not at all.
  - Every write is refused by the API server when another one came between, so two runs never mix.
author: The meshwright.istio contributors (@meshwright)
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - meshwright.istio.attributes
  - meshwright.istio.attributes.action_group
options:
  action:
    description:
      - V(open) takes the lock and begins the record, or goes on with it when the same upgrade is
        unfinished. Another unfinished upgrade is refused. One that is closed as done stays closed
        and needs no lock.
      - V(advance) writes down that a phase has been reached, and renews the lock. V(renew) renews
        the lock alone.
      - V(pause) gives the lock back and leaves the upgrade unfinished, for a person to look.
      - V(close) ends the upgrade and gives the lock back.
      - V(read) changes nothing and needs no lock.
    type: str
    required: true
    choices: [open, advance, renew, pause, close, read]
  path:
    description: >-
      How the upgrade is done. Source and target are revisions with V(canary), versions with
      V(in_place), and the names of clusters with V(switchover).
    type: str
    choices: [canary, in_place, switchover]
    default: canary
  source:
    description: The revision, version or cluster that is left. Needed for O(action=open).
    type: str
  target:
    description: The revision, version or cluster to reach. Needed for O(action=open).
    type: str
  again:
    description: With O(action=open), also open an upgrade that is closed as done.
    type: bool
    default: false
  phase:
    description:
      - With O(action=advance), what has been reached. A phase that was reached before changes
        nothing. V(rolling_back) begins the way back, after which no other can be reached.
      - With O(action=close), how it ended; V(done) when nothing is said.
    type: str
    choices:
      - revision_installed
      - revision_proven
      - wave_moved
      - gateways_moved
      - tags_moved
      - verified
      - control_plane_safe
      - control_plane_replaced
      - control_plane_proven
      - control_plane_restored
      - target_ready
      - compared
      - tried
      - director_prepared
      - weight_shifted
      - drained
      - director_restored
      - rolling_back
      - done
      - rolled_back
      - abandoned
  wave:
    description: The number, from 1, with O(phase=wave_moved) and O(phase=weight_shifted).
    type: int
  facts:
    description:
      - What else to keep, by name; no secrets. With O(action=advance), it is added to what is kept.
      - With O(action=open), it is kept only when the upgrade is new, so that it shows the cluster
        as it was before. To those of an unfinished one, such C(namespaces), C(gateways), C(tags)
        and C(followers) are added as are not on record.
    type: dict
    default: {}
  note:
    description: A sentence for the history.
    type: str
    default: ''
  run_id:
    description:
      - The identity of this run, as the lock shows it. By default it is made of the host and the
        process of C(ansible-playbook).
      - Give one, as the job's number, when several processes are one run, as with the jobs of a
        workflow.
    type: str
  lease_seconds:
    description: How long the lock is kept without a word from this run, so longer than any step.
    type: int
    default: 3600
  take_over_from:
    description: The run whose lock may be taken although it has not expired; one known to be dead.
    type: str
  istio_namespace:
    description: The namespace of the control planes.
    type: str
    default: istio-system
requirements: [urllib3]
"""

EXAMPLES = r"""
- name: Open the upgrade, or go on with it
  meshwright.istio.upgrade_journal:
    action: open
    source: 1-30
    target: 1-31
    facts: {labels_before: "{{ labels_before }}"}
  register: opened

- name: Write down that the second wave has moved
  meshwright.istio.upgrade_journal:
    action: advance
    phase: wave_moved
    wave: 2

- name: Stop until somebody approves
  meshwright.istio.upgrade_journal:
    action: pause
    note: Waits for approval after wave 2.
- name: End it
  meshwright.istio.upgrade_journal: {action: close}

- name: Show how far it has come
  meshwright.istio.upgrade_journal: {action: read}
"""

RETURN = r"""
journal:
  description:
    - The record. C(phase) and C(wave) say where the upgrade stands, C(reached) how far it had come
      when it began to go back, C(earlier) the upgrades before this one.
    - Null when there is none.
  returned: success
  type: dict
  sample:
    path: canary
    source: 1-30
    target: 1-31
    phase: wave_moved
    wave: 2
    reached: {phase: wave_moved, wave: 2}
    opened: '2026-05-04T08:00:00Z'
    closed: null
    facts: {}
    history:
      - {time: '2026-05-04T08:00:00Z', phase: opened, wave: null, run_id: job-7, note: Opened.}
    history_dropped: 0
    earlier: []
lock:
  description: Who holds the lock, on which host, since when and until when; null for nobody.
  returned: success, and when the lock was refused
  type: dict
  sample:
    holder: job-7
    host: controller-1
    since: '2026-05-04T08:00:00Z'
    renewed: '2026-05-04T08:10:00Z'
    expires: '2026-05-04T09:10:00Z'
resumed:
  description: Whether an unfinished upgrade was on record before.
  returned: success
  type: bool
  sample: false
taken_over_from:
  description: The run that held the lock before, when it was taken from one.
  returned: success
  type: str
  sample: null
"""

from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.meshwright.istio.plugins.module_utils import _journal_request, _record
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._client import (
    create_client,
    create_module,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._phase import Path


def argument_spec() -> dict[str, Any]:
    """The options of this module alone."""
    return {
        "action": {"type": "str", "required": True, "choices": list(_journal_request.ACTIONS)},
        "path": {"type": "str", "choices": [str(each) for each in Path], "default": "canary"},
        "source": {"type": "str"},
        "target": {"type": "str"},
        "again": {"type": "bool", "default": False},
        "phase": {"type": "str", "choices": _journal_request.PHASES},
        "wave": {"type": "int"},
        "facts": {"type": "dict", "default": {}},
        "note": {"type": "str", "default": ""},
        "run_id": {"type": "str"},
        "lease_seconds": {"type": "int", "default": 3600},
        "take_over_from": {"type": "str"},
        "istio_namespace": {"type": "str", "default": "istio-system"},
    }


def run(module: AnsibleModule, api: Api) -> dict[str, Any]:
    """Read, plan, apply, report."""
    plan = _journal_request.from_params(module.params, datetime.now(UTC))
    namespace = module.params["istio_namespace"]
    before, after = _record.change(api, namespace, plan, dry=module.check_mode)
    return _record.report(namespace, before, after)


def main() -> None:
    """Start here."""
    module = create_module(
        argument_spec(),
        supports_check_mode=True,
        required_if=[("action", "open", ("source", "target")), ("action", "advance", ("phase",))],
    )
    try:
        result = run(module, create_client(module))
    except MeshError as error:
        module.fail_json(msg=error.message, **error.details)
    else:
        module.exit_json(**result)


if __name__ == "__main__":
    main()
