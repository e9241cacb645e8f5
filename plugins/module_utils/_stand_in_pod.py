# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A pod that takes the requests of a DaemonSet's pod while that is replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    NotReadyError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._mark import Mark
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

_LONGEST = 50
# What the controller of DaemonSets gives its pods, so that they stay where others would go.
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)


def create(api: Api, workload: Workload, beside: Pod) -> None:
    """Make a pod of the workload's template on the node of that one."""
    reference = workload.reference
    name = f"{reference.name}-{beside.template}"
    owner = api.get(_kinds.CONTROLLER_REVISION, name, reference.namespace)
    if owner is None:
        raise NotReadyError(
            f"ControllerRevision {reference.namespace}/{name} is gone, so nothing can own"
            f" a stand-in for pod {beside.name}. Run it again."
        )
    document = build(workload, beside.node, Mark(workload=reference), owner)
    try:
        api.create(_kinds.POD, document, reference.namespace)
    except ApiError as error:
        # Made a moment ago, or by a run before: the watch will tell.
        if error.status != 409:
            raise


def build(workload: Workload, node: str, mark: Mark, owner: Mapping[str, Any]) -> dict[str, Any]:
    """The pod, which the DaemonSet does not take for one of its own.

    A controller leaves pods alone that have another; so its owner is the ControllerRevision that
    it was made of, and it goes away with that.
    """
    template = workload.template
    metadata, spec = template.get("metadata") or {}, dict(template.get("spec") or {})
    reference = workload.reference
    labels = dict(metadata.get("labels") or {})
    digest = hashlib.sha256(node.encode()).hexdigest()[:8]
    patch = mark.patch({})
    spec["affinity"] = {**(spec.get("affinity") or {}), "nodeAffinity": _only_on(node)}
    spec["tolerations"] = [
        *(spec.get("tolerations") or ()),
        *({"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED),
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{reference.name[:_LONGEST]}-stand-in-{digest}",
            "namespace": reference.namespace,
            "labels": labels,
            "annotations": {
                **(metadata.get("annotations") or {}),
                **patch["metadata"]["annotations"],
            },
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ControllerRevision",
                    "name": owner["metadata"]["name"],
                    "uid": owner["metadata"]["uid"],
                    "controller": True,
                }
            ],
        },
        "spec": spec,
    }


def _only_on(node: str) -> dict[str, Any]:
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    terms = [{"matchFields": [field]}]
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
