# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The Deployment that stands in for a gateway while its own pods are replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

# On the Deployment: whose stand-in it is. On its pods, and only there: which stand-in they are of.
STANDS_IN_FOR = "meshwright.istio/stands-in-for"
STAND_IN = "meshwright.istio/stand-in"
FIELD_MANAGER = "meshwright.istio/gateway_revision"
# The name of a ReplicaSet has eleven characters more, and is a label too.
_LONGEST = 52
_LONGEST_LABEL = 63


def name_for(gateway: str, target: str) -> str:
    """The name of the stand-in on that revision or tag."""
    return _shorten(f"{gateway}-{target}", _LONGEST)


def mark_for(gateway: str) -> str:
    """The value of the label by which the stand-ins of a gateway are found."""
    return _shorten(gateway, _LONGEST_LABEL)


def is_stand_in(item: Mapping[str, Any]) -> bool:
    """Whether a Deployment is one of ours."""
    return STANDS_IN_FOR in (item["metadata"].get("labels") or {})


def build(
    original: Mapping[str, Any], pod_labels: Mapping[str, str], *, target: str, replicas: int
) -> dict[str, Any]:
    """The stand-in of a gateway's Deployment.

    Its pods have the labels of the gateway's own, so that whatever selects those selects them. It
    goes away with the original, and has none of its labels: those may belong to an installer.
    """
    metadata, spec = original["metadata"], original["spec"]
    template = spec["template"]
    name = name_for(metadata["name"], target)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": {
                "app.kubernetes.io/managed-by": "meshwright.istio",
                STANDS_IN_FOR: mark_for(metadata["name"]),
            },
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "name": metadata["name"],
                    "uid": metadata["uid"],
                }
            ],
        },
        "spec": {
            "replicas": replicas,
            "minReadySeconds": spec.get("minReadySeconds", 0),
            "selector": {"matchLabels": {STAND_IN: name}},
            "template": {
                "metadata": {
                    "annotations": (template.get("metadata") or {}).get("annotations") or {},
                    "labels": {**pod_labels, STAND_IN: name},
                },
                "spec": template["spec"],
            },
        },
    }


def _shorten(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return f"{text[: length - 9].rstrip('-.')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
