# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conditions, one after the other, each with the findings that it gives."""

from __future__ import annotations

from typing import Any

from sandbox.workloads.servers import Kind, Server
from tests.integration.preflight.making import (
    EDGE,
    SYSTEM,
    TCP_ROUTES,
    VALIDATOR,
    Condition,
    Make,
    a_gateway,
    an_old_kind,
    apply,
    autoscaler_at_its_most,
    both,
    copy_of_the_tag,
    filter_of,
    for_nobody,
    full_quota,
    image_of_a_sidecar,
    istiod_by_digest,
    kubectl,
    manifest,
    narrow_the_tag,
    node_that_is_behind,
    nothing,
    patch,
    pods_without_an_image,
    poison,
    serve,
    silent_istiod,
    without_the_node,
)
from tests.integration.support import rejecting

IN_PLACE: dict[str, Any] = {"path": "in_place", "revision": "default"}
WHERE_SAFE: dict[str, Any] = {"drain": "where_safe"}
# A reset leaves pods alone.
WITHOUT_THE_OLD = kubectl("-n", "shop", "delete", "pod", "old", "--wait=false")
ONE = Server(name="one", namespace="shop", kind=Kind.STATEFUL_SET, replicas=1)
TWO = Server(name="two", namespace="shop", kind=Kind.STATEFUL_SET, min_available=2)
NEVER = {"gateway_kept_since": {"versions": ["1.40.0"], "source": "a test"}}
BAD = {
    "versions": ["1.31.0"],
    "proxies_older_than": "1.31.0",
    "what": "it is bad for the test",
    "source": "a test",
}
RETIRED = {"registry": "localhost/istio", "what": "it is shut off", "source": "a test"}
LOCALITY = {"loadBalancer": {"localityLbSetting": {"enabled": True}}}


def condition(
    name: str, *codes: str, make: Make = nothing, undo: Make = nothing, **options: Any
) -> Condition:
    return Condition(name=name, codes=frozenset(codes), make=make, undo=undo, options=options)


