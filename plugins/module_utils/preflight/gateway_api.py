# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""istiod ignores kinds of the Gateway API whose definition is too old for it, and says nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    release = upgrade.rules.release(upgrade.version)
    left = upgrade.left_version(evidence)
    before = upgrade.rules.release(left) if left else None
    found = tuple(
        f"{crd.kind.plural} {crd.bundle or 'of an unknown release'}, needs"
        f" {release.gateway_api[crd.kind.plural]} ({count} {crd.kind.kind})"
        for crd, count in evidence.ignored
        if release is not None
        and count
        # What the istiod of today ignores as well is lost already.
        and not (before is not None and crd.is_older(before.gateway_api))
    )
    if found:
        yield Finding(
            code="gateway_api",
            severity=Severity.BLOCK,
            title=f"Definitions of the Gateway API are too old for {upgrade.version}",
            objects=found,
            consequence="The new istiod ignores every object of these kinds, without an error:"
            " what they route is answered no more.",
            remedy="Install the definitions of that release of the Gateway API first.",
            override="gateway_api",
            source=upgrade.rules.sources["gateway_api"],
        )
