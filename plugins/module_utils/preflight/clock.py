# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Certificates and locks are judged by clocks: those of the nodes, and the one of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

# A kubelet renews its Lease every ten seconds, and its node counts as ready for fifty without it.
_BEHIND = 100
_AHEAD = 40


def find(evidence: Evidence, _upgrade: Upgrade) -> Iterator[Finding]:
    ready = {
        item["metadata"]["name"]
        for item in evidence.of(Topic.NODES)
        if any(
            each["type"] == "Ready" and each["status"] == "True"
            for each in (item.get("status") or {}).get("conditions") or ()
        )
    }
    found = []
    for item in evidence.of(Topic.LEASES):
        name = item["metadata"]["name"]
        renewed = (item.get("spec") or {}).get("renewTime")
        if name in ready and renewed:
            seconds = datetime.fromisoformat(renewed).timestamp() - evidence.now
            if not -_BEHIND <= seconds <= _AHEAD:
                found.append(f"Node {name} ({abs(seconds):.0f} s {_word(seconds)})")
    if found:
        yield Finding(
            code="clock",
            severity=Severity.WARN,
            title="Clocks differ between nodes and the machine that runs Ansible",
            objects=tuple(sorted(found)),
            consequence="A certificate that was made on a node that is ahead is not valid yet on"
            " the others, and the lock of an upgrade counts as expired, or never does.",
            remedy="Let all of them follow the same time servers. Where every node is named, the"
            " clock of this machine is wrong.",
            source="istio/istio security: workload certificates begin two minutes early",
        )


def _word(seconds: float) -> str:
    return "ahead" if seconds > 0 else "behind"
