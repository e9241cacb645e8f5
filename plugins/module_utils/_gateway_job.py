# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Move gateways: which there are, which have to move, and all of those side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _control_plane,
    _departure,
    _gateway,
    _gateway_hold,
    _kinds,
    _standing,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway, Target
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_move import Move
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._patience import Patience
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Standing
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayJob:
    """What the module has planned: all the gateways, and those that have to move."""

    target: Target
    gateways: tuple[Gateway, ...]
    deployments: Mapping[Reference, Object]
    drained: dict[Reference, list[dict[str, Any]]] = field(default_factory=dict)
    seconds: dict[Reference, float] = field(default_factory=dict)

    @property
    def todo(self) -> tuple[Gateway, ...]:
        return tuple(
            gateway
            for gateway in self.gateways
            if gateway.leaving or gateway.held or not gateway.is_on(self.target)
        )

    def changes(self) -> list[Change]:
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
        ]

    def _after(self, gateway: Gateway) -> list[str]:
        if gateway not in self.todo:
            return list(gateway.revisions)
        return [self.target.revision] if gateway.workload.desired else []

    def carry_out(self, api: Api, waiter: Waiter, patience: Patience) -> None:
        """Move them side by side."""
        witness = Witness(api, waiter.clock)

        def move(gateway: Gateway) -> None:
            started = waiter.clock()
            reference = gateway.workload.reference
            one = Move(api, waiter, witness, gateway, self.target, patience)
            try:
                one.run(self.deployments[reference])
            finally:
                self.drained[reference] = one.drained
                self.seconds[reference] = round(waiter.clock() - started, 1)

        api.each(move, self.todo)


def plan(
    api: Api, names: Sequence[Reference], revision: str, version: str | None = None
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
    roots = {each.service[0] for each in mesh.injectors if each.service}
    found, deployments = _read(api, names, roots)
    job = GatewayJob(target=target, gateways=found, deployments=deployments)
    services = {
        space: api.list(_kinds.SERVICE, space) for space in {each.namespace for each in job.todo}
    }
    for gateway in job.todo:
        if not gateway.is_on(target):
            _gateway.refuse_unmovable(gateway, target, services[gateway.namespace], mesh.injectors)
    return job


def _read(
    api: Api, names: Sequence[Reference], roots: Iterable[str]
) -> tuple[tuple[Gateway, ...], dict[Reference, Object]]:
    listed, spaces, pods = api.each(api.list, (_kinds.DEPLOYMENT, _kinds.NAMESPACE, _kinds.POD))
    deployments = {
        Workload.from_object(item).reference: item for item in listed if _gateway.is_gateway(item)
    }
    if missing := [str(name) for name in names if name not in deployments]:
        raise BadInputError(
            f"gateways: {', '.join(missing)} is no gateway by injection; right is one of"
            f" {', '.join(map(str, sorted(deployments))) or 'none, as there is none'}."
        )
    chosen = {name: deployments[name] for name in names or sorted(deployments)}
    labels = {item["metadata"]["name"]: labels_of(item) for item in spaces}
    by_owner: dict[Reference | None, list[Pod]] = defaultdict(list)
    for pod in map(Pod.from_object, pods):
        if pod.live:
            by_owner[pod.owner].append(pod)
    standing = _standing.read(api, sorted({name.namespace for name in chosen}), roots)
    return tuple(
        _gateway_of(item, by_owner[reference], labels.get(reference.namespace, {}), standing)
        for reference, item in chosen.items()
    ), chosen


def _gateway_of(
    item: Object, pods: Sequence[Pod], namespace_labels: Mapping[str, str], standing: Standing
) -> Gateway:
    workload = Workload.from_object(item)
    namespace, labels = workload.reference.namespace, workload.template_labels
    senders = standing.senders_of(namespace, labels)
    return Gateway(
        workload=workload,
        uid=item["metadata"]["uid"],
        namespace_labels=namespace_labels,
        pods=tuple(pod for pod in pods if pod.mark is None),
        services=tuple(sorted(each.name for each in senders if each.kind == "Service")),
        departure=_departure.find(standing, namespace, labels),
        leaving=tuple(pod for pod in pods if pod.mark is not None),
        held=_gateway_hold.is_held(item),
    )
