# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What changes with every release of Istio, as data: the one file to extend for a new one.

The option `rules` of mesh_preflight replaces any part of it. Every entry says where it is from.
"""

from __future__ import annotations

from typing import Any

_SUPPORT = "istio/istio.io data/compatibility/supportStatus.yml"
_CRDS = "istio/istio pkg/config/schema/gatewayapi/minimumversions.go"
_PROFILES = "istio/istio manifests/helm-profiles"
_NOTES = "istio.io/latest/news/releases"

_GRPC = {"grpcroutes": "1.1.0"}
_TLS_POLICY = {**_GRPC, "backendtlspolicies": "1.4.0"}
_TLS_ROUTE = {**_TLS_POLICY, "tlsroutes": "1.5.0"}

DATA: dict[str, Any] = {
    # When the sources were read.
    "read": "2026-11-25",
    # For each minor release: the lowest and highest Kubernetes, and how new the definitions of the
    # Gateway API have to be, below which istiod ignores all objects of the kind.
    "releases": {
        "1.24": {"kubernetes": ["1.28", "1.31"], "gateway_api": _GRPC},
        "1.25": {"kubernetes": ["1.29", "1.32"], "gateway_api": _GRPC},
        "1.26": {"kubernetes": ["1.29", "1.33"], "gateway_api": _GRPC},
        "1.27": {"kubernetes": ["1.29", "1.33"], "gateway_api": _GRPC},
        "1.28": {"kubernetes": ["1.30", "1.34"], "gateway_api": _TLS_POLICY},
        "1.29": {"kubernetes": ["1.31", "1.35"], "gateway_api": _TLS_POLICY},
        "1.30": {"kubernetes": ["1.32", "1.36"], "gateway_api": _TLS_ROUTE},
        "1.31": {
            "kubernetes": ["1.32", "1.36"],
            "gateway_api": {**_TLS_ROUTE, "tcproutes": "1.6.0"},
        },
    },
    "sources": {"kubernetes": _SUPPORT, "gateway_api": _CRDS},
    # Releases whose istiod breaks proxies that are older than `proxies_older_than`.
    "bad_patches": [
        {
            "versions": ["1.29.2", "1.29.3", "1.29.4", "1.30.0", "1.30.1"],
            "proxies_older_than": "1.29.2",
            "what": "its istiod sends listeners with a filter state that older proxies do not know",
            "source": "istio/istio#60486",
        },
    ],
    # The istiod that is left drops a Gateway of the Gateway API as soon as that moves, unless it
    # is at least the first of these of its minor release, or of a later minor release than all.
    "gateway_kept_since": {
        "versions": ["1.29.5", "1.30.2", "1.31.0-rc.0"],
        "source": "istio/istio#59959, #60158",
    },
    # What no proxy of these releases and later ones understands, as a regular expression on the
    # type in an EnvoyFilter.
    "removed_types": [
        {
            "type": r"/envoy\.[\w.]*\bv2(alpha\d?)?\.",
            "since": "1.10",
            "what": "types of the API v2",
            "source": "envoyproxy.io version history, 1.18.0",
        },
        {
            "type": r"/envoy\.config\.trace\.v3\.OpenCensusConfig$",
            "since": "1.25",
            "what": "tracing by OpenCensus",
            "source": f"{_NOTES}/1.25.x/announcing-1.25/upgrade-notes",
        },
    ],
    # Where images are no longer to be had.
    "retired_registries": [
        {
            "registry": registry,
            "what": "it gets no image from 1.31 on, and is shut off for good after trials until"
            " 9 December 2026",
            "source": f"{_NOTES}/1.31.x/announcing-1.31/upgrade-notes",
        }
        for registry in ("gcr.io/istio-release", "registry.istio.io")
    ],
    # What a minor release does otherwise by itself. `flag` is the variable of istiod that decides,
    # `keep` its value for the old behaviour, None where there is no way back to it. It matters to
    # the objects of `kind` that have a value at the path `has` and none at `lacks`; with `repeated`
    # only where objects of several namespaces have the same value.
    "changed_defaults": [
        {
            "since": "1.25",
            "flag": "PILOT_ENABLE_IP_AUTOALLOCATE",
            "keep": "false",
            "what": "hosts without an address get one of their own where sidecars answer the DNS",
            "kind": "networking.istio.io/v1 ServiceEntry",
            "has": ["spec", "hosts"],
            "lacks": ["spec", "addresses"],
            "source": f"{_PROFILES}/compatibility-version-1.24.yaml",
        },
        {
            "since": "1.28",
            "flag": "DISABLE_SHADOW_HOST_SUFFIX",
            "keep": "false",
            "what": "mirrored requests keep their host, without -shadow behind it",
            "kind": "networking.istio.io/v1 VirtualService",
            "has": ["spec", "http", "mirror"],
            "source": f"{_PROFILES}/compatibility-version-1.27.yaml",
        },
        {
            "since": "1.28",
            "flag": "PILOT_SPAWN_UPSTREAM_SPAN_FOR_GATEWAY",
            "keep": "false",
            "what": "gateways make a span of their own for each request that they send on",
            "kind": "telemetry.istio.io/v1 Telemetry",
            "has": ["spec", "tracing"],
            "source": f"{_PROFILES}/compatibility-version-1.27.yaml",
        },
        {
            "since": "1.30",
            "flag": "PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE",
            "keep": "false",
            "what": "of one host in several namespaces the Service is taken, then the oldest entry,"
            " and no longer the first namespace by its name",
            "kind": "networking.istio.io/v1 ServiceEntry",
            "has": ["spec", "hosts"],
            "repeated": True,
            "source": f"{_NOTES}/1.30.x/announcing-1.30/upgrade-notes",
        },
        {
            "since": "1.31",
            "flag": "PILOT_AUTO_SEND_UNHEALTHY_ENDPOINTS",
            "keep": "false",
            "what": "proxies also get endpoints that are not ready, and count them where a share of"
            " healthy ones decides on the locality",
            "kind": "networking.istio.io/v1 DestinationRule",
            "has": ["spec", "trafficPolicy", "loadBalancer", "localityLbSetting"],
            "lacks": ["spec", "trafficPolicy", "outlierDetection", "minHealthPercent"],
            "source": f"{_NOTES}/1.31.x/announcing-1.31/upgrade-notes",
        },
        {
            "since": "1.31",
            "flag": "PILOT_ENABLE_STRICT_GATEWAY_MERGING",
            "keep": "false",
            "what": "a gateway of the Gateway API no longer takes servers from Gateways of Istio in"
            " other namespaces",
            "kind": "networking.istio.io/v1 Gateway",
            "has": ["spec", "selector", "gateway.networking.k8s.io/gateway-name"],
            "source": f"{_NOTES}/1.31.x/announcing-1.31/change-notes",
        },
        {
            "since": "1.31",
            "flag": None,
            "keep": None,
            "what": "machines that have registered themselves are reached by HBONE only once they"
            " register again, or their entry has the label networking.istio.io/tunnel=http",
            "kind": "networking.istio.io/v1 WorkloadEntry",
            "has": ["metadata", "annotations", "istio.io/autoRegistrationGroup"],
            "lacks": ["metadata", "labels", "networking.istio.io/tunnel"],
            "source": f"{_NOTES}/1.31.x/announcing-1.31/upgrade-notes",
        },
    ],
    # Variables of istiod that a release no longer has: what they kept as it was changes.
    "removed_flags": [
        {
            "since": "1.31",
            "flag": "PILOT_SPAWN_UPSTREAM_SPAN_FOR_GATEWAY",
            "what": "gateways always make a span of their own for each request that they send on",
            "source": f"{_NOTES}/1.31.x/announcing-1.31/upgrade-notes",
        },
    ],
}
