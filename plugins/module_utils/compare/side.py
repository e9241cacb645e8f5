# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""One of the two clusters, read once and concurrently, as far as it is compared.

What the account may not read is left out and named: nothing can be said about it then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _control_plane, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    ControlPlane,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils.compare import (
    plane,
    reading,
    serving,
    trust,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import Config, Key
from ansible_collections.meshwright.istio.plugins.module_utils.compare.plane import Settings
from ansible_collections.meshwright.istio.plugins.module_utils.compare.reading import Reader
from ansible_collections.meshwright.istio.plugins.module_utils.compare.serving import (
    Load,
    LoadKey,
    Name,
    Port,
    Scaler,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import SORTS
from ansible_collections.meshwright.istio.plugins.module_utils.compare.trust import Roots

_ISTIOS = "istio.io/config=true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a user says about one side; `revision` None leaves it to what is there."""

    side: str
    uid: str
    istio_namespace: str
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One cluster. `plane` is the control plane that serves, None where there is none.

    `namespaces` are the labels of each, `unserved` the kinds that the API server does not know,
    `unread` the plurals of what may not be read, `answering` the Services with a ready endpoint.
    """

    name: str
    uid: str
    kubernetes: str
    mesh: Mesh
    plane: ControlPlane | None
    settings: Settings
    namespaces: Mapping[str, Mapping[str, str]]
    config: Mapping[Key, Config]
    unserved: frozenset[str]
    unread: tuple[str, ...]
    roots: Roots
    services: Mapping[Name, tuple[Port, ...]]
    answering: frozenset[Name]
    loads: Mapping[LoadKey, Load]
    scalers: Mapping[LoadKey, Scaler]


def read(api: Api, request: Request) -> Side:
    """Read a cluster."""
    reader = Reader(api)
    mesh = _control_plane.read(api)
    chosen = plane.choose(mesh, request.side, request.revision)
    place = chosen.namespace if chosen else request.istio_namespace
    tasks: list[Callable[[], Any]] = [
        lambda: reader.collect(_kinds.NAMESPACE),
        lambda: reader.collect(_kinds.SERVICE),
        lambda: reader.collect(_kinds.ENDPOINT_SLICE, keep=serving.ready_service),
        lambda: reader.collect(_kinds.HPA),
        lambda: reader.collect(_kinds.CONFIG_MAP, _ISTIOS),
        lambda: plane.read_settings(api, chosen),
        lambda: trust.read_secret(api, place, reader.unread),
        lambda: reading.read_all(reader, SORTS.values()),
        lambda: api.each(reader.collect, serving.LOADS),
    ]
    *lists, settings, secret, config, loads = api.each(lambda task: task(), tasks)
    namespaces, services, answering, scalers, roots = (each or [] for each in lists)
    return Side(
        name=request.side,
        uid=request.uid,
        kubernetes=str(api.version().get("gitVersion", "")),
        mesh=mesh,
        plane=chosen,
        settings=settings,
        namespaces={item["metadata"]["name"]: labels_of(item) for item in namespaces},
        config=config.objects,
        unserved=frozenset(SORTS.keys() - config.versions.keys()),
        unread=tuple(sorted(reader.unread)),
        roots={**trust.read_config_maps(roots), **secret},
        services=serving.read_services(services),
        answering=frozenset(answering),
        loads=serving.read_loads(item for each in loads for item in each or ()),
        scalers=serving.read_scalers(scalers),
    )


def summaries(sides: Iterable[Side]) -> dict[str, dict[str, Any]]:
    """What a module's result says of each side."""
    return {
        side.name: {
            "uid": side.uid,
            "kubernetes": side.kubernetes,
            "revision": side.plane.revision if side.plane else None,
            "version": str(side.plane.version) if side.plane and side.plane.version else None,
            "versions": sorted(
                {str(each.version) for each in side.mesh.control_planes if each.version}
            ),
        }
        for side in sides
    }
