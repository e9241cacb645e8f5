# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the configuration of a mesh is made of, and what it means that a cluster lacks some."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import Severity

_NETWORKING, _EXTENSIONS = "networking.istio.io/v1beta1", "extensions.istio.io/v1alpha1"
_PROXY_CONFIG = Kind(api_version=_NETWORKING, kind="ProxyConfig", plural="proxyconfigs")
# Younger than the oldest Istio that is read here, which does not serve it.
_TRAFFIC_EXTENSION = Kind(
    api_version=_EXTENSIONS, kind="TrafficExtension", plural="trafficextensions"
)
API_GROUP = "gateway.networking.k8s.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A kind by its versions, of which the first that a cluster serves is read."""

    versions: tuple[Kind, ...]

    @property
    def kind(self) -> str:
        return self.versions[0].kind

    @property
    def title(self) -> str:
        """As kubectl tells the two kinds of Gateway apart."""
        return f"Gateway.{API_GROUP}" if self.versions == (_kinds.K8S_GATEWAY,) else self.kind

    @property
    def is_gateway_api(self) -> bool:
        return self.versions[0].api_version.startswith(API_GROUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Kinds that do the same for requests; codes of findings begin with `name`.

    The severities are those of what only the source has, of what differs, and of what only the
    target has.
    """

    name: str
    plural: str
    sorts: tuple[Sort, ...]
    missing: Severity
    differing: Severity
    extra: Severity
    consequence: str


def _sorts(*kinds: Kind | tuple[Kind, ...]) -> tuple[Sort, ...]:
    return tuple(Sort(versions=each if isinstance(each, tuple) else (each,)) for each in kinds)


_BLOCK, _WARN, _INFO = Severity.BLOCK, Severity.WARN, Severity.INFO

TOPICS = (
    Topic(
        name="gateway",
        plural="Gateways",
        sorts=_sorts(_kinds.GATEWAY, _kinds.K8S_GATEWAY, _kinds.LISTENER_SET),
        missing=_BLOCK,
        differing=_BLOCK,
        extra=_WARN,
        consequence="A gateway listens for other hosts or ports there: requests to some of them"
        " are refused or answered by others.",
    ),
    Topic(
        name="route",
        plural="routes",
        sorts=_sorts(
            _kinds.VIRTUAL_SERVICE,
            _kinds.HTTP_ROUTE,
            _kinds.GRPC_ROUTE,
            (_kinds.TCP_ROUTE, _kinds.EARLY_TCP_ROUTE),
            (_kinds.TLS_ROUTE, _kinds.EARLY_TLS_ROUTE),
            _kinds.REFERENCE_GRANT,
        ),
        missing=_BLOCK,
        differing=_BLOCK,
        extra=_WARN,
        consequence="Requests go elsewhere there than they do now, or nowhere.",
    ),
    Topic(
        name="access",
        plural="policies of access",
        sorts=_sorts(
            _kinds.AUTHORIZATION_POLICY, _kinds.PEER_AUTHENTICATION, _kinds.REQUEST_AUTHENTICATION
        ),
        missing=_BLOCK,
        differing=_BLOCK,
        extra=_BLOCK,
        consequence="Requests that are let in now are refused there, or the other way round.",
    ),
    Topic(
        name="traffic",
        plural="settings of traffic",
        sorts=_sorts(
            _kinds.DESTINATION_RULE,
            _kinds.SERVICE_ENTRY,
            _kinds.SIDECAR,
            (_kinds.BACKEND_TLS_POLICY, _kinds.EARLY_BACKEND_TLS_POLICY),
        ),
        missing=_BLOCK,
        differing=_BLOCK,
        extra=_WARN,
        consequence="Subsets, encryption, limits or hosts outside of the mesh are others there, so"
        " some requests fail that do not now.",
    ),
    Topic(
        name="filter",
        plural="filters of proxies",
        sorts=_sorts(_kinds.ENVOY_FILTER, _kinds.WASM_PLUGIN, _TRAFFIC_EXTENSION),
        missing=_BLOCK,
        differing=_BLOCK,
        extra=_WARN,
        consequence="Proxies do something else with requests there.",
    ),
    Topic(
        name="proxy_setting",
        plural="settings of proxies",
        sorts=_sorts(_kinds.TELEMETRY, _PROXY_CONFIG),
        missing=_WARN,
        differing=_WARN,
        extra=_INFO,
        consequence="Traces, logs and metrics are others there, and so is what is watched by them.",
    ),
)
SORTS = {sort.title: sort for topic in TOPICS for sort in topic.sorts}
