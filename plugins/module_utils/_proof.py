# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Proof that an istiod is there to serve: ready pods, an endpoint, trusted webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _injector,
    _kinds,
    _readiness,
    _stuck,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import annotations_of
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._readiness import Readiness
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    Revision,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waiter import Waiter
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

_ROLLOUT_NUMBER = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"


def wait_for_istiod(api: Api, revision: Revision, waiter: Waiter) -> None:
    """Until its pods of the newest template are ready and its Service leads to one."""
    waiter.follow(
        api,
        _kinds.DEPLOYMENT,
        revision.namespace,
        f"{REVISION_LABEL}={revision.name}",
        lambda found: _judge_istiod(api, revision, found),
    )
    waiter.follow(
        api,
        _kinds.ENDPOINT_SLICE,
        revision.namespace,
        f"kubernetes.io/service-name={revision.istiod}",
        lambda slices: judge_endpoints(slices, revision),
    )


def _judge_istiod(api: Api, revision: Revision, deployments: Sequence[Object]) -> Readiness:
    for deployment in deployments:
        if deployment["metadata"]["name"] == revision.istiod:
            pods = [Pod.from_object(item) for item in _stuck.read(api, revision)]
            sets = api.list(
                _kinds.REPLICA_SET,
                revision.namespace,
                label_selector=f"istio.io/rev={revision.name}",
            )
            return judge_rollout(deployment, sets, pods)
    return _readiness.hopeless(f"Deployment {revision.namespace}/{revision.istiod} was deleted")


def judge_rollout(
    deployment: Object, replica_sets: Sequence[Object], pods: Sequence[Pod]
) -> Readiness:
    """Whether an istiod has rolled out, and whether its newest pods still can get ready."""
    name = f"Deployment {deployment['metadata']['namespace']}/{deployment['metadata']['name']}"
    workload = Workload.from_object(deployment)
    observed = _readiness.observed(workload)
    if not observed.ready:
        return _readiness.waiting(f"{name}: {observed.reason}")
    if workload.desired == 0:
        return _readiness.hopeless(f"{name} is scaled to 0")
    newest = _newest_hash(deployment, replica_sets)
    for pod in pods:
        stuck = pod.live and pod.trouble is not None and pod.trouble.hopeless
        if pod.template == newest and stuck and pod.trouble is not None:
            return _readiness.hopeless(
                f"istiod pod {pod.key}: {pod.trouble.reason}: {pod.trouble.message}"
            )
    complete = _readiness.complete(workload)
    if complete.ready:
        return complete
    failing = workload.condition("ReplicaFailure")
    if failing is not None and failing.status == "True":
        return _readiness.waiting(f"{name}: no pod can be created: {failing.message}")
    return _readiness.waiting(_readiness.explain(_named(name, complete), pods))


def _named(name: str, readiness: Readiness) -> Readiness:
    return _readiness.waiting(f"{name}: {readiness.reason}")


def _newest_hash(deployment: Object, replica_sets: Sequence[Object]) -> str:
    number = annotations_of(deployment).get(_ROLLOUT_NUMBER)
    for item in replica_sets:
        if annotations_of(item).get(_ROLLOUT_NUMBER) == number:
            return str(item["metadata"]["labels"].get(_HASH, ""))
    return ""


def judge_endpoints(slices: Sequence[Object], revision: Revision) -> Readiness:
    """Whether the Service of istiod leads anywhere."""
    if _injector.has_ready_address(slices):
        return _readiness.READY
    return _readiness.waiting(
        f"Service {revision.namespace}/{revision.istiod} has no ready endpoint"
    )


def wait_for_webhooks(api: Api, revision: Revision, waiter: Waiter) -> None:
    """Until istiod has put its certificate into every webhook that leads to it."""
    for kind in (_kinds.MUTATING_WEBHOOK, _kinds.VALIDATING_WEBHOOK):
        waiter.follow(api, kind, None, f"{REVISION_LABEL}={revision.name}", judge_webhooks)


def judge_webhooks(configurations: Sequence[Object]) -> Readiness:
    """Whether every webhook has the certificate by which the API server trusts istiod."""
    for item in configurations:
        for webhook in item.get("webhooks") or ():
            if not webhook["clientConfig"].get("caBundle"):
                name = f"{item['kind']} {item['metadata']['name']}"
                return _readiness.waiting(f"{name} has no caBundle yet: istiod fills it in")
    return _readiness.READY
