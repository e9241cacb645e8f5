# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Every proxy is in sync, of the version of its istiod, and where its labels lead."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._proxy import Proxy, State
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.verify.evidence import Evidence


def find(evidence: Evidence) -> Iterator[Finding]:
    proxies = [proxy for proxy in evidence.look.proxies if not proxy.ending]
    # Of an istiod that does not answer there is a finding of its own.
    loose = [each for each in proxies if each.state not in (State.SYNCED, State.UNKNOWN)]
    if loose:
        yield Finding(
            code="proxy_not_synced",
            severity=Severity.BLOCK,
            title="Proxies do not have the configuration that their istiod has for them",
            objects=tuple(f"{each.key}: {each.reason or each.state}" for each in loose),
            consequence="They send requests where nothing is any more, or refuse them.",
            remedy="The reason stands behind each; proxy_status with details says more.",
            source="istio.io ops/diagnostic-tools/proxy-cmd",
        )
    waiting = [proxy for proxy in proxies if proxy.restart]
    if waiting:
        yield Finding(
            code="proxy_waits_for_restart",
            severity=Severity.WARN,
            title="Proxies are not what their labels and their istiod would give them now",
            objects=tuple(f"{each.key}: {each.restart}" for each in waiting),
            consequence="They work, and are one restart behind.",
            remedy="Restart their workloads with workload_restart, which drains them.",
            source="istio.io setup/upgrade/canary",
        )
    wrong = [each for each in proxies if _is_wrong(each, evidence.wish.version)]
    if wrong:
        yield Finding(
            code="proxy_version",
            severity=Severity.BLOCK,
            title=f"Proxies are not of version {evidence.wish.version}",
            objects=tuple(f"{each.key} ({each.version or 'unknown'})" for each in wrong),
            consequence="They lack what the version mends, and the next upgrade may leave them too"
            " far behind.",
            remedy="Restart their workloads with workload_restart, which drains them.",
            source="istio.io releases/supported-releases",
        )


def _is_wrong(proxy: Proxy, version: str | None) -> bool:
    return version is not None and proxy.version != version
