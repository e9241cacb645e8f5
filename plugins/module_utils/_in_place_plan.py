# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The plan of an upgrade in place, from a snapshot and what the journal remembers.

Pods name the same revision before and after, so what is left is judged by the proxies' versions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import _injector, _waves
from ansible_collections.meshwright.istio.plugins.module_utils._canary import (
    GatewayMove,
    Kept,
    NamespaceMove,
    Source,
    WaveMove,
    WorkloadMove,
    workload_moves,
)
from ansible_collections.meshwright.istio.plugins.module_utils._canary_record import Before, Record
from ansible_collections.meshwright.istio.plugins.module_utils._canary_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._canary_tags import NOT_REPLACED
from ansible_collections.meshwright.istio.plugins.module_utils._in_place import Live, Plan
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import is_system
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import (
    RESTARTABLE,
    Reference,
)
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._waves import Wave
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload


def plan(
    snapshot: Snapshot,
    gateways: Sequence[Workload],
    request: Request,
    record: Record,
    live: Live,
) -> Plan:
    """What is left to be done; `gateways` are the gateways' Deployments of the whole cluster."""
    return _Planner(snapshot, gateways, request, record).plan(live)


class _Planner:
    def __init__(
        self, snapshot: Snapshot, gateways: Sequence[Workload], request: Request, record: Record
    ) -> None:
        self._snapshot = snapshot
        self._request = request
        self._record = record
        self._wanted = Wanted(revision=request.revision, version=request.version)
        self._gateways = gateways
        self._known: dict[tuple[str, frozenset[tuple[str, str]]], frozenset[str]] = {}
        owners = {gateway.reference for gateway in gateways}
        self._gateway_pods: dict[Reference, list[Pod]] = defaultdict(list)
        self._off: dict[str, list[Pod]] = defaultdict(list)
        self._pods: dict[str, int] = defaultdict(int)
        for pod in snapshot.pods:
            if not pod.live or not request.concerns(pod.namespace):
                continue
            if pod.owner in owners and pod.owner is not None:
                self._gateway_pods[pod.owner].append(pod)
                continue
            self._pods[pod.namespace] += 1
            if self._belongs(pod) and self._wanted.lacks(pod):
                self._off[pod.namespace].append(pod)

    def plan(self, live: Live) -> Plan:
        waves = tuple(
            WaveMove(
                number=wave.number,
                name=wave.name,
                namespaces=tuple(map(self._namespace, wave.namespaces)),
                workloads=self._workloads(wave.namespaces),
                held=self._record.has_held(wave.number),
            )
            for wave in self._waves()
        )
        return Plan(
            revision=self._request.revision,
            source=self._source(live),
            version=self._request.version,
            live=live,
            gateways=tuple(self._gateway_moves()) if self._request.move_gateways else (),
            gateways_due=self._record.gateways_due,
            waves=waves,
            kept=tuple(self._kept()),
        )

    def _source(self, live: Live) -> Source:
        if self._record.sources:
            return self._record.sources[0]
        # Where somebody has replaced the control plane already, the proxies say what was there.
        versions = [Version.parse(pod.version or "") for pod in self._left()]
        oldest = min((each for each in versions if each), default=live.version)
        version = oldest if str(live.version) == self._request.version else live.version
        return Source(revision=self._request.revision, version=str(version))

    def _left(self) -> Iterator[Pod]:
        """The pods that are not what they shall be."""
        for pods in (*self._off.values(), *self._gateway_pods.values()):
            yield from (pod for pod in pods if self._wanted.lacks(pod))

    def _belongs(self, pod: Pod) -> bool:
        """Whether a successor of the pod would have a sidecar of this control plane."""
        if pod.managed or not pod.injectable:
            return False
        # Without a proxy it may be an istiod, which carries the label as well.
        if pod.revision is None and is_system(pod.namespace, self._request.istio_namespace):
            return False
        key = (pod.namespace, frozenset(pod.labels.items()))
        if key not in self._known:
            labels = self._snapshot.labels.get(pod.namespace, {})
            found = _injector.find(self._snapshot.mesh.injectors, labels, pod.labels)
            self._known[key] = frozenset(injector.revision for injector in found)
        return self._request.revision in self._known[key]

    def _befores(self) -> Mapping[str, Before]:
        """The namespaces on record and those that have something to restart."""
        injections = {each.name: each.injection for each in self._snapshot.namespaces}
        found = {
            name: Before(injection=injections[name], source=self._request.revision)
            for name in self._off
            if name in injections
        }
        known = {name: each for name, each in self._record.namespaces.items() if name in injections}
        return {name: (found | known)[name] for name in sorted(found | known)}

    def _waves(self) -> tuple[Wave, ...]:
        """Those on record if there are any: the shares of what is left would be others."""
        befores = self._befores()
        if self._record.waves:
            return self._record.waves_of(befores)
        pods = {name: self._pods[name] for name in befores}
        candidates = _waves.candidates(pods, self._snapshot.labels)
        return _waves.plan_waves(candidates, self._request.waves)

    def _namespace(self, name: str) -> NamespaceMove:
        """No label changes in place."""
        before = self._befores()[name]
        labels = before.injection
        return NamespaceMove(
            name=name,
            source=before.source,
            before=labels,
            now=labels,
            during=labels,
            after=labels,
            arrived=True,
        )

    def _workloads(self, namespaces: Sequence[str]) -> tuple[WorkloadMove, ...]:
        found: dict[Reference, list[Pod]] = defaultdict(list)
        for name in namespaces:
            for pod in self._off[name]:
                if pod.owner is not None and pod.owner.kind in RESTARTABLE:
                    found[pod.owner].append(pod)
        return workload_moves(found)

    def _gateway_moves(self) -> Iterator[GatewayMove]:
        for gateway in self._gateways:
            pods = self._gateway_pods[gateway.reference]
            mine = [pod for pod in pods if pod.revision == self._request.revision]
            if any(map(self._wanted.lacks, mine)) or (mine and gateway.held):
                yield GatewayMove(
                    reference=gateway.reference, revision=self._request.revision, pods=len(mine)
                )

    def _kept(self) -> Iterator[Kept]:
        names = {
            pod.holder
            for pods in self._off.values()
            for pod in pods
            if pod.owner is None or pod.owner.kind not in RESTARTABLE
        }
        for name in sorted(names):
            yield Kept(name=name, reason=NOT_REPLACED)
