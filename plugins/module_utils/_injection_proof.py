# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Proof that a control plane injects: a pod that is only tried comes back with its sidecar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _injector,
    _kinds,
    _readiness,
    _refusal,
    _trial_container,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._images import (
    Images,
    without_type,
)
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    UNREVISIONED,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter, not_ready

_TRY_EVERY = 0.5
_POD_SECURITY = "pod-security.kubernetes.io/enforce"
# How many refusals are told.
_TOLD = 3


def wait_for_injection(
    api: Api, revision: Revision, images: Images, waiter: Waiter
) -> dict[str, Any] | None:
    """Until a pod that is never created comes back with the sidecar of the revision.

    None where no label of a pod leads to it. NotReadyError when no namespace admits such a pod:
    nothing is proven then.
    """
    name = _name_for_pods(api, revision)
    if name is None:
        return None
    refusals: dict[str, ApiError] = {}
    labels = {REVISION_LABEL: name, "sidecar.istio.io/inject": "true"}
    for namespace in _namespaces(api, revision, labels):
        pod = _trial_pod(labels, namespace, images.istiod)
        try:
            return _wait(api, pod, revision, images.proxy, waiter)
        except ApiError as error:
            refusals[namespace] = error
            if _refusal.is_about_rights(error.message):
                break
    raise _unproven(revision, refusals)


def _name_for_pods(api: Api, revision: Revision) -> str | None:
    """What a pod asks by: a tag where the name of the one without a revision is another's."""
    if revision.name != UNREVISIONED:
        return revision.name
    return _injector.name_of(_injector.read(api), revision.name)


def _wait(
    api: Api, pod: Object, revision: Revision, image: str | None, waiter: Waiter
) -> dict[str, Any]:
    """What the pod gets; ApiError where it is refused for good."""
    while True:
        readiness, injected = _try(api, pod, revision, image)
        if readiness.ready:
            return injected
        if waiter.clock() >= waiter.deadline:
            raise not_ready(readiness)
        waiter.say(f"waiting: {readiness.reason}")
        waiter.sleep(_TRY_EVERY)


def _try(
    api: Api, pod: Object, revision: Revision, image: str | None
) -> tuple[Readiness, dict[str, Any]]:
    namespace = pod["metadata"]["namespace"]
    try:
        answer = api.create(_kinds.POD, pod, namespace, dry_run=True)
    except ApiError as error:
        if _refusal.is_final(error):
            raise
        return _readiness.waiting(f"a pod tried in namespace {namespace}: {error.message}"), {}
    return judge_injection(answer, revision, image)


def _unproven(revision: Revision, refusals: Mapping[str, ApiError]) -> NotReadyError:
    told = [f"Namespace {name}: {error.message}" for name, error in refusals.items()]
    more = f" And {len(told) - _TOLD} more." if len(told) > _TOLD else ""
    return NotReadyError(
        f"Whether {revision} injects is not proven: no namespace admits the pod that is tried by a"
        f" dry run. {' '.join(told[:_TOLD])}{more} Let a namespace that"
        " leaves the revision to its pods, or has this one, admit a pod with the image of istiod"
        " and a sidecar, and run it again, or set wait: false.",
        refused=list(refusals),
    )


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
    # A namespace or the mesh may have its pods get another type of the same image.
    if image is not None and without_type(images[0]) != without_type(image):
        return _readiness.waiting(f"a pod gets the sidecar {images[0]} in place of {image}"), found
    return _readiness.READY, found


def _namespaces(api: Api, revision: Revision, labels: Mapping[str, str]) -> Iterator[str]:
    """Those that leave the choice to the pod, then those of the revision; the likeliest first."""
    usual = (revision.namespace, "default")
    known = [item for name in usual if (item := api.get(_kinds.NAMESPACE, name)) is not None]
    first = [_name(item) for item in known if not _chooses(item) and not _is_strict(item)]
    yield from first
    others = [item for item in api.list(_kinds.NAMESPACE) if _name(item) not in first]
    free = [item for item in others if not _chooses(item) and _may_hold(item, usual)]
    # Without the CNI no pod with a sidecar is admitted there, whatever the pod is.
    yield from map(_name, sorted(free, key=_is_strict))
    injectors = _injector.read(api)
    own = [item for item in others if _chooses(item) and _leads(injectors, item, labels, revision)]
    yield from map(_name, sorted(own, key=_is_strict))
    if not (first or free or own):
        yield revision.namespace


def _leads(
    injectors: Iterable[Injector], item: Object, labels: Mapping[str, str], revision: Revision
) -> bool:
    found = _injector.find(injectors, labels_of(item), labels)
    return {each.revision for each in found} == {revision.name}


def _name(item: Mapping[str, Any]) -> str:
    return str(item["metadata"]["name"])


def _chooses(namespace: Mapping[str, Any]) -> bool:
    return bool({"istio-injection", REVISION_LABEL} & labels_of(namespace).keys())


def _may_hold(namespace: Mapping[str, Any], usual: Sequence[str]) -> bool:
    return _name(namespace) in usual or not _name(namespace).startswith("kube-")


def _is_strict(namespace: Mapping[str, Any]) -> bool:
    return labels_of(namespace).get(_POD_SECURITY) in ("baseline", "restricted")


def _trial_pod(labels: Mapping[str, str], namespace: str, image: str) -> Object:
    return {
        "apiVersion": _kinds.POD.api_version,
        "kind": _kinds.POD.kind,
        "metadata": {
            "generateName": "meshwright-injection-",
            "namespace": namespace,
            "labels": dict(labels),
        },
        "spec": {"containers": [_trial_container.build("app", image)]},
    }
