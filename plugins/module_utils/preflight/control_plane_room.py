# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""For a while two control planes run: the nodes must have room for the second."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.meshwright.istio.plugins.module_utils._capacity import Demand
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(snapshot: Snapshot, upgrade: Upgrade) -> Iterator[Finding]:
    demand = _greatest(snapshot)
    is_there = not upgrade.in_place and upgrade.revision in snapshot.demands
    if demand is None or is_there:
        return
    # In place one istiod after the other is replaced, each after its successor is ready.
    needed = 1 if upgrade.in_place else demand.replicas
    fitting = sum(room.holds(demand) for room in snapshot.rooms)
    if fitting < needed:
        what = "another istiod" if upgrade.in_place else "a second control plane"
        yield Finding(
            code="control_plane_room",
            severity=Severity.BLOCK,
            title=f"There is no room for {what}",
            objects=tuple(f"node {room.node}" for room in snapshot.rooms),
            consequence=f"{needed} istiod pods of {demand.cpu:g} cores and"
            f" {demand.memory / 2**20:.0f} MiB each would be needed as now, and {fitting} fit: the"
            " new istiod would stay pending.",
            remedy="Add a node, or lower the requests of istiod.",
            override="control_plane_room",
            source="istio/istio#23959, #28652",
        )


def _greatest(snapshot: Snapshot) -> Demand | None:
    """What the greatest istiod there is asks for: the new one is taken to be like it."""
    return max(
        snapshot.demands.values(),
        key=lambda demand: (demand.replicas * demand.memory, demand.replicas * demand.cpu),
        default=None,
    )
