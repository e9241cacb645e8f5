# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The CNI plugin goes before the pods that need it, and at most one minor release behind istiod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    read_version,
    tag_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_NAME = "istio-cni-node"
_SOURCE = "istio.io ambient/upgrade/helm, istio/istio#57438"


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    for item in evidence.of(Topic.CONTROLLERS):
        if item["kind"] == "DaemonSet" and is_agent(item):
            yield from _unfinished(item)
            yield from _wrong_version(item, upgrade)


def is_agent(item: Mapping[str, Any]) -> bool:
    """Whether a DaemonSet is the plugin."""
    return item["metadata"]["name"] == _NAME or labels_of(item).get("k8s-app") == _NAME


def _unfinished(item: Mapping[str, Any]) -> Iterator[Finding]:
    status = item.get("status") or {}
    desired = status.get("desiredNumberScheduled", 0)
    ready = min(status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0))
    if ready < desired:
        yield _finding(
            title="The rollout of the CNI plugin is not finished",
            item=item,
            note=f"{ready} of {desired} nodes",
            consequence="Pods that start on the other nodes wait for the plugin, or are held by"
            " istio-validation.",
            remedy="Wait for its DaemonSet before anything is restarted.",
        )


def _wrong_version(item: Mapping[str, Any], upgrade: Upgrade) -> Iterator[Finding]:
    containers = item["spec"]["template"]["spec"]["containers"]
    version = Version.parse(tag_of(containers[0].get("image", ""))) or read_version(item)
    if version is None:
        return
    distance = version.minors_to(upgrade.version)
    if distance < 0 or distance > 1:
        yield _finding(
            title=f"The CNI plugin is of {version}, too far from {upgrade.version}",
            item=item,
            note=str(version),
            consequence="It works with a control plane of its own minor release and of the next.",
            remedy="Upgrade the plugin step by step with the control plane.",
        )
    elif distance == 1:
        yield Finding(
            code="cni",
            severity=Severity.INFO,
            title=f"The CNI plugin stays on {version}",
            objects=(f"{_describe(item)} ({version})",),
            consequence="It works with the new control plane, and would not with the one after.",
            remedy="Upgrade it once the control plane is proven, before workloads are restarted.",
            source=_SOURCE,
        )


def _describe(item: Mapping[str, Any]) -> str:
    return f"DaemonSet {item['metadata']['namespace']}/{item['metadata']['name']}"


def _finding(
    *, title: str, item: Mapping[str, Any], note: str, consequence: str, remedy: str
) -> Finding:
    return Finding(
        code="cni",
        severity=Severity.BLOCK,
        title=title,
        objects=(f"{_describe(item)} ({note})",),
        consequence=consequence,
        remedy=remedy,
        override="cni",
        source=_SOURCE,
    )
