# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Proof that a control plane injects: a pod that is only tried comes back with its sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds, _readiness
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter, not_ready

_TRY_EVERY = 0.5


def wait_for_injection(
    api: Api, revision: Revision, image: str | None, waiter: Waiter
) -> dict[str, Any]:
    """Until a pod that is never created comes back with the sidecar of the revision."""
    namespace = _find_namespace(api, revision)
    pod = _trial_pod(revision, namespace)
    while True:
        readiness, injected = _try(api, pod, namespace, revision, image)
        if readiness.ready:
            return injected
        if waiter.clock() >= waiter.deadline:
            raise not_ready(readiness)
        waiter.say(f"waiting: {readiness.reason}")
        waiter.sleep(_TRY_EVERY)


def _try(
    api: Api, pod: Object, namespace: str, revision: Revision, image: str | None
) -> tuple[Readiness, dict[str, Any]]:
    try:
        answer = api.create(_kinds.POD, pod, namespace, dry_run=True)
    except ApiError as error:
        return _readiness.waiting(f"a pod tried in namespace {namespace}: {error.message}"), {}
    return judge_injection(answer, revision, image)


def judge_injection(
    pod: Object, revision: Revision, image: str | None
) -> tuple[Readiness, dict[str, Any]]:
    """Whether the pod carries the revision's sidecar, and what it carries."""
    spec = pod["spec"]
    containers = (*(spec.get("initContainers") or ()), *spec["containers"])
    images = [each["image"] for each in containers if each["name"] == "istio-proxy"]
    found = {
        "revision": annotations_of(pod).get(REVISION_LABEL),
        "image": images[0] if images else None,
    }
    if found["revision"] != revision.name or not images:
        said = found["revision"] or "no sidecar"
        return _readiness.waiting(f"a pod that asks for {revision} gets {said}"), found
    if image is not None and images[0] != image:
        return _readiness.waiting(f"a pod gets the sidecar {images[0]} in place of {image}"), found
    return _readiness.READY, found


def _find_namespace(api: Api, revision: Revision) -> str:
    """A namespace whose labels leave the choice of the revision to the pod."""
    for name in (revision.namespace, "default"):
        item = api.get(_kinds.NAMESPACE, name)
        if item is not None and not _chooses(item):
            return name
    free = (item["metadata"]["name"] for item in api.list(_kinds.NAMESPACE) if not _chooses(item))
    return next((name for name in free if not name.startswith("kube-")), revision.namespace)


def _chooses(namespace: Mapping[str, Any]) -> bool:
    return bool({"istio-injection", REVISION_LABEL} & labels_of(namespace).keys())


def _trial_pod(revision: Revision, namespace: str) -> Object:
    return {
        "apiVersion": _kinds.POD.api_version,
        "kind": _kinds.POD.kind,
        "metadata": {
            "generateName": "meshwright-injection-",
            "namespace": namespace,
            "labels": {REVISION_LABEL: revision.name, "sidecar.istio.io/inject": "true"},
        },
        "spec": {"containers": [{"name": "app", "image": "never.started/app:1"}]},
    }
