# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A pod that cannot run today does not run after its restart either, and every gate counts it."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    found = tuple(
        f"Pod {pod.key}: {pod.trouble.reason}: {pod.trouble.message}"
        for pod in moving.pods(evidence, upgrade)
        # What may pass by itself is not told: it would be a false alarm.
        if pod.trouble is not None and pod.trouble.hopeless
    )
    if found:
        # Of one that was cut off half-way it may be the work, and what follows may mend it.
        underway = upgrade.is_underway(evidence)
        yield Finding(
            code="ill_pods",
            severity=Severity.WARN if underway else Severity.BLOCK,
            title="Pods of the mesh cannot run already now",
            objects=tuple(sorted(found)),
            consequence="The restart waits for them in vain, or the gate counts them: their wave"
            " is taken back. Where istio-validation ends with 126, it is the CNI plugin of their"
            " node that fails.",
            remedy="Mend them, scale them down, or leave their namespaces out of the upgrade.",
            override=None if underway else "ill_pods",
            source="istio/istio#57438; this collection: gates",
        )
