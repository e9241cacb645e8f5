# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What could not be compared, since the account may not read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.compare.secret import Certificates
from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Side
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)


def find(sides: Collection[tuple[Side, Certificates]]) -> Iterator[Finding]:
    lacking = sorted(
        f"{plural} of the {side.name}"
        for side, certificates in sides
        for plural in {*side.unread, *(("secrets",) if certificates.unread else ())}
    )
    if lacking:
        yield Finding(
            code="not_compared",
            severity=Severity.BLOCK,
            title="The account may not read all that is compared",
            objects=tuple(lacking),
            consequence="Differences there are not found.",
            remedy="Grant it to list them, and to get the Secrets of gateways and of istiod.",
            override="not_compared",
            source="kubernetes.io reference/access-authn-authz/rbac",
        )
