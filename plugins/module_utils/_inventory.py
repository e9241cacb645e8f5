# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Everything in a cluster that may use a revision of the control plane, read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _workload
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import Namespace
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    ObjectName,
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod, version_of
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    COMPONENT_LABEL,
    REVISION_LABEL,
)

_TEMPLATES = (*_workload.KINDS.values(), _kinds.CRON_JOB)
_WEBHOOKS = (_kinds.MUTATING_WEBHOOK, _kinds.VALIDATING_WEBHOOK)
_CONFIG = (*_kinds.ISTIO_CONFIG, _kinds.HTTP_ROUTE)
_SHARED_CONFIG = "SHARED_MESH_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyPod:
    """A pod with a proxy, in any state; `version` is None where the image does not tell it.

    One that is `ending` has been told to stop and takes its time.
    """

    name: str
    namespace: str
    revision: str
    version: str | None
    gateway: bool
    ending: bool = False

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An object whose label asks for a revision or tag; `asked` None where it says nothing.

    `injected` is whether it wants a sidecar of whoever injects by default.
    """

    target: ObjectName
    asked: str | None
    injected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    """A webhook configuration and the Services, by namespace and name, that it calls."""

    target: ObjectName
    services: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What was read.

    `pods_alone` are live ones that no template stands for. `gateways` are those of the Gateway API,
    `old_gateways` the Deployments that istioctl installed; `sharing` holds control planes with the
    mesh configuration that they read beside their own.
    """

    namespaces: tuple[Namespace, ...]
    pods: tuple[ProxyPod, ...]
    templates: tuple[Asking, ...]
    pods_alone: tuple[Asking, ...]
    gateways: tuple[Asking, ...]
    old_gateways: tuple[Asking, ...]
    config: tuple[Asking, ...]
    webhooks: tuple[Calling, ...]
    sharing: tuple[tuple[ObjectName, str], ...]


def read(api: Api) -> Inventory:
    """Read the cluster."""
    kinds = (_kinds.NAMESPACE, _kinds.POD, _kinds.K8S_GATEWAY, *_TEMPLATES, *_WEBHOOKS)
    asked = [(kind, "") for kind in kinds] + [(kind, REVISION_LABEL) for kind in _CONFIG]
    answers = api.each(lambda ask: api.list(ask[0], label_selector=ask[1]), asked)
    lists = dict(zip((kind for kind, _selector in asked), answers, strict=True))
    templates = tuple(_templates(lists))
    return Inventory(
        namespaces=tuple(map(Namespace.from_object, lists[_kinds.NAMESPACE])),
        pods=tuple(sorted(_proxy_pods(lists[_kinds.POD]), key=lambda pod: pod.key)),
        templates=templates,
        pods_alone=tuple(_alone(lists[_kinds.POD], templates)),
        gateways=tuple(_asking(_kinds.K8S_GATEWAY, each) for each in _istios(lists)),
        old_gateways=tuple(
            _asking(_kinds.DEPLOYMENT, each)
            for each in lists[_kinds.DEPLOYMENT]
            if "Gateways" in labels_of(each).get(COMPONENT_LABEL, "")
        ),
        config=tuple(_each(lists, _CONFIG, _asking)),
        webhooks=tuple(_each(lists, _WEBHOOKS, _calling)),
        sharing=tuple(_sharing(lists[_kinds.DEPLOYMENT])),
    )


def _each(lists: Mapping[Kind, list[Object]], kinds: Iterable[Kind], make: Any) -> Iterator[Any]:
    for kind in kinds:
        for item in lists[kind]:
            yield make(kind, item)


def _name(kind: Kind, item: Object) -> ObjectName:
    metadata = item["metadata"]
    return ObjectName(kind=kind, name=metadata["name"], namespace=metadata.get("namespace"))


def _asking(kind: Kind, item: Object) -> Asking:
    return Asking(target=_name(kind, item), asked=labels_of(item).get(REVISION_LABEL))


def _templates(lists: Mapping[Kind, list[Object]]) -> Iterator[Asking]:
    for kind in _TEMPLATES:
        for item in lists[kind]:
            spec = item["spec"]
            if kind == _kinds.CRON_JOB:
                spec = spec["jobTemplate"]["spec"]
            # A Rollout may refer to that of another object.
            if template := spec.get("template"):
                yield _injecting(_name(kind, item), template)


def _alone(pods: Iterable[Object], templates: Iterable[Asking]) -> Iterator[Asking]:
    """Bare ones, those of a Job, and those of controllers that are not read."""
    known = {(each.target.kind.kind, each.target.namespace, each.target.name) for each in templates}
    for item in pods:
        asking = _injecting(_name(_kinds.POD, item), item)
        if not (asking.asked or asking.injected):
            continue
        pod = Pod.from_object(item)
        owner = pod.owner and (pod.owner.kind, pod.owner.namespace, pod.owner.name)
        if pod.live and owner not in known:
            yield asking


def _injecting(target: ObjectName, template: Mapping[str, Any]) -> Asking:
    """What a pod asks for, as it is or as its template has it."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    inject = labels.get("sidecar.istio.io/inject")
    return Asking(
        target=target,
        asked=None if inject == "false" else labels.get(REVISION_LABEL),
        injected=inject == "true",
    )


def _calling(kind: Kind, item: Object) -> Calling:
    services = (webhook["clientConfig"].get("service") for webhook in item.get("webhooks") or ())
    return Calling(
        target=_name(kind, item),
        services=frozenset((each["namespace"], each["name"]) for each in services if each),
    )


def _istios(lists: Mapping[Kind, list[Object]]) -> Iterator[Object]:
    """Gateways that an istiod looks after: others have classes of their own."""
    for item in lists[_kinds.K8S_GATEWAY]:
        if item["spec"].get("gatewayClassName", "").startswith("istio"):
            yield item


def _proxy_pods(pods: Iterable[Object]) -> Iterator[ProxyPod]:
    for item in pods:
        proxy = _proxy(item["spec"])
        revision = annotations_of(item).get(REVISION_LABEL)
        ended = (item.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        if proxy is not None and revision is not None and not ended:
            yield ProxyPod(
                name=item["metadata"]["name"],
                namespace=item["metadata"]["namespace"],
                revision=revision,
                version=version_of(proxy.get("image", "")),
                gateway="router" in (proxy.get("args") or ())[:2],
                ending="deletionTimestamp" in item["metadata"],
            )


def _proxy(spec: Mapping[str, Any]) -> Mapping[str, Any] | None:
    # A native sidecar is an init container that never ends.
    containers = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    return next((each for each in containers if each["name"] == "istio-proxy"), None)


def _sharing(deployments: Iterable[Object]) -> Iterator[tuple[ObjectName, str]]:
    for item in deployments:
        if labels_of(item).get("app") != "istiod":
            continue
        for container in item["spec"]["template"]["spec"]["containers"]:
            for variable in container.get("env") or ():
                if variable["name"] == _SHARED_CONFIG and variable.get("value"):
                    yield _name(_kinds.DEPLOYMENT, item), variable["value"]
