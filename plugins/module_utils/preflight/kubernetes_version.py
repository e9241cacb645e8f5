# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The new version must support the cluster's Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    major, minor = snapshot.kubernetes
    here = f"{major}.{minor}"
    release = upgrade.rules.release(upgrade.version)
    if release is None:
        known = upgrade.rules.known()
        yield _finding(
            title=f"Which Kubernetes Istio {upgrade.version} supports is not known here",
            here=here,
            remedy=f"Choose a release from {known[0]} to {known[-1]}, or a newer collection.",
            upgrade=upgrade,
        )
        return
    lowest, highest = release.kubernetes
    if not (lowest.major, lowest.minor) <= (major, minor) <= (highest.major, highest.minor):
        yield _finding(
            title=f"Istio {upgrade.version} does not support Kubernetes {here}",
            here=here,
            remedy=f"It supports {lowest.major}.{lowest.minor} to {highest.major}.{highest.minor}:"
            " upgrade Kubernetes first, or choose another version.",
            upgrade=upgrade,
        )


def _finding(*, title: str, here: str, remedy: str, upgrade: Upgrade) -> Finding:
    return Finding(
        code="kubernetes_version",
        severity=Severity.BLOCK,
        title=title,
        objects=(f"Kubernetes {here}",),
        consequence="The new istiod may not start, or not understand the cluster.",
        remedy=remedy,
        override="kubernetes_version",
        source=f"{upgrade.rules.sources['kubernetes']}, read on {upgrade.rules.read}",
    )
