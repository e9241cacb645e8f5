# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What an upgrade has to know of a cluster, read once and concurrently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _capacity,
    _control_plane,
    _injector,
    _kinds,
    _record,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._capacity import Demand, Room
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import Mesh
from ansible_collections.meshwright.istio.plugins.module_utils._journal import Journal
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Namespace
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL

Service = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment of a cluster.

    `labels` are those of each namespace; `answering` the Services, by namespace and name, that have
    a ready endpoint; `demands` what the istiod of each revision asks for. `gateways` are the
    Gateways of the Gateway API with the revision or tag that each names.
    """

    kubernetes: tuple[int, int]
    mesh: Mesh
    namespaces: tuple[Namespace, ...]
    labels: Mapping[str, Mapping[str, str]]
    pods: tuple[Pod, ...]
    rooms: tuple[Room, ...]
    demands: Mapping[str, Demand]
    answering: frozenset[Service]
    gateways: Mapping[Service, str | None] = field(default_factory=dict)
    journal: Journal | None = None


def read(api: Api, istio_namespace: str) -> Snapshot:
    """Take the snapshot."""
    mesh = _control_plane.read(api)
    namespaces, pods, nodes, istiods, slices, gateways = api.each(
        lambda ask: [
            _without_managers(item)
            for page, _version in api.pages(ask[0], ask[1], label_selector=ask[2])
            for item in page
        ],
        (
            (_kinds.NAMESPACE, None, ""),
            (_kinds.POD, None, ""),
            (_kinds.NODE, None, ""),
            (_kinds.DEPLOYMENT, istio_namespace, "app=istiod"),
            (_kinds.ENDPOINT_SLICE, istio_namespace, ""),
            (_kinds.K8S_GATEWAY, None, ""),
        ),
    )
    return Snapshot(
        kubernetes=_read_version(api.version()),
        mesh=mesh,
        namespaces=tuple(
            sorted(map(Namespace.from_object, namespaces), key=lambda namespace: namespace.name)
        ),
        labels={
            item["metadata"]["name"]: item["metadata"].get("labels") or {} for item in namespaces
        },
        pods=tuple(map(Pod.from_object, pods)),
        rooms=tuple(_capacity.read_rooms(nodes, pods)),
        demands={
            _control_plane.ControlPlane.from_object(item).revision: Demand.from_object(item)
            for item in istiods
        },
        answering=_answering(istio_namespace, slices),
        gateways={
            (item["metadata"]["namespace"], item["metadata"]["name"]): labels_of(item).get(
                REVISION_LABEL
            )
            for item in gateways
        },
        journal=_record.read(api, istio_namespace).journal,
    )


def _without_managers(item: Object) -> Object:
    # Half of a pod, and nothing of it is read here: with thousands of pods that is the memory.
    item["metadata"].pop("managedFields", None)
    return item


def _read_version(answer: Mapping[str, Any]) -> tuple[int, int]:
    # Some vendors write the minor as 35+.
    return int(answer["major"]), int(answer["minor"].rstrip("+"))


def _answering(namespace: str, slices: Sequence[Object]) -> frozenset[Service]:
    label = "kubernetes.io/service-name"
    return frozenset(
        (namespace, labels_of(item)[label])
        for item in slices
        if label in labels_of(item) and _injector.has_ready_address([item])
    )
