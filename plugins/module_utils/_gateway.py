# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A gateway: its Deployment, its pods, the Services that lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_parent, _injector
from ansible_collections.meshwright.istio.plugins.module_utils._departure import Departure
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._gateway_parent import Parent
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._pod import INJECT, Pod
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    REVISION_LABEL,
    UNREVISIONED,
)
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Sender
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import Wanted
from ansible_collections.meshwright.istio.plugins.module_utils._workload import Workload

_TEMPLATES = "inject.istio.io/templates"
_GATEWAY_TEMPLATE = "gateway"
_INJECTION_LABEL = "istio-injection"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where gateways shall go: a revision or tag by name, and the revision that it stands for.

    `version` is what their proxies shall run, None where that does not matter.
    """

    name: str
    revision: str
    version: str | None = None

    def accepts(self, pod: Pod) -> bool:
        """Whether the pod is what is wanted."""
        return not Wanted(revision=self.revision, version=self.version).lacks(pod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One gateway as it stands.

    `leaving` are pods of it that are on their way out, `held` is whether its rollout is held: both
    are left from a run that was cut off. `departure` is how its pods leave their Services.
    `parent` is the Gateway that istiod deploys it from; None where its pods are injected.
    `keep_to_node` are the Services for which no node of a pod may be left without one.
    """

    workload: Workload
    uid: str
    namespace_labels: Labels
    pods: tuple[Pod, ...]
    services: tuple[str, ...]
    departure: Departure = field(default_factory=Departure)
    leaving: tuple[Pod, ...] = ()
    parent: Parent | None = None
    keep_to_node: tuple[Sender, ...] = ()

    @property
    def held(self) -> bool:
        return self.workload.held

    @property
    def namespace(self) -> str:
        return self.workload.reference.namespace

    @property
    def name(self) -> str:
        return self.workload.reference.name

    def __str__(self) -> str:
        return f"gateway {self.namespace}/{self.name}"

    @property
    def revisions(self) -> tuple[str, ...]:
        """The revisions that its pods really have."""
        return tuple(sorted({pod.revision or "none" for pod in self.pods}))

    def is_on(self, target: Target) -> bool:
        """Whether its pods, and those that will replace them, are on that revision."""
        labelled = self.labels_for(target) == self.workload.template_labels
        right = labelled if self.parent is None else self.parent.leads == target.revision
        return right and all(target.accepts(pod) for pod in self.pods)

    def waits_at(self, target: Target) -> bool:
        """Whether it is held on that revision, since its namespace leads elsewhere."""
        return (
            self.parent is not None
            and self.workload.paused
            and self.parent.held_at == target.revision
            and self.parent.label is None
            and self.parent.without != target.revision
            and not self.leaving
            and all(target.accepts(pod) for pod in self.pods)
        )

    def labels_for(self, target: Target) -> dict[str, str]:
        """The labels of its pods on that revision.

        Where the namespace decides, or the default is what a pod gets that asks for nothing, the
        pods name no revision that they did not name before.
        """
        labels = dict(self.workload.template_labels)
        if target.name == UNREVISIONED and labels.get(INJECT) == "true":
            labels.pop(REVISION_LABEL, None)
        elif REVISION_LABEL in labels or not self.namespace_decides:
            labels[REVISION_LABEL] = target.name
        return labels

    @property
    def namespace_decides(self) -> bool:
        """Whether the labels of the namespace choose the revision, and those of the pods do not."""
        return bool({_INJECTION_LABEL, REVISION_LABEL} & self.namespace_labels.keys())

    def change(self, target: Target) -> Change:
        """The gateway before and after, for the diff."""
        before: dict[str, Any] = {"revisions": list(self.revisions)}
        after: dict[str, Any] = {"revisions": [target.revision] if self.workload.desired else []}
        if self.parent is not None:
            before["gateway_label"] = self.parent.label
            after["gateway_label"] = self.parent.label_for(target.name, target.revision)
        else:
            before["pod_labels"] = dict(self.workload.template_labels)
            after["pod_labels"] = self.labels_for(target)
        if self.leaving:
            before["leaving"], after["leaving"] = [pod.name for pod in self.leaving], []
        return Change(name=f"Deployment {self.namespace}/{self.name}", before=before, after=after)

    def hold(self) -> Change:
        """The gateway before and after it is held, for the diff."""
        name = f"Deployment {self.namespace}/{self.name}"
        return Change(name=name, before={"paused": False}, after={"paused": True})


