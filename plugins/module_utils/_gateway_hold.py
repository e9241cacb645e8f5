# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A rollout that makes all new pods and takes no old one away until it is told to.

A Deployment deletes an old pod when a new one is available, and a pod is available once it has
been ready for minReadySeconds. While those are a day, new pods are ready, and so behind the
Service, beside the old ones. What was set before stands in an annotation, written in the same
request, so that a later run finds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError

RECORD = "meshwright.istio/original-rollout"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_A_DAY = 86_400
# The API server demands that it be the longer of the two.
_LONGER = _A_DAY + 3_600
_FIELDS = ("minReadySeconds", "progressDeadlineSeconds", "strategy")
_STRATEGY = {
    "type": "RollingUpdate",
    "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0},
}


def is_held(item: Mapping[str, Any]) -> bool:
    """Whether a Deployment's old pods are held."""
    return RECORD in (item["metadata"].get("annotations") or {})


def hold(item: Mapping[str, Any], labels: Mapping[str, str], now: str) -> dict[str, Any]:
    """The merge patch that begins such a rollout, to pods with those labels."""
    spec = item["spec"]
    template = spec["template"].get("metadata") or {}
    record = {field: spec[field] for field in _FIELDS if field in spec}
    record["labels"] = template.get("labels") or {}
    record["annotations"] = template.get("annotations") or {}
    metadata = {
        "labels": _difference(record["labels"], labels),
        # Where the labels stay as they are, the namespace decides, and this asks for new pods.
        "annotations": {RESTARTED_AT: now},
    }
    return {
        "metadata": {"annotations": {RECORD: json.dumps(record, sort_keys=True)}},
        "spec": {
            "minReadySeconds": _A_DAY,
            "progressDeadlineSeconds": _LONGER,
            "strategy": _STRATEGY,
            "template": {"metadata": metadata},
        },
    }


def let_go(item: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that lets the rollout end."""
    return _restore(_read(item))


def take_back(item: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that undoes the rollout: the old pods are still those of its template."""
    record, patch = _read(item), let_go(item)
    template = item["spec"]["template"].get("metadata") or {}
    patch["spec"]["template"] = {
        "metadata": {
            key: _difference(template.get(key) or {}, record[key])
            for key in ("labels", "annotations")
        }
    }
    return patch


def _restore(record: Mapping[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = {field: record.get(field) for field in _FIELDS}
    strategy = record.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        spec["strategy"] = {"type": "Recreate", "rollingUpdate": None}
    return {"metadata": {"annotations": {RECORD: None}}, "spec": spec}


def _read(item: Mapping[str, Any]) -> dict[str, Any]:
    text = (item["metadata"].get("annotations") or {}).get(RECORD, "")
    try:
        record: dict[str, Any] = json.loads(text)
        return {**record, "labels": record["labels"], "annotations": record["annotations"]}
    except (KeyError, TypeError, ValueError) as error:
        metadata = item["metadata"]
        raise MeshError(
            f"The annotation {RECORD} of Deployment {metadata['namespace']}/{metadata['name']} is"
            f" no record of a rollout: '{text}'. Set minReadySeconds, progressDeadlineSeconds and"
            " strategy by hand and remove the annotation."
        ) from error


def _difference(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """The merge patch from the one to the other."""
    gone: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    return gone | {key: value for key, value in after.items() if before.get(key) != value}
