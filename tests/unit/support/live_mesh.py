# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster in memory in which controllers, kubelets and istiods do what they do in a real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector, find
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.tests.unit.support import (
    control_planes,
    mesh_objects,
    rendering,
)
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

READY = [{"type": "Ready", "status": "True"}]


class LiveMesh(FakeApi):
    """`broken` are revisions whose istiod never gets ready; `unpullable` are images."""

    def __init__(self, *objects: Mapping[str, Any]) -> None:
        self.broken: set[str] = set()
        self.unpullable: set[str] = set()
        super().__init__(mesh_objects.namespace("istio-system"), *objects)
        self.on_write = _react

    def install(self, version: str, *, revision: str = "default") -> None:
        """A control plane as istioctl installs it, without a tag."""
        for item in rendering.render(version, {"revision": revision}):
            kind = self.find_kind(item["apiVersion"], item["kind"])
            assert kind is not None
            self.apply(kind, item, field_manager="istio-operator")

    def create(
        self,
        kind: Kind,
        body: Mapping[str, Any],
        namespace: str | None = None,
        *,
        dry_run: bool = False,
    ) -> Object:
        created = super().create(kind, body, namespace, dry_run=dry_run)
        return self.injected(created) if kind == _kinds.POD and dry_run else created

    def injected(self, pod: Object) -> Object:
        """The pod as the webhooks that match it change it."""
        space = self.objects["v1", "Namespace", None, pod["metadata"]["namespace"]]
        hooks = self.list(_kinds.MUTATING_WEBHOOK)
        injectors = [each for hook in hooks for each in Injector.from_object(hook)]
        labels = pod["metadata"].get("labels") or {}
        matching = find(injectors, space["metadata"].get("labels") or {}, labels)
        for injector in matching[:1]:
            revision = injector.revision
            pod["metadata"]["annotations"] = {
                **(pod["metadata"].get("annotations") or {}),
                "istio.io/rev": revision,
                "sidecar.istio.io/status": "{}",
            }
            proxy = {"name": "istio-proxy", "image": self._proxy_image(revision)}
            pod["spec"] = {**pod["spec"], "containers": [*pod["spec"]["containers"], proxy]}
        return pod

    def _proxy_image(self, revision: str) -> str:
        suffix = "" if revision == "default" else f"-{revision}"
        istiod = self.objects["apps/v1", "Deployment", "istio-system", f"istiod{suffix}"]
        image: str = istiod["spec"]["template"]["spec"]["containers"][0]["image"]
        return image.replace("/pilot:", "/proxyv2:")


def _react(api: FakeApi, event: str, item: Object) -> None:
    assert isinstance(api, LiveMesh)
    reactions: dict[str, Callable[[LiveMesh, Object], None]] = {
        "Deployment": _roll_out,
        "CustomResourceDefinition": _establish,
        "MutatingWebhookConfiguration": _trust,
        "ValidatingWebhookConfiguration": _trust,
        "Pod": _start,
    }
    if event == "delete":
        if item["kind"] == "Deployment":
            _stop(api, item)
    elif item["kind"] in reactions:
        reactions[item["kind"]](api, item)


def _establish(api: LiveMesh, item: Object) -> None:
    api.put({**item, "status": {"conditions": [{"type": "Established", "status": "True"}]}})


def _trust(api: LiveMesh, item: Object) -> None:
    """What istiod writes into the webhooks that lead to it."""
    revision = item["metadata"]["labels"].get("istio.io/rev")
    if revision in api.broken:
        return
    for hook in item["webhooks"]:
        hook["clientConfig"] = {**hook["clientConfig"], "caBundle": "Q0E="}
        if hook["name"].endswith("validation.istio.io"):
            hook["failurePolicy"] = "Fail"
    api.put(item)


def _start(api: LiveMesh, item: Object) -> None:
    """What the kubelet says of the containers of a trial's pod."""
    statuses = [
        {
            "name": each["name"],
            "image": each["image"],
            "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
            if each["image"] in api.unpullable
            else {"terminated": {"exitCode": 0}},
        }
        for each in item["spec"]["containers"]
    ]
    api.put({**item, "status": {"phase": "Running", "containerStatuses": statuses}})


def _roll_out(api: LiveMesh, item: Object) -> None:
    metadata, spec = item["metadata"], item["spec"]
    replicas = spec.setdefault("replicas", 1)
    labels = spec["template"]["metadata"].get("labels") or {}
    broken = labels.get("istio.io/rev") in api.broken
    generation = metadata.get("generation", 0) + 1
    available = 0 if broken else replicas
    status = {
        "observedGeneration": generation,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": available,
        "readyReplicas": available,
    }
    api.put({**item, "metadata": {**metadata, "generation": generation}, "status": status})
    _stop(api, item)
    for number in range(replicas):
        api.put(_pod(api, item, number, ready=not broken))
    if labels.get("app") == "istiod":
        names = tuple(f"{metadata['name']}-5d8-{number}" for number in range(available))
        api.put(control_planes.endpoint_slice(metadata["name"], ready=not broken, pods=names))


def _pod(api: LiveMesh, item: Object, number: int, *, ready: bool) -> Object:
    metadata, template = item["metadata"], item["spec"]["template"]
    inner = template.get("metadata") or {}
    owner = {"kind": "ReplicaSet", "name": f"{metadata['name']}-5d8", "controller": True}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{metadata['name']}-5d8-{number}",
            "namespace": metadata["namespace"],
            "labels": {**(inner.get("labels") or {}), "pod-template-hash": "5d8"},
            "annotations": dict(inner.get("annotations") or {}),
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
        "status": {
            "phase": "Running",
            "conditions": READY if ready else [{"type": "Ready", "status": "False"}],
        },
    }
    return api.injected(pod) if (inner.get("labels") or {}).get("app") != "istiod" else pod


def _stop(api: LiveMesh, item: Object) -> None:
    prefix, space = f"{item['metadata']['name']}-5d8-", item["metadata"]["namespace"]
    for key in [key for key in api.objects if key[1] == "Pod"]:
        if key[2] == space and key[3].startswith(prefix):
            api.remove(_kinds.POD, key[3], space)
