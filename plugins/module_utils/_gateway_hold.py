# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A rollout that makes all new pods and takes no old one away until it is told to.

A Deployment deletes an old pod when a new one is available, and a pod is available once it has
been ready for minReadySeconds. While those are a day, new pods are ready, and so behind the
Service, beside the old ones. What was set before stands in an annotation, written in the same
request, so that a later run finds it.

A gateway that istiod deploys is paused first: istiod writes the template, at a moment of its own,
and nothing of what a hold is made of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError

RECORD = "meshwright.istio/original-rollout"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_A_DAY = 86_400
# The API server demands that it be the longer of the two.
_LONGER = _A_DAY + 3_600
HELD_FIELDS = ("minReadySeconds", "progressDeadlineSeconds", "strategy", "paused")
_METADATA = ("labels", "annotations")
_STRATEGY = {
    "type": "RollingUpdate",
    "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0},
}


_HOLDING = {
    "minReadySeconds": _A_DAY,
    "progressDeadlineSeconds": _LONGER,
    "strategy": _STRATEGY,
}


def is_held(item: Mapping[str, Any]) -> bool:
    """Whether a Deployment's old pods are held."""
    return RECORD in (item["metadata"].get("annotations") or {})


def hold(
    item: Mapping[str, Any], labels: Mapping[str, str], now: str, templates: Iterable[str]
) -> dict[str, Any]:
    """The merge patch that begins such a rollout, to pods with those labels.

    `templates` are the hashes of the templates that its pods have until then.
    """
    spec = item["spec"]
    record = {
        **_only(spec, HELD_FIELDS),
        **_only(spec["template"].get("metadata") or {}, _METADATA),
        "templates": sorted(set(templates)),
    }
    metadata = {
        "labels": _difference(record.get("labels") or {}, labels),
        # Where the labels stay as they are, the namespace decides, and this asks for new pods.
        "annotations": {RESTARTED_AT: now},
    }
    return {
        "metadata": {"annotations": {RECORD: json.dumps(record, sort_keys=True)}},
        "spec": {**_HOLDING, "template": {"metadata": metadata}},
    }


def pause(
    item: Mapping[str, Any], templates: Iterable[str], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The merge patch that lets nothing roll out, whoever changes the template.

    `facts` is what the way back has to know beside.
    """
    record = {
        **_only(item["spec"], HELD_FIELDS),
        "templates": sorted(set(templates)),
        "facts": dict(facts),
    }
    return {
        "metadata": {"annotations": {RECORD: json.dumps(record, sort_keys=True)}},
        "spec": {"paused": True},
    }


def roll_out(item: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that lets one that was paused make its new pods, beside the old ones."""
    return {"spec": _difference(_only(item["spec"], HELD_FIELDS), _HOLDING)}


def pause_again(item: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that makes of one that rolls out what it was when it was paused."""
    return {"spec": {**let_go(item)["spec"], "paused": True}}


def facts(item: Mapping[str, Any]) -> dict[str, Any]:
    """What was said when it was paused; nothing where it was not."""
    found: dict[str, Any] = _read(item).get("facts") or {}
    return found


def old_templates(item: Mapping[str, Any]) -> frozenset[str]:
    """The hashes of the templates of the pods that are held."""
    return frozenset(_read(item)["templates"])


def ready_seconds(item: Mapping[str, Any]) -> int:
    """For how many seconds a pod has to be ready before the Deployment, let go, counts on it."""
    seconds: int = _read(item).get("minReadySeconds") or 0
    return seconds


def let_go(item: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that lets the rollout end."""
    spec = _difference(_only(item["spec"], HELD_FIELDS), _only(_read(item), HELD_FIELDS))
    return {"metadata": {"annotations": {RECORD: None}}, "spec": spec}


def take_back(item: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that undoes the rollout: the old pods are still those of its template."""
    patch = let_go(item)
    current = _only(item["spec"]["template"].get("metadata") or {}, _METADATA)
    patch["spec"]["template"] = {"metadata": _difference(current, _only(_read(item), _METADATA))}
    return patch


def _read(item: Mapping[str, Any]) -> dict[str, Any]:
    text = (item["metadata"].get("annotations") or {}).get(RECORD, "")
    try:
        record = json.loads(text)
        return {**record, "templates": list(record["templates"])}
    except (KeyError, TypeError, ValueError) as error:
        metadata = item["metadata"]
        raise MeshError(
            f"The annotation {RECORD} of Deployment {metadata['namespace']}/{metadata['name']} is"
            f" no record of a rollout: '{text}'. Set minReadySeconds, progressDeadlineSeconds and"
            " strategy by hand, resume it if it is paused, and remove the annotation."
        ) from error


def _only(values: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch from the one to the other."""
    patch: dict[str, Any] = dict.fromkeys(before.keys() - after.keys())
    for key, value in after.items():
        found = before.get(key)
        if isinstance(found, Mapping) and isinstance(value, Mapping):
            patch[key] = _difference(found, value)
        elif found != value:
            patch[key] = value
    return patch
