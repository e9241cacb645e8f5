# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The new version must support the cluster's Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _releases
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    major, minor = snapshot.kubernetes
    supported = _releases.supported_kubernetes(upgrade.version)
    if supported is None:
        known = _releases.known_releases()
        yield Finding(
            code="kubernetes_version",
            severity=Severity.BLOCK,
            title=f"Which Kubernetes Istio {upgrade.version} supports is not known here",
            objects=(f"Kubernetes {major}.{minor}",),
            consequence="The new istiod may not start, or not understand the cluster.",
            remedy=f"Choose a release from {known[0]} to {known[-1]}, or a newer collection.",
            override="kubernetes_version",
        )
    elif major != 1 or not supported[0] <= minor <= supported[1]:
        yield Finding(
            code="kubernetes_version",
            severity=Severity.BLOCK,
            title=f"Istio {upgrade.version} does not support Kubernetes {major}.{minor}",
            objects=(f"Kubernetes {major}.{minor}",),
            consequence="The new istiod may not start, or not understand the cluster.",
            remedy=f"It supports 1.{supported[0]} to 1.{supported[1]}: upgrade Kubernetes first, or"
            " choose another version.",
            override="kubernetes_version",
        )
