# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Read the gateways of a cluster: those by injection, and those that istiod deploys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _departure,
    _gateway,
    _gateway_parent,
    _gone,
    _kinds,
    _standing,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import Mesh
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gateway import Gateway
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Standing
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

Found = tuple[tuple[Gateway, ...], Mapping[Reference, Object]]


def is_gateway(item: Object) -> bool:
    """Whether a Deployment is a gateway of one kind or the other."""
    return _gateway.is_gateway(item) or _gateway_parent.parent_name(item) is not None


def read(api: Api, names: Sequence[Reference], mesh: Mesh, *, leave_out: bool = False) -> Found:
    """The gateways of those names, all where there is none, with their Deployments.

    A name that is of no gateway is refused or left out, as one is then whose namespace is going.
    """
    listed, spaces, pods, asking = api.each(
        api.list, (_kinds.DEPLOYMENT, _kinds.NAMESPACE, _kinds.POD, _kinds.K8S_GATEWAY)
    )
    known = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in asking}
    deployments = {
        Workload.from_object(each).reference: each for each in listed if _is_one(each, known)
    }
    if leave_out:
        ending = {item["metadata"]["name"] for item in spaces if _gone.is_ending(item)}
        deployments = {
            name: item
            for name, item in deployments.items()
            if name.namespace not in ending and not _gone.is_ending(item)
        }
    elif missing := [str(name) for name in names if name not in deployments]:
        raise BadInputError(
            f"gateways: {', '.join(missing)} is no gateway; right is one of"
            f" {', '.join(map(str, sorted(deployments))) or 'none, as there is none'}."
        )
    wanted = names or sorted(deployments)
    chosen = {name: deployments[name] for name in wanted if name in deployments}
    roots = {each.service[0] for each in mesh.injectors if each.service}
    standing = _standing.read(api, sorted({name.namespace for name in chosen}), roots)
    reader = _Reader(mesh, spaces, pods, known, standing)
    return tuple(reader.gateway(item) for item in chosen.values()), chosen


def _is_one(item: Object, known: Mapping[tuple[str, str], Object]) -> bool:
    """One that istiod has deployed is about to go when its Gateway has gone."""
    parent = _gateway_parent.parent_name(item)
    if parent is not None:
        return (item["metadata"]["namespace"], parent) in known
    return _gateway.is_gateway(item)


class _Reader:
    def __init__(
        self,
        mesh: Mesh,
        spaces: Sequence[Object],
        pods: Sequence[Object],
        asking: Mapping[tuple[str, str], Object],
        standing: Standing,
    ) -> None:
        self._mesh = mesh
        self._labels = {item["metadata"]["name"]: labels_of(item) for item in spaces}
        self._asking = asking
        self._standing = standing
        self._pods: dict[Reference | None, list[Pod]] = defaultdict(list)
        for pod in map(Pod.from_object, pods):
            if pod.live:
                self._pods[pod.owner].append(pod)

    def gateway(self, item: Object) -> Gateway:
        workload = Workload.from_object(item)
        namespace, labels = workload.reference.namespace, workload.template_labels
        pods = self._pods[workload.reference]
        senders = tuple(self._standing.senders_of(namespace, labels))
        # Without its labels a pod would lose its listeners; those of the Service it keeps as well.
        departure = replace(
            _departure.find(self._standing, namespace, labels),
            senders=senders,
            obstacle=None,
            by_readiness=True,
        )
        found = Gateway(
            workload=workload,
            uid=item["metadata"]["uid"],
            namespace_labels=self._labels.get(namespace, {}),
            pods=tuple(pod for pod in pods if pod.mark is None),
            services=tuple(sorted(each.name for each in senders if each.kind == "Service")),
            departure=departure,
            keep_to_node=departure.keeps_to_node,
            leaving=tuple(pod for pod in pods if pod.mark is not None),
        )
        asking = self._asking.get((namespace, workload.parent or ""))
        if asking is None:
            return found
        return replace(
            found,
            parent=_gateway_parent.parent_of(item, asking, found.namespace_labels, self._mesh),
        )
