# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is looked at after an upgrade, read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _certificates,
    _control_plane,
    _gateway,
    _gateway_read,
    _injector,
    _kinds,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._certificates import Held, Root
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import Mesh
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Namespace
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_reader import Look, Reader
from ansible_collections.meshwright.istio.plugins.module_utils._proxy_wait import look_twice
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload
from ansible_collections.meshwright.istio.plugins.module_utils.verify import trial
from ansible_collections.meshwright.istio.plugins.module_utils.verify.trial import Trial

_EVERYTHING = {"namespaces": None, "namespace_selector": None, "workloads": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the user expects; None where anything that fits together will do."""

    istio_namespace: str
    version: str | None = None
    roots: tuple[Root, ...] = ()
    sample: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway, and its Services without a ready endpoint."""

    workload: Workload
    silent: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One look at the mesh. `handed_out` is the bundle of roots in each namespace."""

    wish: Wish
    now: datetime
    mesh: Mesh
    look: Look
    namespaces: tuple[Namespace, ...]
    gateways: tuple[Gateway, ...]
    trials: tuple[Trial, ...]
    handed_out: Mapping[str, str] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    peers: tuple[Object, ...] = ()
    rules: tuple[Object, ...] = ()
    api_gateways: tuple[Object, ...] = ()
    routes: tuple[Object, ...] = ()


def read(api: Api, wish: Wish, now: datetime) -> Evidence:
    """Read everything."""
    reader = Reader(api, wish.istio_namespace, Selection.from_params(_EVERYTHING))
    look = look_twice(reader)
    mesh = _control_plane.read(api)
    namespaces, peers, rules, api_gateways, routes = api.each(
        api.list,
        (
            _kinds.NAMESPACE,
            _kinds.PEER_AUTHENTICATION,
            _kinds.DESTINATION_RULE,
            _kinds.K8S_GATEWAY,
            _kinds.HTTP_ROUTE,
        ),
    )
    return Evidence(
        wish=wish,
        now=now,
        mesh=mesh,
        look=look,
        namespaces=tuple(map(Namespace.from_object, namespaces)),
        gateways=_gateways(api),
        trials=trial.run(api, mesh, wish.istio_namespace),
        handed_out=_certificates.handed_out(api),
        held=_certificates.ask_all(api, _choose(reader.pods(), wish.sample)),
        peers=tuple(peers),
        rules=tuple(rules),
        api_gateways=tuple(api_gateways),
        routes=tuple(routes),
    )


def _choose(pods: Iterable[Pod], number: int) -> list[Pod]:
    """At most so many, of as many workloads as there are."""
    ready = sorted((pod for pod in pods if pod.ready and pod.live), key=lambda pod: pod.key)
    first: dict[Any, Pod] = {}
    for pod in ready:
        first.setdefault(pod.owner or pod.key, pod)
    chosen = list(first.values())
    more = [pod for pod in ready if pod not in chosen]
    return [*chosen, *more][:number]


def _gateways(api: Api) -> tuple[Gateway, ...]:
    deployments, services, slices = api.each(
        api.list, (_kinds.DEPLOYMENT, _kinds.SERVICE, _kinds.ENDPOINT_SLICE)
    )
    return tuple(
        Gateway(workload=Workload.from_object(item), silent=tuple(_silent(item, services, slices)))
        for item in deployments
        if _gateway_read.is_gateway(item)
    )


def _silent(item: Object, services: Sequence[Object], slices: Sequence[Object]) -> Iterable[str]:
    namespace = item["metadata"]["namespace"]
    labels = labels_of(item["spec"]["template"])
    local = [each for each in services if each["metadata"]["namespace"] == namespace]
    for name in _gateway.services_for(local, labels):
        own = [
            each
            for each in slices
            if each["metadata"]["namespace"] == namespace
            and labels_of(each).get("kubernetes.io/service-name") == name
        ]
        if not _injector.has_ready_address(own):
            yield name
