# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Proxies may be one minor release behind their istiod; pods that nobody restarted are more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    planes = {plane.revision: plane.version for plane in moving.planes(snapshot, upgrade)}
    behind: defaultdict[int, set[str]] = defaultdict(set)
    for pod in moving.pods(snapshot, upgrade):
        now = planes.get(pod.revision or "")
        version = Version.parse(pod.version or "")
        if version is None or now is None or version.is_build_of(now):
            continue
        distance = version.minors_to(upgrade.version if upgrade.in_place else now)
        behind[min(max(distance, -1), 2)].add(f"{pod.holder} ({pod.version})")
    if behind[2]:
        yield _too_old(tuple(sorted(behind[2])), upgrade)
    if near := behind[0] | behind[1]:
        yield _finding(
            Severity.INFO,
            title="Pods have another version of the sidecar than their istiod",
            objects=tuple(sorted(near)),
            consequence="They were not restarted after the last upgrade; this one restarts them.",
            remedy="Nothing; or restart them beforehand with workload_restart.",
        )
    if behind[-1]:
        yield _finding(
            Severity.WARN,
            title="Proxies are newer than their istiod",
            objects=tuple(sorted(behind[-1])),
            consequence="Istio does not support it: they may reject what they are sent.",
            remedy="Restart these workloads, so that they get the sidecar of their istiod.",
        )


def _too_old(objects: tuple[str, ...], upgrade: Upgrade) -> Finding:
    if upgrade.in_place:
        return _finding(
            Severity.BLOCK,
            title=f"Proxies are more than one minor release behind {upgrade.version}",
            objects=objects,
            consequence="The new istiod serves them from the moment in which it stands, and may"
            " send what they reject.",
            remedy="Restart these workloads first, so that they get the sidecar of their istiod.",
        )
    return _finding(
        Severity.WARN,
        title="Proxies are more than one minor release behind their istiod",
        objects=objects,
        consequence="Istio does not support it: they may reject what they are sent already now.",
        remedy="Restart these workloads; the way back would bring them to the sidecar of their"
        " istiod and not to this old one.",
    )


def _finding(
    severity: Severity, *, title: str, objects: tuple[str, ...], consequence: str, remedy: str
) -> Finding:
    return Finding(
        code="old_proxies",
        severity=severity,
        title=title,
        objects=objects,
        consequence=consequence,
        remedy=remedy,
        override="old_proxies",
        source="istio.io releases/supported-releases, istio/istio#41354",
    )
