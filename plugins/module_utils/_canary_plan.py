# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The plan of a canary, from a snapshot of the cluster and what the journal remembers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

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
from ansible_collections.meshwright.istio.plugins.module_utils._waves import Candidate, Wave
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
        self._gateways = gateways
        self._request = request
        self._record = record
        self._kept: list[Kept] = []
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
        tags = self._tags(befores) if request.move_tags else ()
        moves = {name: self._namespace(name, before, tags) for name, before in befores.items()}
        waves = tuple(
            WaveMove(
                number=wave.number,
                name=wave.name,
                namespaces=tuple(moves[name] for name in wave.namespaces),
                workloads=self._workloads(wave.namespaces),
            )
            for wave in self._waves(befores)
        )
        return Plan(
            revision=request.revision,
            version=request.version,
            sources=self._sources(befores),
            waves=waves,
            gateways=self._gateway_moves() if request.move_gateways else (),
            tags=tags,
            followers=self._followers(tags, moves),
            kept=tuple(self._kept),
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
            if not arrived or self._off_target(namespace.name):
                found[namespace.name] = Before(injection=namespace.injection, source=source)
        existing = {namespace.name for namespace in self._snapshot.namespaces}
        return {name: found[name] for name in sorted(found) if name in existing}

    def _namespace(self, name: str, before: Before, tags: Sequence[TagMove]) -> NamespaceMove:
        now = next(each.injection for each in self._snapshot.namespaces if each.name == name)
        target = Injection(revision=self._request.revision)
        tag = before.injection.revision if before.injection.injection is None else None
        follows = tag in {each.name for each in tags} or (
            tag is not None and tag in self._record.tags
        )
        arrived = revision_of(self._mesh, now) == self._request.revision
        return NamespaceMove(
            name=name,
            source=before.source,
            before=before.injection,
            now=now,
            during=now if arrived else target,
            after=before.injection if follows else target,
            arrived=arrived,
        )

    def _waves(self, befores: Mapping[str, Before]) -> tuple[Wave, ...]:
        """Those on record if there are any: the shares of what is left would be others."""
        if not self._record.waves:
            candidates = [
                Candidate(
                    name=name,
                    pods=len(self._pods[name]),
                    asks_first=self._snapshot.labels.get(name, {}).get(_waves.FIRST_LABEL)
                    == _waves.FIRST,
                )
                for name in befores
            ]
            return _waves.plan_waves(candidates, self._request.waves)
        return self._record.waves_of(befores)

    def _workloads(self, namespaces: Sequence[str]) -> tuple[WorkloadMove, ...]:
        found: dict[Reference, list[Pod]] = defaultdict(list)
        for name in namespaces:
            for pod in self._off_target(name):
                if pod.owner is not None and pod.owner.kind in RESTARTABLE:
                    found[pod.owner].append(pod)
                else:
                    what = str(pod.owner) if pod.owner else f"Pod {pod.key}"
                    self._keep(what, "nothing replaces its pods; they keep their sidecar")
        return workload_moves(found)

    def _off_target(self, namespace: str) -> list[Pod]:
        """The pods that are not on the revision, and would be in another pod's place."""
        return [
            pod
            for pod in self._pods[namespace]
            if pod.revision != self._request.revision
            and (pod.revision is not None or pod.injectable)
            and not pod.managed
            and not self._names_another(pod)
        ]

    def _names_another(self, pod: Pod) -> bool:
        """Whether its own label decides, which no label of its namespace overrules."""
        named = pod.labels.get(REVISION_LABEL)
        if named is None or named == self._request.revision:
            return False
        self._keep(
            str(pod.owner) if pod.owner else f"Pod {pod.key}",
            f"its pods ask for {named} themselves",
        )
        return True

    def _gateway_moves(self) -> tuple[GatewayMove, ...]:
        moves = []
        target = self._request.revision
        for gateway in self._gateways:
            pods = [pod for pod in self._gateway_pods if pod.owner == gateway.reference]
            revisions = {pod.revision for pod in pods}
            if revisions <= {target}:
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

    def _tags(self, befores: Mapping[str, Before]) -> tuple[TagMove, ...]:
        target = self._request.revision
        sources = {before.source for before in befores.values()} | {
            source.revision for source in self._record.sources
        }
        moves = []
        for tag in self._mesh.tags:
            if tag.revision == target or (sources and tag.revision not in sources):
                continue
            if outside := self._followers_outside(tag.name, befores):
                names = ", ".join(outside)
                self._keep(f"Tag {tag.name}", f"{names} follow it, and are not to be moved")
            else:
                moves.append(TagMove(name=tag.name, before=tag.revision, after=target))
        default = self._mesh.default_injector()
        if self._mesh.tag(DEFAULT_TAG) is None and default and default.revision != target:
            leads = f"istio-injection=enabled leads to {default.revision} until one is set"
            reason = f"there is none; {leads}"
            self._keep(f"Tag {DEFAULT_TAG}", reason)
        return tuple(moves)

    def _followers_outside(self, tag: str, befores: Mapping[str, Before]) -> list[str]:
        return [
            namespace.name
            for namespace, _source in members(
                self._mesh, self._snapshot.namespaces, self._request.istio_namespace
            )
            if namespace.name not in befores and _follows(namespace.injection, tag)
        ]

    def _followers(
        self, tags: Sequence[TagMove], moves: Mapping[str, NamespaceMove]
    ) -> tuple[WorkloadMove, ...]:
        """Workloads in no wave whose pods ask for a tag that moves."""
        names = {tag.name for tag in tags}
        found: dict[Reference, list[Pod]] = defaultdict(list)
        for namespace, pods in self._pods.items():
            for pod in pods:
                asks = pod.labels.get(REVISION_LABEL) in names and namespace not in moves
                # Without a proxy it is an istiod, which carries the label as well.
                if asks and pod.revision and pod.owner and pod.owner.kind in RESTARTABLE:
                    found[pod.owner].append(pod)
        return workload_moves(found)

    def _sources(self, befores: Mapping[str, Before]) -> tuple[Source, ...]:
        if self._record.sources:
            return self._record.sources
        names = {before.source for before in befores.values()} - {self._request.revision}
        if not names:
            names = {plane.revision for plane in self._mesh.others(self._request.revision)}
        found = []
        for name in sorted(names):
            plane = self._mesh.find(name, self._request.istio_namespace)
            version = str(plane.version) if plane and plane.version else None
            found.append(Source(revision=name, version=version))
        return tuple(found)

    def _keep(self, name: str, reason: str) -> None:
        kept = Kept(name=name, reason=reason)
        if kept not in self._kept:
            self._kept.append(kept)


def _follows(injection: Injection, tag: str) -> bool:
    if injection.injection is not None:
        return tag == DEFAULT_TAG
    return injection.revision == tag
