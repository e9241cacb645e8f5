# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Move gateways: which there are, which have to move, and all of those side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _gateway,
    _gateway_read,
    _gone,
    _kinds,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    MeshError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway, Target
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_course import ByLabel
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_move import Move
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_rollout import Rollout
from ansible_collections.meshwright.istio.plugins.module_utils._patience import Patience
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayJob:
    """What the module has planned: all the gateways, and those that have to move.

    With `holds` they do not move yet: those that istiod deploys are held where they are. `gone`
    are names that were given of what does not exist; with `leaves_out` those join them that are
    deleted meanwhile.
    """

    target: Target
    holds: bool = False
    leaves_out: bool = False
    gateways: tuple[Gateway, ...]
    deployments: Mapping[Reference, Object]
    drained: dict[Reference, list[dict[str, Any]]] = field(default_factory=dict)
    seconds: dict[Reference, float] = field(default_factory=dict)
    gone: list[Reference] = field(default_factory=list)

    @property
    def todo(self) -> tuple[Gateway, ...]:
        if self.holds:
            return tuple(each for each in self.gateways if self._can_be_held(each))
        return tuple(
            gateway
            for gateway in self.gateways
            if gateway.leaving or not gateway.is_on(self.target) or gateway.held
            if not gateway.waits_at(self.target)
        )

    def _can_be_held(self, gateway: Gateway) -> bool:
        return not (gateway.parent is None or gateway.held or gateway.is_on(self.target))

    def changes(self) -> list[Change]:
        if self.holds:
            return [gateway.hold() for gateway in self.todo]
        return [gateway.change(self.target) for gateway in self.todo]

    def summary(self) -> list[dict[str, Any]]:
        """The entry of each gateway in the module's result."""
        return [
            {
                **gateway.workload.reference.asdict(),
                "before": list(gateway.revisions),
                "after": self._after(gateway),
                "changed": gateway in self.todo,
                "seconds": self.seconds.get(gateway.workload.reference, 0.0),
                "drained": self.drained.get(gateway.workload.reference, []),
            }
            for gateway in self.gateways
            if gateway.workload.reference not in self.gone
        ]

    def _after(self, gateway: Gateway) -> list[str]:
        if self.holds or gateway not in self.todo:
            return list(gateway.revisions)
        return [self.target.revision] if gateway.workload.desired else []

    def allowing_empty_nodes(self) -> GatewayJob:
        """The same, where the pods of a node may leave although no new one is on it."""
        found = tuple(replace(each, keep_to_node=()) for each in self.gateways)
        return replace(self, gateways=found)

    def carry_out(self, api: Api, waiter: Waiter, patience: Patience) -> None:
        """Move or hold them side by side."""
        witness = Witness(api, waiter.clock)

        def work(gateway: Gateway) -> None:
            try:
                if self.holds:
                    self._hold(api, waiter, gateway)
                else:
                    self._move(Move(api, waiter, witness, gateway, self.target, patience), waiter)
            except MeshError:
                reference = gateway.workload.reference
                if not (self.leaves_out and _gone.is_gone(api, _kinds.DEPLOYMENT, reference)):
                    raise
                self.gone.append(reference)

        api.each(work, self.todo)

    def _move(self, one: Move, waiter: Waiter) -> None:
        started = waiter.clock()
        try:
            one.run(self.deployments[one.reference])
        finally:
            self.drained[one.reference] = one.drained
            self.seconds[one.reference] = round(waiter.clock() - started, 1)

    def _hold(self, api: Api, waiter: Waiter, gateway: Gateway) -> None:
        if gateway.parent is not None:
            reference = gateway.workload.reference
            rollout = Rollout(api, waiter, reference)
            course = ByLabel(api, rollout, gateway, gateway.parent, self.target)
            course.hold(self.deployments[reference], gateway.pods)


def plan(
    api: Api,
    names: Sequence[Reference],
    revision: str,
    version: str | None = None,
    *,
    holds: bool = False,
    leave_out: bool = False,
) -> GatewayJob:
    """Read the gateways and refuse what cannot be moved before anything is."""
    mesh = _control_plane.read(api)
    resolved = mesh.resolve(revision)
    if resolved is None:
        known = ", ".join(sorted({plane.revision for plane in mesh.control_planes})) or "none"
        raise BadInputError(
            f"revision: got '{revision}', which is neither a revision nor a tag of this cluster;"
            f" right is one of {known}, or a tag."
        )
    target = Target(name=revision, revision=resolved, version=version)
    found, deployments = _gateway_read.read(api, names, mesh, leave_out=leave_out)
    job = GatewayJob(
        target=target,
        holds=holds,
        leaves_out=leave_out,
        gateways=found,
        deployments=deployments,
        gone=[name for name in names if name not in deployments],
    )
    services = {
        space: api.list(_kinds.SERVICE, space) for space in {each.namespace for each in job.todo}
    }
    for gateway in job.todo:
        if not gateway.is_on(target):
            _gateway.refuse_unmovable(gateway, target, services[gateway.namespace], mesh.injectors)
    return job
