# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every istiod runs the version that is wanted, and says what it serves."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    planes = evidence.mesh.control_planes
    if not planes:
        yield Finding(
            code="control_plane_missing",
            severity=Severity.BLOCK,
            title="There is no istiod in this cluster",
            objects=(),
            consequence="Proxies keep what they have and learn nothing new; new pods get none.",
            remedy="Check kubeconfig, context and verify_istio_namespace.",
            source="istio.io ops/deployment/architecture",
        )
    yield from _versions(evidence)
    mute = tuple(f"{each['name']}: {each['reason']}" for each in evidence.look.unreachable())
    if mute:
        yield Finding(
            code="istiod_unreachable",
            severity=Severity.WARN,
            title="An istiod does not answer, so nobody knows what it serves",
            objects=mute,
            consequence="Proxies that it serves may be out of date, and this cannot see it.",
            remedy="Look at that pod, and at the right to create pods/portforward there.",
            source="istio.io ops/diagnostic-tools/proxy-cmd",
        )


def _versions(evidence: Evidence) -> Iterator[Finding]:
    wanted, planes = evidence.wish.version, evidence.mesh.control_planes
    others = [each for each in planes if str(each.version) != wanted]
    if wanted is None or not others:
        return
    objects = tuple(
        f"Deployment {each.namespace}/{each.name} ({each.version or each.image})" for each in others
    )
    if len(others) == len(planes):
        yield Finding(
            code="control_plane_version",
            severity=Severity.BLOCK,
            title=f"No control plane is of version {wanted}",
            objects=objects,
            consequence="What is served is not what was wanted.",
            remedy="Finish the upgrade.",
            source="istio.io setup/upgrade/canary",
        )
    else:
        yield Finding(
            code="control_plane_other",
            severity=Severity.INFO,
            title=f"A control plane of another version than {wanted} still stands",
            objects=objects,
            consequence="It costs memory, and is the way back of a canary.",
            remedy="Remove it with retire_old_revision.yml once nobody wants to go back.",
            source="istio.io setup/upgrade/canary",
        )