def is_gateway(item: Mapping[str, Any]) -> bool:
    """Whether a Deployment is a gateway by injection."""
    return is_template(item["spec"]["template"])


def is_template(template: Mapping[str, Any]) -> bool:
    """Whether pods of a template are those of a gateway by injection."""
    metadata = template.get("metadata") or {}
    templates = (metadata.get("annotations") or {}).get(_TEMPLATES, "")
    return _GATEWAY_TEMPLATE in {part.strip() for part in templates.split(",")}


def services_for(services: Iterable[Mapping[str, Any]], labels: Labels) -> tuple[str, ...]:
    """The Services, of one namespace, whose selector matches those labels."""
    found = (
        item["metadata"]["name"]
        for item in services
        if (selector := item["spec"].get("selector"))
        and all(labels.get(key) == value for key, value in selector.items())
    )
    return tuple(sorted(found))


def refuse_unmovable(
    gateway: Gateway,
    target: Target,
    services: Sequence[Mapping[str, Any]],
    injectors: Sequence[Injector],
) -> None:
    """Refuse a gateway that cannot be moved without a gap, or would not arrive."""
    workload = gateway.workload
    after = gateway.labels_for(target)
    if gateway.parent is None:
        _refuse_controlled(gateway)
    if workload.paused and not workload.held:
        raise RefusedError(
            f"Deployment {gateway.namespace}/{gateway.name} is paused, so it would never roll out."
            " Resume it with kubectl rollout resume."
        )
    if workload.host_ports:
        ports = ", ".join(map(str, workload.host_ports))
        raise RefusedError(
            f"The {gateway} uses the host ports {ports}: a second pod cannot stand beside the first"
            " on its node. Replace its pods with workload_restart, and expect a gap."
        )
    if not gateway.services:
        raise RefusedError(
            f"No Service of namespace {gateway.namespace} selects the pods of the {gateway}, so"
            " others could not take its requests."
            " Replace its pods with workload_restart."
        )
    if gateway.parent is not None:
        _gateway_parent.refuse_fixed(gateway.parent, str(gateway))
        return
    if any(after.get(key) != value for key, value in workload.selector.items()):
        raise RefusedError(
            f"Deployment {gateway.namespace}/{gateway.name} selects its pods by {REVISION_LABEL},"
            " and a selector cannot change. Make it anew without that label in its selector."
        )
    _refuse_lost_services(gateway, services_for(services, after))
    _refuse_wrong_injection(gateway, target, after, injectors)


def _refuse_controlled(gateway: Gateway) -> None:
    if gateway.workload.controller:
        raise RefusedError(
            f"Deployment {gateway.namespace}/{gateway.name} belongs to"
            f" {gateway.workload.controller}, which would undo the change. Set the revision there."
        )


def _refuse_lost_services(gateway: Gateway, found: tuple[str, ...]) -> None:
    lost = sorted(set(gateway.services) - set(found))
    if lost:
        raise RefusedError(
            f"Service {gateway.namespace}/{lost[0]} selects its pods by {REVISION_LABEL}, so it"
            f" would lead to none of the new ones of the {gateway}. Take that label out of its"
            " selector first."
        )


def _refuse_wrong_injection(
    gateway: Gateway, target: Target, labels: Labels, injectors: Sequence[Injector]
) -> None:
    found = _injector.find(injectors, gateway.namespace_labels, labels)
    if [each.revision for each in found] == [target.revision]:
        return
    said = ", ".join(each.revision for each in found) or "nobody"
    if gateway.namespace_decides:
        why = "its namespace has labels, which decide before those of its pods"
        remedy = f"Point the namespace at {target.name} first, with namespace_revision_label."
    else:
        why = "that is what the webhooks say for the labels of its pods"
        remedy = f"Give the pods of its Deployment the label {INJECT}=true."
    raise RefusedError(
        f"The pods of the {gateway} would be injected by {said} and not by {target.revision}:"
        f" {why}. {remedy}",
        injectors=[each.configuration for each in found],
    )
