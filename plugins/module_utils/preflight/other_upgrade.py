# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""One upgrade at a time: the way back of another would be lost."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    journal = snapshot.journal
    if journal is None or journal.closed is not None or upgrade.is_underway(snapshot):
        return
    yield Finding(
        code="other_upgrade",
        severity=Severity.BLOCK,
        title=f"Another upgrade is unfinished: {journal.upgrade}, at {journal.step}",
        objects=(f"ConfigMap {upgrade.istio_namespace}/meshwright-upgrade",),
        consequence="What the other upgrade has recorded for its way back would be lost.",
        remedy="Finish it, or go back with roll_back.yml.",
        source="this collection: phases and the way back",
    )