CONDITIONS = (
    condition(
        "both labels",
        "both_labels",
        make=kubectl("label", "namespace", "shop", "istio.io/rev=default"),
    ),
    condition(
        "a namespace of a revision that is gone",
        "webhook_gap",
        make=kubectl("label", "namespace", "outside", "istio.io/rev=nowhere"),
    ),
    condition(
        "two injectors",
        "webhook_overlap",
        make=copy_of_the_tag(lambda _item: None, "left-over"),
    ),
    condition("a tag that injects nobody", "webhook_matrix", make=narrow_the_tag),
    condition(
        "an injector whose istiod is gone",
        "webhook_dead",
        "webhook_matrix",
        make=copy_of_the_tag(for_nobody, "istio-sidecar-injector-1-29"),
    ),
    condition("no istiod answers", "webhook_dead", make=silent_istiod),
    condition(
        "no Istio",
        "istio_missing",
        "webhook_dead",
        make=both(silent_istiod, kubectl("-n", SYSTEM, "delete", "deployment/istiod")),
    ),
    condition(
        "an istiod of a version that nobody can tell",
        "istio_version_unknown",
        "hand_edited",
        make=istiod_by_digest,
    ),
    condition(
        "a validator of another revision",
        "default_disagrees",
        make=patch(VALIDATOR, {"metadata": {"labels": {"istio.io/rev": "1-29"}}}),
    ),
    condition("an injector that is poisoned", "injector_image", make=poison),
    condition(
        "istiod changed by hand",
        "hand_edited",
        make=kubectl(
            "-n", SYSTEM, "patch", "deployment/istiod", "-p", '{"spec":{"minReadySeconds":1}}'
        ),
    ),
    condition(
        "istiod scaled by hand",
        "hand_edited",
        make=kubectl("-n", SYSTEM, "scale", "deployment/istiod", "--replicas=2"),
    ),
    condition(
        "an EnvoyFilter for 1.30",
        "envoy_filter",
        make=apply(filter_of(match={"proxy": {"proxyVersion": r"^1\.30.*"}})),
    ),
    condition(
        "a definition that is too old",
        "gateway_api",
        make=an_old_kind,
        undo=kubectl("delete", "crd", TCP_ROUTES),
    ),
    condition(
        "a gateway whose Service selects the revision",
        "gateway_pods",
        make=both(
            patch(
                f"/apis/apps/v1/namespaces/{EDGE}/deployments/istio-ingressgateway",
                {"spec": {"template": {"metadata": {"labels": {"istio.io/rev": "default"}}}}},
            ),
            patch(
                f"/api/v1/namespaces/{EDGE}/services/istio-ingressgateway",
                {"spec": {"selector": {"istio.io/rev": "default"}}},
            ),
        ),
    ),
    condition(
        "a gateway that the revision owns",
        "gateway_owner",
        make=kubectl(
            "-n",
            EDGE,
            "label",
            "deployment/istio-ingressgateway",
            "istio.io/rev=default",
            "operator.istio.io/component=IngressGateways",
        ),
    ),
    condition(
        "a Gateway that istiod drops",
        "gateway_config",
        make=apply(a_gateway()),
        rules=NEVER,
    ),
    condition(
        "a namespace of Flux",
        "foreign_owner",
        make=kubectl("label", "namespace", "shop", "kustomize.toolkit.fluxcd.io/name=apps"),
    ),
    condition(
        "an istiod of Helm, in place",
        "foreign_owner",
        make=kubectl(
            "-n", SYSTEM, "annotate", "deployment/istiod", "meta.helm.sh/release-name=istiod"
        ),
        **IN_PLACE,
    ),
    condition(
        "a Helm release in the middle",
        "helm_pending",
        make=apply(
            manifest(
                "v1",
                "Secret",
                "sh.helm.release.v1.istiod.v4",
                SYSTEM,
                labels={
                    "owner": "helm",
                    "name": "istiod",
                    "status": "pending-upgrade",
                    "version": "4",
                },
            )
        ),
    ),
    condition(
        "a bare pod",
        "unreachable_pods",
        make=serve(Server(name="bare", namespace="shop", kind=Kind.POD)),
        undo=kubectl("-n", "shop", "delete", "pod", "bare", "--wait=false"),
    ),
    condition(
        "a Job",
        "unreachable_pods",
        make=serve(Server(name="job", namespace="shop", kind=Kind.JOB)),
        undo=kubectl("-n", "shop", "delete", "job", "job"),
    ),
    condition(
        "a paused workload",
        "unreachable_pods",
        make=patch("/apis/apps/v1/namespaces/shop/deployments/catalog", {"spec": {"paused": True}}),
    ),
    condition(
        "a sidecar of its own",
        "proxy_image",
        make=patch(
            "/apis/apps/v1/namespaces/shop/deployments/catalog",
            {
                "spec": {
                    "template": {
                        "metadata": {
                            "annotations": {
                                "sidecar.istio.io/proxyImage": "localhost/istio/proxyv2:1.30.4"
                            }
                        }
                    }
                }
            },
        ),
    ),
    condition(
        "an old sidecar",
        "old_proxies",
        "unreachable_pods",
        "ill_pods",
        make=image_of_a_sidecar("1.28.3"),
        undo=WITHOUT_THE_OLD,
    ),
    condition(
        "an old sidecar, in place",
        "old_proxies",
        "unreachable_pods",
        "ill_pods",
        make=image_of_a_sidecar("1.29.3"),
        undo=WITHOUT_THE_OLD,
        **IN_PLACE,
    ),
    condition("a single replica that cannot be drained", "undrainable", make=serve(ONE)),
    condition(
        "a single replica, drained where safe", "single_replica", make=serve(ONE), **WHERE_SAFE
    ),
    condition("a budget that lets nobody go", "disruption_budget", make=serve(TWO), **WHERE_SAFE),
    condition("no preStop and no draining", "no_prestop", drain="rollout"),
    condition("pods that cannot run", "ill_pods", make=pods_without_an_image),
    condition("proxies that reject their listeners", "rejected_config", make=rejecting.begin),
    condition(
        "a ListenerSet that stays with the old revision",
        "listener_set",
        make=apply(
            a_gateway(),
            manifest(
                "gateway.networking.k8s.io/v1",
                "ListenerSet",
                "more",
                "shop",
                labels={"istio.io/rev": "default"},
                spec={
                    "parentRef": {"name": "public"},
                    "listeners": [{"name": "more", "port": 8080, "protocol": "HTTP"}],
                },
            ),
        ),
    ),
    condition(
        "a LimitRange that came later",
        "limit_range",
        make=apply(
            manifest(
                "v1",
                "LimitRange",
                "small",
                "shop",
                spec={"limits": [{"type": "Container", "max": {"cpu": "1"}}]},
            )
        ),
    ),
    condition(
        "another trust domain",
        "trust_domain",
        values={"meshConfig": {"trustDomain": "other.example"}},
    ),
    condition(
        "another trust domain, in place",
        "trust_domain",
        values={"meshConfig": {"trustDomain": "other.example"}},
        **IN_PLACE,
    ),
    condition("a quota beside istiod", "quota", make=full_quota(SYSTEM)),
    condition("a quota of a team", "quota", make=full_quota("shop")),
    condition(
        "no node takes pods",
        "control_plane_room",
        make=kubectl("cordon", "--selector=kubernetes.io/os=linux"),
        undo=kubectl("uncordon", "--selector=kubernetes.io/os=linux"),
    ),
    condition(
        "a CNI plugin that is too old",
        "cni",
        make=apply(
            manifest(
                "apps/v1",
                "DaemonSet",
                "istio-cni-node",
                SYSTEM,
                labels={"k8s-app": "istio-cni-node"},
                spec={
                    "selector": {"matchLabels": {"k8s-app": "istio-cni-node"}},
                    "template": {
                        "metadata": {"labels": {"k8s-app": "istio-cni-node"}},
                        "spec": {
                            "nodeSelector": {"nowhere": "true"},
                            "containers": [
                                {"name": "cni", "image": "localhost/istio/install-cni:1.29.2"}
                            ],
                        },
                    },
                },
            )
        ),
    ),
    condition(
        "an ambient namespace",
        "ambient",
        make=kubectl("label", "namespace", "outside", "istio.io/dataplane-mode=ambient"),
    ),
    condition(
        "a node whose clock is late", "clock", make=node_that_is_behind, undo=without_the_node
    ),
    condition("an autoscaler at its most", "istiod_strained", make=autoscaler_at_its_most),
    condition(
        "another cluster",
        "multicluster",
        make=apply(manifest("v1", "Secret", "far", SYSTEM, labels={"istio/multiCluster": "true"})),
    ),
    condition(
        "a default that changes",
        "changed_default",
        make=apply(
            manifest(
                "networking.istio.io/v1",
                "DestinationRule",
                "near",
                "shop",
                spec={"host": "catalog", "trafficPolicy": LOCALITY},
            )
        ),
    ),
    condition(
        "a variable that is gone",
        "hand_edited",
        "removed_flag",
        make=both(
            kubectl(
                "-n",
                SYSTEM,
                "set",
                "env",
                "deployment/istiod",
                "PILOT_SPAWN_UPSTREAM_SPAN_FOR_GATEWAY=false",
            ),
            kubectl("-n", SYSTEM, "rollout", "status", "deployment/istiod", "--timeout=90s"),
        ),
    ),
    condition(
        "a registry that is shut off", "image_registry", rules={"retired_registries": [RETIRED]}
    ),
    condition(
        "a patch that is bad in place", "bad_patch", rules={"bad_patches": [BAD]}, **IN_PLACE
    ),
    condition(
        "Kubernetes that is too new",
        "kubernetes_version",
        rules={"releases": {"1.31": {"kubernetes": ["1.28", "1.30"], "gateway_api": {}}}},
    ),
    condition("a name that is none", "revision_name", revision="default"),
    condition("nothing to be replaced", "revision_name", **{**IN_PLACE, "revision": "1-29"}),
    condition("a step back", "version_skew", "istioctl_missing", version="1.30.3", revision="old"),
)
