# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A namespace that names a revision nobody answers for has pods without a sidecar."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._membership import (
    asks_for,
    revision_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    lost = tuple(
        f"namespace {namespace.name} ({label}={value})"
        for namespace in snapshot.namespaces
        if upgrade.concerns(namespace.name) and asks_for(namespace.injection)
        if revision_of(snapshot.mesh, namespace.injection) is None
        for label, value in namespace.injection.labels().items()
    )
    if lost:
        yield Finding(
            code="webhook_gap",
            severity=Severity.WARN,
            title="Namespaces ask for a sidecar that nobody injects",
            objects=lost,
            consequence="Their new pods start without a sidecar and without an error. The upgrade"
            " leaves them as they are.",
            remedy="Label them with a revision or tag that exists, or take the label away.",
            source="istio/istio#40134, #43621; measured",
        )
