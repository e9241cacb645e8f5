# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Of the two labels for injection, istio-injection wins, which few people expect."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    both = tuple(
        f"namespace {namespace.name} (istio-injection={namespace.injection.injection},"
        f" istio.io/rev={namespace.injection.revision})"
        for namespace in snapshot.namespaces
        if upgrade.concerns(namespace.name)
        and namespace.injection.injection is not None
        and namespace.injection.revision is not None
    )
    if both:
        yield Finding(
            code="both_labels",
            severity=Severity.WARN,
            title="Namespaces have both labels for injection",
            objects=both,
            consequence="istio-injection decides and istio.io/rev is ignored. Where the first is"
            " enabled the upgrade removes it; where it is disabled the namespace stays out.",
            remedy="Remove the label that you do not mean.",
            source="istio.io setup/upgrade/canary",
        )
