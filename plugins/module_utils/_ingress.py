# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The gateways through which users come in, and the pods of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway,
    _gateway_parent,
    _kinds,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

_FROM_OUTSIDE = ("LoadBalancer", "NodePort")
# What the container of a proxy is told to be; a waypoint is told something else.
_PROXY, _ROUTER = "istio-proxy", "router"

Name = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """The gateways that were chosen, by namespace and name."""

    names: tuple[Name, ...]

    @classmethod
    def find(cls, api: Api, asked: Sequence[Mapping[str, str]]) -> Ingress:
        """Those of these names, or all to which a way leads from outside; refused where none is."""
        kinds = (_kinds.DEPLOYMENT, _kinds.SERVICE, _kinds.POD)
        deployments, services, pods = api.each(api.list, kinds)
        known = _gateways(deployments, pods)
        if asked:
            return cls(names=tuple(_named(each, known) for each in asked))
        found = tuple(
            sorted(
                name
                for name, (labels, deployed) in known.items()
                if deployed or _is_open(name[0], labels, services)
            )
        )
        if not found:
            raise BadInputError(
                "gateways: there is no gateway with a Service of type LoadBalancer or NodePort, and"
                f" none of the Gateway API. Name them; there are {_list(known)}."
            )
        return cls(names=found)

    def pods(self, api: Api) -> dict[Name, list[Pod]]:
        """Their pods that run, at this moment; those that are about to end are among them."""
        found: dict[Name, list[Pod]] = {name: [] for name in self.names}
        spaces = sorted({namespace for namespace, _name in self.names})
        for items in api.each(lambda space: api.list(_kinds.POD, space), spaces):
            for pod in map(Pod.from_object, items):
                if pod.phase == "Running" and (name := _owner(pod)) in found:
                    found[name].append(pod)
        return found


def _gateways(
    deployments: Iterable[Object], pods: Iterable[Object]
) -> dict[Name, tuple[Mapping[str, str], bool]]:
    """Every gateway, with the labels of its pods, and whether istiod deploys it."""
    found: dict[Name, tuple[Mapping[str, str], bool]] = {}
    for item in deployments:
        template, metadata = item["spec"]["template"], item["metadata"]
        deployed = _gateway_parent.is_deployed(item)
        if deployed or _is_router(template):
            labels = (template.get("metadata") or {}).get("labels") or {}
            found[metadata["namespace"], metadata["name"]] = (labels, deployed)
    for item in pods:
        deployed = _gateway_parent.is_deployed(item)
        if deployed or _is_router(item):
            # Other controllers than Deployments are seen by their pods.
            found.setdefault(_owner(Pod.from_object(item)), (labels_of(item), deployed))
    return found


def _is_router(pod: Mapping[str, Any]) -> bool:
    """Whether it is one by injection, or has the container written out, as istioctl does."""
    containers = pod["spec"].get("containers") or ()
    proxies = (each for each in containers if each["name"] == _PROXY)
    return _gateway.is_template(pod) or any(_ROUTER in (each.get("args") or ()) for each in proxies)


def _owner(pod: Pod) -> Name:
    return (pod.owner.namespace, pod.owner.name) if pod.owner else (pod.namespace, pod.name)


def _named(asked: Mapping[str, str], known: Mapping[Name, Any]) -> Name:
    name = (asked["namespace"], asked["name"])
    if name not in known:
        raise BadInputError(
            f"gateways: {name[0]}/{name[1]} is no gateway; there are {_list(known)}."
        )
    return name


def _is_open(namespace: str, labels: Mapping[str, str], services: Sequence[Object]) -> bool:
    """Whether a Service leads to such pods from outside of the cluster."""
    there = (
        each
        for each in services
        if each["metadata"]["namespace"] == namespace and each["spec"].get("type") in _FROM_OUTSIDE
    )
    return bool(_gateway.services_for(there, labels))


def _list(known: Iterable[Name]) -> str:
    found: dict[str, list[str]] = defaultdict(list)
    for namespace, name in sorted(known):
        found[namespace].append(f"{namespace}/{name}")
    return ", ".join(each for names in found.values() for each in names) or "none at all"
