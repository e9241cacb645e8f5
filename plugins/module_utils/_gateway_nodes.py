# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""No node may be left empty where a Service before a gateway keeps to the node.

With the policy Local a node hands what comes to it to its own pods, and drops it where none is
ready, until the load balancer notices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Sender


def judge(
    gateway: str, services: Sequence[Sender], old: Iterable[Pod], new: Iterable[Pod]
) -> Readiness:
    """Whether each node of an old pod has a new one; `services` are those that keep to the node.

    Only pods that are ready are to be given.
    """
    empty = sorted({pod.node for pod in old} - {pod.node for pod in new})
    if not services or not empty:
        return _readiness.READY
    return _readiness.waiting(
        f"no new pod of the {gateway} is ready on {', '.join(empty)}, where old ones are, and"
        f" {services[0]} leads to the pods of the same node and to no other: let new ones run"
        " there, as by a node affinity or more replicas, or set externalTrafficPolicy and"
        " internalTrafficPolicy of the Service to Cluster meanwhile; allow_empty_nodes goes on"
        " without, and loses what comes to these nodes"
    )
