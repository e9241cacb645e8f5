# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every finding that there is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    both_labels,
    control_plane_room,
    image_pull,
    istio_missing,
    istioctl_missing,
    kubernetes_version,
    other_upgrade,
    revision_name,
    version_skew,
    webhook_dead,
    webhook_gap,
    webhook_overlap,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    sort_and_override,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

Find = Callable[[Snapshot, Upgrade], Iterator[Finding]]

FINDERS: tuple[Find, ...] = (
    istio_missing.find,
    istioctl_missing.find,
    version_skew.find,
    kubernetes_version.find,
    revision_name.find,
    webhook_overlap.find,
    webhook_gap.find,
    webhook_dead.find,
    both_labels.find,
    image_pull.find,
    control_plane_room.find,
    other_upgrade.find,
)
OVERRIDES = ("control_plane_room", "image_pull", "kubernetes_version")


def find_all(snapshot: Snapshot, upgrade: Upgrade, allowed: Collection[str]) -> list[Finding]:
    """What stands against the upgrade, the gravest first."""
    found = (finding for find in FINDERS for finding in find(snapshot, upgrade))
    return sort_and_override(found, allowed)


def blocked(findings: list[Finding]) -> bool:
    """Whether one of them forbids the upgrade."""
    return any(finding.blocks for finding in findings)


def table(findings: list[Finding]) -> list[str]:
    """The findings as a person reads them."""
    lines = [line for finding in findings for line in finding.lines()]
    return lines or ["Nothing stands against the upgrade."]
