# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""New pods of a gateway have to come to the nodes of the old ones where a Service keeps to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import moving
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    # Where there is one node, or nothing is known of Services, there is nothing to say.
    if evidence.standing is None or len(evidence.of(Topic.NODES)) == 1:
        return
    found = tuple(_before_gateways(evidence, upgrade))
    if found:
        yield Finding(
            code="gateway_nodes",
            severity=Severity.WARN,
            title="Services before gateways lead to the pods of the same node alone",
            objects=found,
            consequence="Where no new pod comes to the node of an old one, the old ones stay, and"
            " the gateways go back.",
            remedy="Let new pods run on the same nodes, as by a node affinity or a replica for each"
            " node, or set the policy of the Service from Local to Cluster for the time of the"
            " upgrade.",
            source="kubernetes.io: traffic policies of Services",
        )


def _before_gateways(evidence: Evidence, upgrade: Upgrade) -> Iterator[str]:
    """Each such Service, with its gateway and how many nodes that has pods on."""
    nodes: defaultdict[Reference | None, set[str]] = defaultdict(set)
    for pod in moving.pods(evidence, upgrade):
        nodes[pod.owner].add(pod.node)
    for workload in evidence.workloads:
        reference = workload.reference
        is_gateway = _gateway.is_template(workload.template) or workload.parent is not None
        if reference in nodes and is_gateway and evidence.standing is not None:
            number = len(nodes[reference])
            on = "a node" if number == 1 else f"{number} nodes"
            senders = evidence.standing.senders_of(reference.namespace, workload.template_labels)
            yield from (
                f"{sender}, before {reference} on {on}" for sender in senders if sender.is_local
            )
