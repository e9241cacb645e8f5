# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Workloads of the five kinds that can be restarted, as one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gateway_hold,
    _gateway_parent,
    _kinds,
    _pod_template,
    _update_strategy,
)
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._update_strategy import (
    Update,
    UpdateType,
)

EXCLUDE = "meshwright.istio/exclude"
DRAIN = "meshwright.istio/drain"
ORIGINAL_STRATEGY = "meshwright.istio/original-strategy"

KINDS: Mapping[str, Kind] = {
    kind.kind: kind
    for kind in (
        _kinds.DEPLOYMENT,
        _kinds.STATEFUL_SET,
        _kinds.DAEMON_SET,
        _kinds.ROLLOUT,
        _kinds.DEPLOYMENT_CONFIG,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One entry of a status' conditions."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One workload, with as much of its status as tells whether its pods are up to date."""

    reference: Reference
    generation: int
    observed: int
    desired: int
    updated: int
    total: int
    available: int
    update: Update
    strategy: Mapping[str, Any] = field(default_factory=dict)
    """As the object has it, to be put back after a restart that needed another."""
    original_strategy: str | None = None
    """The record of a restart that changed the strategy and has not put it back yet."""
    paused: bool = False
    starts_on_change: bool = True
    """False where a DeploymentConfig does not roll out by itself when its template changes."""
    excluded: bool = False
    restarting: bool = False
    """Whether a restart that was asked of Argo or OpenShift is still to come."""
    ready_seconds: int = 0
    """For how long a new pod has to be ready before it counts."""
    claims: tuple[str, ...] = ()
    host_ports: tuple[int, ...] = ()
    uses_host_network: bool = False
    drain: str | None = None
    """How it is to be drained, where somebody has said so by annotation."""
    selector: Mapping[str, str] = field(default_factory=dict)
    template: Mapping[str, Any] = field(default_factory=dict)
    template_labels: Mapping[str, str] = field(default_factory=dict)
    template_of: Reference | None = None
    """What a Rollout names that has its template, where it has none of its own."""
    update_hash: str = ""
    """The hash of the newest template, where the status tells it."""
    conditions: tuple[Condition, ...] = ()
    controller: str | None = None
    parent: str | None = None
    """The Gateway of the Gateway API from which istiod deploys it."""
    held: bool = False
    """Whether its rollout is held, as by the move of a gateway that goes on."""

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Workload:
        """Read an object of one of the five kinds."""
        metadata, spec, status = item["metadata"], item["spec"], item.get("status") or {}
        template = spec.get("template") or {}
        annotations = metadata.get("annotations") or {}
        counts: dict[str, Any] = (
            _daemon_counts(status) if item["kind"] == "DaemonSet" else _counts(spec, status)
        )
        strategy = spec.get("updateStrategy") or spec.get("strategy") or {}
        return cls(
            reference=Reference(
                namespace=metadata["namespace"], kind=item["kind"], name=metadata["name"]
            ),
            generation=metadata.get("generation", 0),
            # Argo writes the number as a string, and versions before 0.10 a hash.
            observed=_number(status.get("observedGeneration"), metadata.get("generation", 0)),
            **counts,
            update=_update_strategy.read(item["kind"], strategy, counts["desired"]),
            strategy=strategy,
            original_strategy=annotations.get(ORIGINAL_STRATEGY),
            paused=bool(spec.get("paused")),
            starts_on_change=_starts_on_change(item["kind"], spec),
            excluded=_annotation(annotations, template, EXCLUDE) == "true",
            restarting=_is_restarting(item["kind"], spec, status),
            ready_seconds=spec.get("minReadySeconds") or 0,
            drain=_annotation(annotations, template, DRAIN),
            selector=_selector(spec),
            **_pod_template.facts(template),
            template_of=_template_of(metadata["namespace"], spec),
            update_hash=_update_hash(item["kind"], metadata["name"], status),
            conditions=_conditions(status),
            controller=_controller(metadata),
            parent=_gateway_parent.parent_name(item),
            held=_gateway_hold.is_held(item),
        )

    @property
    def kind(self) -> Kind:
        return KINDS[self.reference.kind]

    @property
    def strategy_field(self) -> str:
        """The field of the spec that holds the strategy."""
        return (
            "updateStrategy" if self.reference.kind in ("StatefulSet", "DaemonSet") else "strategy"
        )

    @property
    def pod_by_pod(self) -> bool:
        """Whether its controller replaces a pod only when somebody else takes the old one away."""
        return self.update.type is UpdateType.ON_DELETE or self.update.partition > 0

    def condition(self, name: str) -> Condition | None:
        """The condition of that type."""
        return next((entry for entry in self.conditions if entry.type == name), None)


def _counts(spec: Mapping[str, Any], status: Mapping[str, Any]) -> dict[str, int]:
    desired = spec.get("replicas")
    return {
        "desired": 1 if desired is None else desired,
        "updated": status.get("updatedReplicas", 0),
        "total": status.get("replicas", 0),
        "available": status.get("availableReplicas", 0),
    }


def _daemon_counts(status: Mapping[str, Any]) -> dict[str, int]:
    return {
        "desired": status.get("desiredNumberScheduled", 0),
        "updated": status.get("updatedNumberScheduled", 0),
        "total": status.get("currentNumberScheduled", 0),
        "available": status.get("numberAvailable", 0),
    }


def _number(value: Any, default: int) -> int:
    value = 0 if value is None else value
    return int(value) if str(value).isdigit() else default


def _annotation(
    annotations: Mapping[str, str], template: Mapping[str, Any], name: str
) -> str | None:
    """That of the workload, or of its template."""
    return annotations.get(name) or _pod_template.annotation(template, name)


def _starts_on_change(kind: str, spec: Mapping[str, Any]) -> bool:
    triggers = spec.get("triggers")
    # OpenShift fills in ConfigChange where there is no list, and nothing into an empty one.
    return (
        kind != "DeploymentConfig"
        or triggers is None
        or any(trigger.get("type") == "ConfigChange" for trigger in triggers)
    )


def _is_restarting(kind: str, spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    asked = spec.get("restartAt") if kind == "Rollout" else None
    return asked is not None and asked != status.get("restartedAt")


def _template_of(namespace: str, spec: Mapping[str, Any]) -> Reference | None:
    named = spec.get("workloadRef")
    if not named or spec.get("template"):
        return None
    return Reference(namespace=namespace, kind=named["kind"], name=named["name"])


def _selector(spec: Mapping[str, Any]) -> Mapping[str, str]:
    """The labels that its pods are found by; a DeploymentConfig has them without matchLabels."""
    selector = spec.get("selector") or {}
    labels: Mapping[str, str] = selector.get("matchLabels", {}) if _is_full(selector) else selector
    return labels


def _is_full(selector: Mapping[str, Any]) -> bool:
    return "matchLabels" in selector or "matchExpressions" in selector


def _update_hash(kind: str, name: str, status: Mapping[str, Any]) -> str:
    if kind == "DeploymentConfig":
        return f"{name}-{status.get('latestVersion', 0)}"
    return str(status.get("updateRevision") or status.get("currentPodHash") or "")


def _conditions(status: Mapping[str, Any]) -> tuple[Condition, ...]:
    return tuple(
        Condition(
            type=entry["type"],
            status=entry["status"],
            reason=entry.get("reason") or "",
            message=entry.get("message") or "",
        )
        for entry in status.get("conditions") or ()
    )


def _controller(metadata: Mapping[str, Any]) -> str | None:
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            return f"{owner['kind']} {owner['name']}"
    return None
