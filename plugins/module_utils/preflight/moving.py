# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What an upgrade moves: the control planes that are left, their pods, and whose pods those are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import ControlPlane
from ansible_collections.meshwright.istio.plugins.module_utils._membership import members
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Namespace
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def planes(snapshot: Snapshot, upgrade: Upgrade) -> list[ControlPlane]:
    """The control planes that are left, or replaced."""
    left = upgrade.left_revisions(snapshot)
    return [plane for plane in snapshot.mesh.control_planes if plane.revision in left]


def namespaces(snapshot: Snapshot, upgrade: Upgrade) -> list[Namespace]:
    """The namespaces whose pods are to get another sidecar."""
    left = upgrade.left_revisions(snapshot)
    found = members(snapshot.mesh, snapshot.namespaces, upgrade.istio_namespace)
    return [each for each, revision in found if revision in left and upgrade.concerns(each.name)]


def pods(snapshot: Snapshot, upgrade: Upgrade) -> list[Pod]:
    """The pods whose proxy a control plane serves that is left."""
    left = upgrade.left_revisions(snapshot)
    return [
        pod
        for pod in snapshot.pods
        if pod.revision in left and pod.live and upgrade.concerns(pod.namespace)
    ]


def workloads(evidence: Evidence, upgrade: Upgrade) -> Iterator[tuple[Workload, list[Pod]]]:
    """The workloads that are to be restarted, with those of their pods; gateways move otherwise."""
    by_owner: defaultdict[Reference, list[Pod]] = defaultdict(list)
    for pod in pods(evidence, upgrade):
        if pod.owner is not None and not pod.managed:
            by_owner[pod.owner].append(pod)
    for workload in evidence.workloads:
        found = by_owner.get(workload.reference)
        if found and not workload.excluded and not _gateway.is_template(workload.template):
            yield workload, found
