# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Nothing names a revision that is not there any more."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._membership import (
    asks_for,
    revision_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    mesh = evidence.mesh
    there = {plane.revision for plane in mesh.control_planes}
    left = {
        f"MutatingWebhookConfiguration {each.configuration} (revision {each.revision})"
        for each in mesh.injectors
        if each.revision not in there
    }
    if mesh.validation is not None and mesh.validation not in there:
        left.add(f"ValidatingWebhookConfiguration of the default (revision {mesh.validation})")
    if left:
        yield Finding(
            code="revision_left",
            severity=Severity.BLOCK,
            title="Webhooks lead to a revision that is gone",
            objects=tuple(sorted(left)),
            consequence="Pods and objects that they match cannot be created, or are not looked at.",
            remedy="Point the tag elsewhere with istio_revision_tag, or remove what is left with"
            " retire_old_revision.yml.",
            source="istio.io setup/upgrade/canary",
        )
    lost = tuple(
        f"namespace {namespace.name} ({label}={value})"
        for namespace in evidence.namespaces
        if asks_for(namespace.injection) and revision_of(mesh, namespace.injection) is None
        for label, value in namespace.injection.labels().items()
    )
    if lost:
        yield Finding(
            code="namespace_unserved",
            severity=Severity.BLOCK,
            title="Namespaces ask for a sidecar that nobody injects",
            objects=lost,
            consequence="Their new pods start without a sidecar and without an error.",
            remedy="Label them with a revision or tag that exists, or take the label away.",
            source="istio.io setup/additional-setup/sidecar-injection",
        )
