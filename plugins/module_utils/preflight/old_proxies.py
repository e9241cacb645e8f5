# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Proxies may be one minor release behind their istiod; pods that nobody restarted are more."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_SOURCE = "istio.io releases/supported-releases, istio/istio#41354"


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    planes = {plane.revision: plane.version for plane in moving.planes(snapshot, upgrade)}
    behind: dict[int, set[str]] = {}
    for pod in moving.pods(snapshot, upgrade):
        istiod = upgrade.version if upgrade.in_place else planes.get(pod.revision or "")
        now = planes.get(pod.revision or "")
        version = Version.parse(pod.version or "")
        if version is None or istiod is None or version == now:
            continue
        distance = version.minors_to(istiod)
        behind.setdefault(distance, set()).add(f"{pod.holder} ({_describe(pod)})")
    far = sorted(set().union(*(names for distance, names in behind.items() if distance > 1)))
    near = sorted(set().union(*(names for distance, names in behind.items() if distance <= 1)))
    if far:
        yield _too_old(tuple(far), upgrade)
    if near:
        yield Finding(
            code="old_proxies",
            severity=Severity.INFO,
            title="Pods have another version of the sidecar than their istiod",
            objects=tuple(near),
            consequence="They were not restarted after the last upgrade; this one restarts them.",
            remedy="Nothing; or restart them beforehand with workload_restart.",
            source=_SOURCE,
        )


def _too_old(objects: tuple[str, ...], upgrade: Upgrade) -> Finding:
    if upgrade.in_place:
        return Finding(
            code="old_proxies",
            severity=Severity.BLOCK,
            title=f"Proxies are more than one minor release behind {upgrade.version}",
            objects=objects,
            consequence="The new istiod serves them from the moment in which it stands, and may"
            " send what they reject.",
            remedy="Restart these workloads first, so that they get the sidecar of their istiod.",
            override="old_proxies",
            source=_SOURCE,
        )
    return Finding(
        code="old_proxies",
        severity=Severity.WARN,
        title="Proxies are more than one minor release behind their istiod",
        objects=objects,
        consequence="Istio does not support it: they may reject what they are sent already now.",
        remedy="Restart these workloads; the way back would bring them to the sidecar of their"
        " istiod and not to this old one.",
        source=_SOURCE,
    )


def _describe(pod: Pod) -> str:
    return str(pod.version)
