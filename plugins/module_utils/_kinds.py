# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The kinds of object that the collection reads and writes, and their paths in the API.

Known by table, so that a module needs no discovery: that would be 25 to 30 requests in every
fresh process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of API object."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    def path(
        self,
        namespace: str | None = None,
        name: str | None = None,
        subresource: str | None = None,
    ) -> str:
        """The path of one object, or of the collection of them (in every namespace for None)."""
        parts = ["/api" if "/" not in self.api_version else "/apis", self.api_version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part is not None]
        return "/".join(parts)

    def path_of(self, body: Mapping[str, Any]) -> str:
        """The path of the object with that body."""
        metadata = body["metadata"]
        return self.path(metadata.get("namespace"), metadata["name"])


def _kind(api_version: str, kind: str, plural: str, *, namespaced: bool = True) -> Kind:
    return Kind(api_version=api_version, kind=kind, plural=plural, namespaced=namespaced)


CONFIG_MAP = _kind("v1", "ConfigMap", "configmaps")
EVENT = _kind("v1", "Event", "events")
LIMIT_RANGE = _kind("v1", "LimitRange", "limitranges")
NAMESPACE = _kind("v1", "Namespace", "namespaces", namespaced=False)
NODE = _kind("v1", "Node", "nodes", namespaced=False)
POD = _kind("v1", "Pod", "pods")
RESOURCE_QUOTA = _kind("v1", "ResourceQuota", "resourcequotas")
SECRET = _kind("v1", "Secret", "secrets")
SERVICE = _kind("v1", "Service", "services")
SERVICE_ACCOUNT = _kind("v1", "ServiceAccount", "serviceaccounts")

CONTROLLER_REVISION = _kind("apps/v1", "ControllerRevision", "controllerrevisions")
DAEMON_SET = _kind("apps/v1", "DaemonSet", "daemonsets")
DEPLOYMENT = _kind("apps/v1", "Deployment", "deployments")
REPLICA_SET = _kind("apps/v1", "ReplicaSet", "replicasets")
STATEFUL_SET = _kind("apps/v1", "StatefulSet", "statefulsets")
CRON_JOB = _kind("batch/v1", "CronJob", "cronjobs")
JOB = _kind("batch/v1", "Job", "jobs")
ROLLOUT = _kind("argoproj.io/v1alpha1", "Rollout", "rollouts")
DEPLOYMENT_CONFIG = _kind("apps.openshift.io/v1", "DeploymentConfig", "deploymentconfigs")
REPLICATION_CONTROLLER = _kind("v1", "ReplicationController", "replicationcontrollers")

HPA = _kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
PDB = _kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
ENDPOINT_SLICE = _kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices")
LEASE = _kind("coordination.k8s.io/v1", "Lease", "leases")
NETWORK_POLICY = _kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")

ROLE = _kind("rbac.authorization.k8s.io/v1", "Role", "roles")
ROLE_BINDING = _kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = _kind(
    "rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", namespaced=False
)
CLUSTER_ROLE_BINDING = _kind(
    "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False
)
CRD = _kind(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
)
MUTATING_WEBHOOK = _kind(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    namespaced=False,
)
VALIDATING_WEBHOOK = _kind(
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    namespaced=False,
)

GATEWAY = _kind("networking.istio.io/v1", "Gateway", "gateways")
VIRTUAL_SERVICE = _kind("networking.istio.io/v1", "VirtualService", "virtualservices")
DESTINATION_RULE = _kind("networking.istio.io/v1", "DestinationRule", "destinationrules")
SIDECAR = _kind("networking.istio.io/v1", "Sidecar", "sidecars")
SERVICE_ENTRY = _kind("networking.istio.io/v1", "ServiceEntry", "serviceentries")
WORKLOAD_ENTRY = _kind("networking.istio.io/v1", "WorkloadEntry", "workloadentries")
ENVOY_FILTER = _kind("networking.istio.io/v1alpha3", "EnvoyFilter", "envoyfilters")
PEER_AUTHENTICATION = _kind("security.istio.io/v1", "PeerAuthentication", "peerauthentications")
REQUEST_AUTHENTICATION = _kind(
    "security.istio.io/v1", "RequestAuthentication", "requestauthentications"
)
AUTHORIZATION_POLICY = _kind("security.istio.io/v1", "AuthorizationPolicy", "authorizationpolicies")
TELEMETRY = _kind("telemetry.istio.io/v1", "Telemetry", "telemetries")
WASM_PLUGIN = _kind("extensions.istio.io/v1alpha1", "WasmPlugin", "wasmplugins")
K8S_GATEWAY = _kind("gateway.networking.k8s.io/v1", "Gateway", "gateways")
HTTP_ROUTE = _kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
GRPC_ROUTE = _kind("gateway.networking.k8s.io/v1", "GRPCRoute", "grpcroutes")
TCP_ROUTE = _kind("gateway.networking.k8s.io/v1", "TCPRoute", "tcproutes")
EARLY_TCP_ROUTE = _kind("gateway.networking.k8s.io/v1alpha2", "TCPRoute", "tcproutes")
TLS_ROUTE = _kind("gateway.networking.k8s.io/v1", "TLSRoute", "tlsroutes")
EARLY_TLS_ROUTE = _kind("gateway.networking.k8s.io/v1alpha2", "TLSRoute", "tlsroutes")
REFERENCE_GRANT = _kind("gateway.networking.k8s.io/v1beta1", "ReferenceGrant", "referencegrants")
BACKEND_TLS_POLICY = _kind("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "backendtlspolicies")
EARLY_BACKEND_TLS_POLICY = _kind(
    "gateway.networking.k8s.io/v1alpha3", "BackendTLSPolicy", "backendtlspolicies"
)
LISTENER_SET = _kind("gateway.networking.k8s.io/v1", "ListenerSet", "listenersets")
EARLY_LISTENER_SET = _kind("gateway.networking.x-k8s.io/v1alpha1", "XListenerSet", "xlistenersets")

ACCESS_REVIEW = _kind(
    "authorization.k8s.io/v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
)

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Kind))

ISTIO_CONFIG = tuple(kind for kind in ALL if ".istio.io/" in kind.api_version)
