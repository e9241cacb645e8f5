# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""There must be an Istio to upgrade, and its version must be known."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SOURCE = "istio.io releases/supported-releases"


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    planes = snapshot.mesh.control_planes
    if not planes:
        yield Finding(
            code="istio_missing",
            severity=Severity.BLOCK,
            title="There is no Istio in this cluster",
            objects=(f"namespace {upgrade.istio_namespace}",),
            consequence="There is nothing to upgrade: no Deployment with the label app=istiod.",
            remedy="Check kubeconfig and context. A first Istio is installed with istio_revision.",
            source=_SOURCE,
        )
    unknown = tuple(f"{each.namespace}/{each.name}" for each in planes if each.version is None)
    if unknown:
        yield Finding(
            code="istio_version_unknown",
            severity=Severity.BLOCK,
            title="The version of a control plane cannot be told",
            objects=unknown,
            consequence="Whether the step to the new version is allowed cannot be known.",
            remedy="Give its Deployment the label app.kubernetes.io/version with the version.",
            source=_SOURCE,
        )
