# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A proxy that rejects its configuration today gets no ready successor, and fails the gate."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_LONGEST = 200


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    found = sorted(
        f"{connection.key}: {textwrap.shorten(connection.error, _LONGEST, placeholder=' …')}"
        for _istiod, connection in evidence.rejecting
        if upgrade.concerns(connection.namespace)
    )
    if found:
        # Of one that was cut off half-way it may be the work, and what follows may mend it.
        underway = upgrade.is_underway(evidence)
        yield Finding(
            code="rejected_config",
            severity=Severity.WARN if underway else Severity.BLOCK,
            title="Proxies reject the configuration that their istiod has for them",
            objects=tuple(found),
            consequence="They go on with an older one. A new proxy has none, so it may never get"
            " ready; and the gate, which finds them rejecting, takes their wave back.",
            remedy="Mend what they reject: mostly an EnvoyFilter, or a certificate that cannot be"
            " read. `istioctl proxy-status` and the log of the proxy have the whole reason.",
            override=None if underway else "rejected_config",
            source="istio/istio#60486, #49764; pilot/cmd/pilot-agent/status/ready",
        )
