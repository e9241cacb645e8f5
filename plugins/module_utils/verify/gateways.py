# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every gateway has pods, and every Service of it leads to one."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    silent = tuple(
        f"Service {each.workload.reference.namespace}/{name}"
        for each in evidence.gateways
        if each.workload.desired > 0
        for name in each.silent
    )
    if silent:
        yield Finding(
            code="gateway_silent",
            severity=Severity.BLOCK,
            title="A gateway's Service has no ready pod behind it",
            objects=silent,
            consequence="Whoever comes from outside gets no answer.",
            remedy="Look at the pods of that gateway.",
            source="kubernetes.io concepts/services-networking/endpoint-slices",
        )
    unready = tuple(
        f"{each.workload.reference}: {state.reason}"
        for each in evidence.gateways
        if not (state := _readiness.complete(each.workload)).ready
    )
    if unready:
        yield Finding(
            code="gateway_incomplete",
            severity=Severity.WARN,
            title="A gateway has pods that are not ready, or of an older template",
            objects=unready,
            consequence="It serves with fewer pods than it shall have.",
            remedy="Look at the pods of that gateway.",
            source="kubernetes.io concepts/workloads/controllers/deployment",
        )
