# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""One revision of the control plane: its name, and the names of everything that belongs to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import ObjectName

# How Istio calls the control plane that was installed without a revision.
UNREVISIONED = "default"
REVISION_LABEL = "istio.io/rev"
TAG_LABEL = "istio.io/tag"
COMPONENT_LABEL = "operator.istio.io/component"
_USUAL_NAMESPACE = "istio-system"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
# The Service istiod-REVISION is a DNS label, so 63 characters.
_LONGEST = 56

VALIDATION_POLICY = Kind(
    api_version="admissionregistration.k8s.io/v1",
    kind="ValidatingAdmissionPolicy",
    plural="validatingadmissionpolicies",
    namespaced=False,
)
VALIDATION_POLICY_BINDING = Kind(
    api_version="admissionregistration.k8s.io/v1",
    kind="ValidatingAdmissionPolicyBinding",
    plural="validatingadmissionpolicybindings",
    namespaced=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A control plane by name (`default` for the one without a revision) in its namespace."""

    name: str
    namespace: str

    @classmethod
    def parse(cls, name: str | None, namespace: str) -> Revision:
        """Read the module's options; BadInputError for a name that Istio cannot use."""
        check_name("revision", name or UNREVISIONED)
        return cls(name=name or UNREVISIONED, namespace=namespace)

    def __str__(self) -> str:
        if self.name == UNREVISIONED:
            return "the control plane without a revision"
        return f"revision {self.name}"

    @property
    def suffix(self) -> str:
        """What the names of its objects end with."""
        return "" if self.name == UNREVISIONED else f"-{self.name}"

    @property
    def istiod(self) -> str:
        """The name of its Deployment and of its Service."""
        return f"istiod{self.suffix}"

    @property
    def injector(self) -> str:
        """The name of its MutatingWebhookConfiguration."""
        elsewhere = "" if self.namespace == _USUAL_NAMESPACE else f"-{self.namespace}"
        return f"istio-sidecar-injector{self.suffix}{elsewhere}"

    @property
    def mesh_settings(self) -> str:
        """The name of the ConfigMap with the configuration of its mesh."""
        return f"istio{self.suffix}"

    @property
    def injector_settings(self) -> str:
        """The name of the ConfigMap with what it puts into pods."""
        return f"istio-sidecar-injector{self.suffix}"

    @property
    def validator(self) -> str:
        """The name of its ValidatingWebhookConfiguration."""
        return f"istio-validator{self.suffix}-{self.namespace}"

    def webhooks(self) -> tuple[ObjectName, ...]:
        """What calls its istiod: must go before it, and come after it."""
        return (
            ObjectName(kind=_kinds.MUTATING_WEBHOOK, name=self.injector),
            ObjectName(kind=_kinds.VALIDATING_WEBHOOK, name=self.validator),
        )

    def objects(self) -> tuple[ObjectName, ...]:
        """Everything an installation of it may have made, by every version of Istio we know."""
        policy = f"stable-channel-policy{self.suffix}-{self.namespace}.istio.io"
        return (
            *self.webhooks(),
            ObjectName(kind=VALIDATION_POLICY, name=policy),
            ObjectName(kind=VALIDATION_POLICY_BINDING, name=policy),
            *self._namespaced(),
            *self._cluster_roles(),
        )

    def leases(self) -> tuple[ObjectName, ...]:
        """The elections that its istiod holds for itself alone."""
        return tuple(
            ObjectName(kind=_kinds.LEASE, name=f"{name}-{self.name}", namespace=self.namespace)
            for name in ("istio-gateway-deployment", "istio-gateway-status-leader")
        )

    def _namespaced(self) -> Iterator[ObjectName]:
        for kind in (
            _kinds.DEPLOYMENT,
            _kinds.HPA,
            _kinds.PDB,
            _kinds.SERVICE,
            _kinds.NETWORK_POLICY,
            _kinds.ROLE_BINDING,
            _kinds.ROLE,
            _kinds.SERVICE_ACCOUNT,
        ):
            yield ObjectName(kind=kind, name=self.istiod, namespace=self.namespace)
        for name in ("istio", "istio-sidecar-injector", "values", "pilot-jwks-extra-cacerts"):
            yield ObjectName(
                kind=_kinds.CONFIG_MAP, name=f"{name}{self.suffix}", namespace=self.namespace
            )

    def _cluster_roles(self) -> Iterator[ObjectName]:
        for role in ("istiod-clusterrole", "istiod-gateway-controller", "istio-reader-clusterrole"):
            for kind in (_kinds.CLUSTER_ROLE_BINDING, _kinds.CLUSTER_ROLE):
                yield ObjectName(kind=kind, name=f"{role}{self.suffix}-{self.namespace}")

    def owns(self, target: ObjectName) -> bool:
        """Whether the object is one of its control plane's own, by its name."""
        return target in self.objects() or (
            target.kind == _kinds.CONFIG_MAP
            and target.namespace == self.namespace
            and target.name.startswith(f"istio{self.suffix}-gatewayclass-")
        )


def check_name(option: str, name: str) -> None:
    """Refuse a name that a revision or tag cannot have."""
    if _NAME.fullmatch(name) and len(name) <= _LONGEST:
        return
    proposal = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST]
    raise BadInputError(
        f"{option}: got '{name}'; right is a name of at most {_LONGEST} lower-case letters, digits"
        f" and hyphens, as in {proposal or '1-31'} (no dots)."
    )
