# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The plan of a canary, from a snapshot of the cluster and what the journal remembers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import _waves
from ansible_collections.meshwright.istio.plugins.module_utils._canary import (
    GatewayMove,
    Kept,
    NamespaceMove,
    Plan,
    Source,
    TagMove,
    WaveMove,
    WorkloadMove,
    workload_moves,
)
from ansible_collections.meshwright.istio.plugins.module_utils._canary_record import Before, Record
from ansible_collections.meshwright.istio.plugins.module_utils._canary_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._canary_tags import (
    NOT_REPLACED,
    Followers,
)
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import DEFAULT_TAG
from ansible_collections.meshwright.istio.plugins.module_utils._membership import (
    members,
    revision_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Injection
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import (
    RESTARTABLE,
    Reference,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._waves import Wave
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


def plan(
    snapshot: Snapshot, gateways: Sequence[Workload], request: Request, record: Record
) -> Plan:
    """What is left to be moved; `gateways` are the gateways' Deployments of the whole cluster."""
    return _Planner(snapshot, gateways, request, record).plan()


class _Planner:
    def __init__(
        self, snapshot: Snapshot, gateways: Sequence[Workload], request: Request, record: Record
    ) -> None:
        self._mesh = snapshot.mesh
        self._snapshot = snapshot
        # Without its Gateway a Deployment is about to go.
        self._deployed = {
            each.reference: each
            for each in gateways
            if each.parent is None or (each.reference.namespace, each.parent) in snapshot.gateways
        }
        self._request = request
        self._record = record
        pods = [pod for pod in snapshot.pods if pod.live]
        owners = {gateway.reference for gateway in gateways}
        self._gateway_pods = [pod for pod in pods if pod.owner in owners]
        self._pods: dict[str, list[Pod]] = defaultdict(list)
        for pod in pods:
            if pod.owner not in owners:
                self._pods[pod.namespace].append(pod)

    def plan(self) -> Plan:
        request = self._request
        befores = self._befores()
        gateways = self._gateway_moves(befores)
        followers = Followers(self._snapshot, request, self._pods, self._staying(gateways))
        left = {each.revision for each in self._record.sources} | self._left(befores)
        tags, kept = followers.plan(befores, left) if request.move_tags else ((), ())
        moves = {name: self._namespace(name, before, tags) for name, before in befores.items()}
        waves = tuple(
            WaveMove(
                number=wave.number,
                name=wave.name,
                namespaces=tuple(moves[name] for name in wave.namespaces),
                workloads=self._workloads(wave.namespaces),
                gateways=tuple(
                    each.reference
                    for each in gateways
                    if each.reference.namespace in wave.namespaces
                    and self._follows_namespace(self._deployed[each.reference])
                ),
                held=self._record.has_held(wave.number),
            )
            for wave in self._waves(befores)
        )
        return Plan(
            revision=request.revision,
            version=request.version,
            sources=self._sources(befores),
            waves=waves,
            gateways=gateways,
            gateways_due=self._record.gateways_due,
            tags=tags,
            followers=followers.workloads(tags, moves),
            kept=(*kept, *self._not_replaced(sorted(moves)), *followers.left(tags, moves)),
        )

    def _befores(self) -> dict[str, Before]:
        """The namespaces to move, with where each was before the upgrade."""
        found = dict(self._record.namespaces)
        target = self._request.revision
        injected = members(self._mesh, self._snapshot.namespaces, self._request.istio_namespace)
        for namespace, source in injected:
            if namespace.name in found or not self._request.concerns(namespace.name):
                continue
            arrived = source == target
            if not arrived or self._off_target([namespace.name]):
                found[namespace.name] = Before(injection=namespace.injection, source=source)
        existing = {namespace.name for namespace in self._snapshot.namespaces}
        return {name: found[name] for name in sorted(found) if name in existing}

    def _namespace(self, name: str, before: Before, tags: Sequence[TagMove]) -> NamespaceMove:
        now = next(each.injection for each in self._snapshot.namespaces if each.name == name)
        target = Injection(revision=self._request.revision)
        tag = before.injection.revision if before.injection.injection is None else None
        arrives = {each.name for each in tags} | {
            each.name for each in self._mesh.tags if each.revision == self._request.revision
        }
        arrived = revision_of(self._mesh, now) == self._request.revision
        during = now if arrived else target
        return NamespaceMove(
            name=name,
            source=before.source,
            before=before.injection,
            now=now,
            during=during,
            after=before.injection if tag in arrives else during,
            arrived=arrived,
        )

    def _waves(self, befores: Mapping[str, Before]) -> tuple[Wave, ...]:
        """Those on record if there are any: the shares of what is left would be others."""
        if self._record.waves:
            return self._record.waves_of(befores)
        pods = {name: len(self._pods[name]) for name in befores}
        candidates = _waves.candidates(pods, self._snapshot.labels)
        return _waves.plan_waves(candidates, self._request.waves)

    def _workloads(self, namespaces: Sequence[str]) -> tuple[WorkloadMove, ...]:
        found: dict[Reference, list[Pod]] = defaultdict(list)
        for pod in self._off_target(namespaces):
            if pod.owner is not None and pod.owner.kind in RESTARTABLE:
                found[pod.owner].append(pod)
        return workload_moves(found)

    def _not_replaced(self, namespaces: Sequence[str]) -> tuple[Kept, ...]:
        names = {
            pod.holder
            for pod in self._off_target(namespaces)
            if pod.owner is None or pod.owner.kind not in RESTARTABLE
        }
        return tuple(Kept(name=name, reason=NOT_REPLACED) for name in sorted(names))

    def _off_target(self, namespaces: Iterable[str]) -> list[Pod]:
        """The pods that are not on the revision, and whose successors would be."""
        return [
            pod
            for namespace in namespaces
            for pod in self._pods[namespace]
            if pod.revision != self._request.revision
            and (pod.revision is not None or pod.injectable)
            and not pod.managed
        ]

    def _gateway_moves(self, moved: Collection[str]) -> tuple[GatewayMove, ...]:
        """Those that are to move, and those that istiod would move with their namespace."""
        moves = []
        target = self._request.revision
        for gateway in self._deployed.values():
            follows = gateway.reference.namespace in moved and self._follows_namespace(gateway)
            if not (follows or self._is_chosen(gateway)):
                continue
            pods = [pod for pod in self._gateway_pods if pod.owner == gateway.reference]
            revisions = {pod.revision for pod in pods}
            if revisions <= {target} and not gateway.held:
                continue
            others = sorted(each for each in revisions if each not in (None, target))
            moves.append(
                GatewayMove(
                    reference=gateway.reference,
                    revision=others[0] if others else None,
                    pods=len(pods),
                )
            )
        return tuple(moves)

    def _is_chosen(self, gateway: Workload) -> bool:
        request = self._request
        return request.move_gateways and request.concerns(gateway.reference.namespace)

    def _follows_namespace(self, gateway: Workload) -> bool:
        """Whether istiod deploys it, and it names no revision of its own."""
        return gateway.parent is not None and self._named(gateway) is None

    def _named(self, gateway: Workload) -> str | None:
        return self._snapshot.gateways.get((gateway.reference.namespace, gateway.parent or ""))

    def _staying(self, moves: Iterable[GatewayMove]) -> dict[str, str]:
        """The gateways that istiod deploys and that do not move, with what they ask for."""
        moving = {each.reference for each in moves}
        labels = self._snapshot.labels
        return {
            str(each.reference): self._named(each)
            or labels.get(each.reference.namespace, {}).get(REVISION_LABEL)
            or DEFAULT_TAG
            for each in self._deployed.values()
            if each.parent is not None
            and each.reference not in moving
            and not self._is_chosen(each)
        }

    def _sources(self, befores: Mapping[str, Before]) -> tuple[Source, ...]:
        if self._record.sources:
            return self._record.sources
        names = self._left(befores) or {
            plane.revision for plane in self._mesh.others(self._request.revision)
        }
        found = []
        for name in sorted(names):
            plane = self._mesh.find(name, self._request.istio_namespace)
            version = str(plane.version) if plane and plane.version else None
            found.append(Source(revision=name, version=version))
        return tuple(found)

    def _left(self, befores: Mapping[str, Before]) -> set[str]:
        """The revisions that namespaces and gateways leave."""
        gateways = self._gateway_moves(befores)
        left = {before.source for before in befores.values()}
        left |= {gateway.revision for gateway in gateways if gateway.revision}
        return left - {self._request.revision}
