# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An istiod at its limits does not survive that all proxies come to it at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._object_name import labels_of
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade


def find(evidence: Evidence, _upgrade: Upgrade) -> Iterator[Finding]:
    killed = [
        f"Pod {item['metadata']['namespace']}/{item['metadata']['name']} was out of memory"
        for item in evidence.of(Topic.ISTIOD_PODS)
        if _was_killed(item)
    ]
    limited = [
        f"HorizontalPodAutoscaler {item['metadata']['namespace']}/{item['metadata']['name']} is at"
        f" its most, {item['spec']['maxReplicas']}"
        for item in evidence.of(Topic.AUTOSCALERS)
        if labels_of(item).get("app") == "istiod" and _is_limited(item)
    ]
    if killed or limited:
        yield Finding(
            code="istiod_strained",
            severity=Severity.WARN,
            title="istiod is at its limits already",
            objects=(*killed, *limited),
            consequence="While proxies move they ask for all of their configuration anew: it may be"
            " late, or istiod may end.",
            remedy="Give istiod more memory, or its autoscaler more replicas, before the upgrade.",
            source="istio/istio#23959, #54970",
        )


def _was_killed(item: Mapping[str, Any]) -> bool:
    statuses = (item.get("status") or {}).get("containerStatuses") or ()
    return any(
        ((each.get(state) or {}).get("terminated") or {}).get("reason") == "OOMKilled"
        for each in statuses
        for state in ("state", "lastState")
    )


def _is_limited(item: Mapping[str, Any]) -> bool:
    return any(
        each["type"] == "ScalingLimited"
        and each["status"] == "True"
        and each.get("reason") == "TooManyReplicas"
        for each in (item.get("status") or {}).get("conditions") or ()
    )
