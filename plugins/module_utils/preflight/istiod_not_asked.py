# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An istiod that cannot be asked says nothing of proxies that reject their configuration."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, _upgrade: Upgrade) -> Iterator[Finding]:
    if evidence.silent:
        yield Finding(
            code="istiod_not_asked",
            severity=Severity.WARN,
            title="Not every istiod could be asked for its proxies",
            objects=tuple(
                f"Pod {each.namespace}/{each.name}: {each.problem}" for each in evidence.silent
            ),
            consequence="Proxies that reject their configuration already now are not found. The"
            " upgrade asks the same way when it waits for proxies, and would fail there.",
            remedy="Give the account the Role meshwright-preflight-istiod of the preflight guide,"
            " or see why that istiod does not answer.",
            source="this collection: preflight guide",
        )
