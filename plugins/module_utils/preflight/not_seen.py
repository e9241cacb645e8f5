# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What could not be looked at is said, for no finding about it can be made."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, _upgrade: Upgrade) -> Iterator[Finding]:
    if evidence.unread:
        yield Finding(
            code="not_seen",
            severity=Severity.WARN,
            title="The account may not read everything that matters",
            objects=evidence.unread,
            consequence="What stands against the upgrade there is not found.",
            remedy="Give it the ClusterRole of the preflight guide.",
            source="this collection: preflight guide",
        )
