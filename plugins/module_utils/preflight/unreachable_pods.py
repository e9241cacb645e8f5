# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Pods that no restart reaches keep their old sidecar, while everything reports success."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._workload import KINDS, Workload
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_PROXY_IMAGE = "sidecar.istio.io/proxyImage"


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    workloads = {each.reference: each for each in evidence.workloads}
    reasons = {
        f"{pod.holder}: {reason}"
        for pod in moving.pods(evidence, upgrade)
        if not pod.managed
        if (reason := _reason(pod, workloads.get(pod.owner) if pod.owner else None, evidence))
    }
    if reasons:
        yield Finding(
            code="unreachable_pods",
            severity=Severity.WARN,
            title="Pods would stay on the old sidecar",
            objects=tuple(sorted(reasons)),
            consequence="They go on with the old istiod, which therefore cannot be removed.",
            remedy="Replace bare pods and end Jobs yourself, resume what is paused, and take"
            " meshwright.istio/exclude off what shall move after all.",
            source="istio/istio#41354, #42290, #49210",
        )
    fixed = tuple(
        f"{workload.reference} ({image})"
        for workload, _pods in moving.workloads(evidence, upgrade)
        if (image := _proxy_image(workload))
    )
    if fixed:
        yield Finding(
            code="proxy_image",
            severity=Severity.WARN,
            title="Workloads name the image of their sidecar themselves",
            objects=fixed,
            consequence="They get that image and not the one of the new version.",
            remedy=f"Take the annotation {_PROXY_IMAGE} away, or change it with the upgrade.",
            source="istio/istio#41354",
        )


def _reason(pod: Pod, workload: Workload | None, evidence: Evidence) -> str:
    """Why nobody restarts it; empty where somebody does."""
    if pod.owner is None:
        return "a bare pod has nobody who would make its successor"
    if pod.owner.kind not in KINDS:
        return f"a {pod.owner.kind} cannot be asked to restart it"
    if workload is None:
        # Where the account may not read the kind, it is another finding.
        unread = KINDS[pod.owner.kind].plural in evidence.unread
        return "" if unread else f"its {pod.owner.kind} is not there any more"
    if _gateway.is_template(workload.template):
        return ""
    reasons = (
        (workload.excluded, "its annotation meshwright.istio/exclude is true"),
        (workload.paused, "it is paused"),
        (not workload.starts_on_change, "it has no trigger ConfigChange"),
    )
    return next((text for holds, text in reasons if holds), "")


def _proxy_image(workload: Workload) -> str:
    metadata = workload.template.get("metadata") or {}
    return str((metadata.get("annotations") or {}).get(_PROXY_IMAGE, ""))
