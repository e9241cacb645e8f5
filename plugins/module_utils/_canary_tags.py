# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which tags a canary moves, who follows them by the labels of their pods, and who follows none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._canary import (
    Kept,
    TagMove,
    WorkloadMove,
    workload_moves,
)
from ansible_collections.meshwright.istio.plugins.module_utils._canary_request import Request
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    Tag,
)
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._membership import members
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Injection
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import (
    RESTARTABLE,
    Reference,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot

NOT_REPLACED = "nothing replaces its pods; they stay as they are"


class Followers:
    """The tags of a mesh, and who follows them; `pods` are those of no gateway, by namespace.

    `staying` are the gateways that istiod deploys and that do not move, with what they ask for.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        request: Request,
        pods: Mapping[str, Sequence[Pod]],
        staying: Mapping[str, str],
    ) -> None:
        self._mesh = snapshot.mesh
        self._snapshot = snapshot
        self._request = request
        self._pods = pods
        self._staying = staying
        self._known: dict[tuple[str, frozenset[tuple[str, str]]], list[Injector]] = {}

    def plan(
        self, moved: Collection[str], sources: Collection[str]
    ) -> tuple[tuple[TagMove, ...], tuple[Kept, ...]]:
        """The tags that move with these namespaces, and those that stay."""
        target = self._request.revision
        moves, kept = [], []
        for tag in self._mesh.tags:
            if tag.revision == target or (sources and tag.revision not in sources):
                continue
            if outside := sorted(set(self._outside(tag, moved))):
                reason = f"{', '.join(outside)} follow it, and are not to be moved"
                kept.append(Kept(name=f"Tag {tag.name}", reason=reason))
            else:
                moves.append(TagMove(name=tag.name, before=tag.revision, after=target))
        default = self._mesh.default_injector()
        if self._mesh.tag(DEFAULT_TAG) is None and default and default.revision != target:
            leads = f"istio-injection=enabled leads to {default.revision} until one is set"
            kept.append(Kept(name=f"Tag {DEFAULT_TAG}", reason=f"there is none; {leads}"))
        return tuple(moves), tuple(kept)

    def workloads(
        self, tags: Sequence[TagMove], moved: Collection[str]
    ) -> tuple[WorkloadMove, ...]:
        """Those in no wave whose labels lead to the revision, or do so once these tags move."""
        found: dict[Reference, list[Pod]] = defaultdict(list)
        for pod in self._alone(moved):
            if pod.owner and pod.owner.kind in RESTARTABLE and self._arrives(pod, tags):
                found[pod.owner].append(pod)
        return workload_moves(found)

    def left(self, tags: Sequence[TagMove], moved: Collection[str]) -> tuple[Kept, ...]:
        """Those in no wave that nothing moves, though their namespace is part of the upgrade."""
        found = {}
        for pod in self._alone(moved):
            named = pod.labels.get(REVISION_LABEL)
            if not self._arrives(pod, tags):
                target = self._request.revision
                leads = f"neither its labels nor those of its namespace lead to {target}"
                found[pod.holder] = f"its pods ask for {named} themselves" if named else leads
            elif pod.owner is None or pod.owner.kind not in RESTARTABLE:
                found[pod.holder] = NOT_REPLACED
        return tuple(Kept(name=name, reason=reason) for name, reason in sorted(found.items()))

    def _outside(self, tag: Tag, moved: Collection[str]) -> Iterator[str]:
        """Who follows the tag and stays: namespaces, themselves or by a pod, and gateways."""
        yield from (name for name, asked in self._staying.items() if asked == tag.name)
        request, namespaces = self._request, self._snapshot.namespaces
        for namespace, _source in members(self._mesh, namespaces, request.istio_namespace):
            if namespace.name not in moved and _names(namespace.injection, tag.name):
                yield namespace.name
        for name, pods in self._pods.items():
            if name in moved or request.concerns(name):
                continue
            if any(pod.revision and self._reaches(pod, {tag.name}) for pod in pods):
                yield name

    def _alone(self, moved: Collection[str]) -> Iterator[Pod]:
        """Pods of another revision in namespaces of the upgrade that do not move themselves."""
        for namespace, pods in self._pods.items():
            if namespace in moved or not self._request.concerns(namespace):
                continue
            for pod in pods:
                # Without a proxy it is an istiod, which carries the label as well.
                if pod.revision not in (None, self._request.revision) and not pod.managed:
                    yield pod

    def _arrives(self, pod: Pod, tags: Sequence[TagMove]) -> bool:
        """Whether the pod's successor is on the revision once these tags have moved."""
        leading = {injector.revision for injector in self._injectors(pod)}
        return self._request.revision in leading or self._reaches(pod, {tag.name for tag in tags})

    def _reaches(self, pod: Pod, tags: Collection[str]) -> bool:
        """Whether the webhook of one of these tags would inject the pod's successor."""
        found = {injector.configuration for injector in self._injectors(pod)}
        return any(tag.configuration in found for tag in self._mesh.tags if tag.name in tags)

    def _injectors(self, pod: Pod) -> list[Injector]:
        key = (pod.namespace, frozenset(pod.labels.items()))
        if key not in self._known:
            labels = self._snapshot.labels.get(pod.namespace, {})
            self._known[key] = _injector.find(self._mesh.injectors, labels, pod.labels)
        return self._known[key]


def _names(injection: Injection, tag: str) -> bool:
    if injection.injection is not None:
        return tag == DEFAULT_TAG
    return injection.revision == tag
