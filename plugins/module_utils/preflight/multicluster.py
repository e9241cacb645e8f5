# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A mesh of several clusters is upgraded cluster by cluster, and is mixed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    found = tuple(
        f"Secret {upgrade.istio_namespace}/{item['metadata']['name']}"
        for item in evidence.of(Topic.REMOTES)
    )
    if found:
        yield Finding(
            code="multicluster",
            severity=Severity.INFO,
            title="The mesh has other clusters",
            objects=found,
            consequence="Their versions are not looked at here, and their gateways talk to the new"
            " ones of this cluster.",
            remedy="Run this preflight for each of them; upgrade those that serve others last.",
            source="istio/istio.io#12971",
        )
