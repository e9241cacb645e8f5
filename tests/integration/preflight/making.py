# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that stands against an upgrade and can be made on a real mesh, and how it is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.api import Object
from sandbox.cluster import Cluster
from sandbox.workloads.servers import Kind, Server

SYSTEM = "istio-system"
_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
VALIDATOR = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/istiod-default-validator"
)
_TAG = f"{_WEBHOOKS}/istio-revision-tag-default"
_SETTINGS = f"/api/v1/namespaces/{SYSTEM}/configmaps/istio-sidecar-injector"
EDGE = "istio-ingress"

Make = Callable[[Cluster], None]


def nothing(_cluster: Cluster) -> None:
    """A reset puts back all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: `codes` are the findings that it gives, and no other may come with them."""

    name: str
    codes: frozenset[str]
    make: Make = nothing
    undo: Make = nothing
    options: Mapping[str, Any] = field(default_factory=dict)


def manifest(api_version: str, kind: str, name: str, namespace: str | None, **rest: Any) -> Object:
    metadata = {key: rest.pop(key) for key in ("labels", "annotations") if key in rest}
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **place, **metadata},
        **rest,
    }


def apply(*objects: Object) -> Make:
    return lambda cluster: cluster.apply(objects)


def serve(server: Server) -> Make:
    """Begin to serve; the pods need not be ready, but they must be there."""

    def run(cluster: Cluster) -> None:
        cluster.apply(server.objects())
        path = f"/api/v1/namespaces/{server.namespace}/pods"
        cluster.objects.wait(
            path,
            lambda pods: "" if any(_is_of(each, server) for each in pods) else "no pod",
            what=server.name,
        )

    return run


def _is_of(pod: Object, server: Server) -> bool:
    return bool(pod["metadata"].get("labels", {}).get("app") == server.name)


def kubectl(*arguments: str) -> Make:
    def run(cluster: Cluster) -> None:
        cluster.kubectl(*arguments)

    return run


def patch(path: str, body: Any) -> Make:
    def run(cluster: Cluster) -> None:
        cluster.objects.patch(path, body)

    return run


def both(*makes: Make) -> Make:
    def run(cluster: Cluster) -> None:
        for make in makes:
            make(cluster)

    return run


def copy_of_the_tag(change: Callable[[Object], None], name: str) -> Make:
    """Another configuration like that of the default tag."""

    def run(cluster: Cluster) -> None:
        item = cluster.objects.get(_TAG)
        labels = {key: item["metadata"]["labels"][key] for key in ("istio.io/rev", "app")}
        item["metadata"] = {"name": name, "labels": labels}
        change(item)
        cluster.objects.create(_WEBHOOKS, item)

    return run


def for_nobody(item: Object) -> None:
    """Webhooks for pods that name revision 1-29, whose istiod is not there."""
    item["metadata"]["labels"]["istio.io/rev"] = "1-29"
    named = {"key": "istio.io/rev", "operator": "In", "values": ["1-29"]}
    unlabelled: Object = {"key": "istio-injection", "operator": "DoesNotExist"}
    [first, *_others] = item["webhooks"]
    first["clientConfig"]["service"]["name"] = "istiod-1-29"
    first["namespaceSelector"] = {"matchExpressions": [named, unlabelled]}
    first["objectSelector"] = {}
    item["webhooks"] = [first]


def narrow_the_tag(cluster: Cluster) -> None:
    """A tag that somebody has narrowed to the pods of one team."""
    cluster.run("istioctl-1.30", "tag", "set", "prod", "--revision", "default", "-y")
    path = f"{_WEBHOOKS}/istio-revision-tag-prod"
    webhooks = cluster.objects.get(path)["webhooks"]
    for hook in webhooks:
        hook["objectSelector"] = {"matchLabels": {"team": "a"}}
    cluster.objects.patch(path, {"webhooks": webhooks})


def poison(cluster: Cluster) -> None:
    """What an upgrade in place leaves whose image does not exist."""
    text = cluster.objects.get(_SETTINGS)["data"]["values"]
    assert '"tag": "1.30.4"' in text
    cluster.objects.patch(
        _SETTINGS, {"data": {"values": text.replace('"tag": "1.30.4"', '"tag": "9.9.9"')}}
    )


def node_that_is_behind(cluster: Cluster) -> None:
    late = datetime.now(UTC) - timedelta(minutes=20)
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "",
        "lastHeartbeatTime": late.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    node = manifest(
        "v1",
        "Node",
        "late",
        None,
        spec={"unschedulable": True},
        status={"conditions": [ready], "allocatable": {"cpu": "1", "memory": "1Gi", "pods": "9"}},
    )
    lease = manifest(
        "coordination.k8s.io/v1",
        "Lease",
        "late",
        "kube-node-lease",
        spec={
            "holderIdentity": "late",
            "renewTime": late.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "leaseDurationSeconds": 40,
        },
    )
    cluster.objects.create("/api/v1/nodes", node)
    cluster.objects.create("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", lease)


def without_the_node(cluster: Cluster) -> None:
    cluster.objects.delete("/api/v1/nodes/late")
    cluster.objects.delete("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/late")


def full_quota(namespace: str) -> Make:
    """A quota of as many pods as there are."""

    def run(cluster: Cluster) -> None:
        pods = cluster.objects.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        hard = {"pods": str(len(pods))}
        cluster.apply([manifest("v1", "ResourceQuota", "full", namespace, spec={"hard": hard})])
        cluster.objects.wait(
            f"/api/v1/namespaces/{namespace}/resourcequotas",
            lambda items: "" if all(each["status"].get("used") for each in items) else "uncounted",
            what="the quota",
        )

    return run


def image_of_a_sidecar(tag: str) -> Make:
    """A bare pod whose sidecar is of that version, which is not to be had: so it is ill as well."""

    def run(cluster: Cluster) -> None:
        [service, pod] = Server(name="old", namespace="shop", kind=Kind.POD).objects()
        pod["metadata"]["annotations"] = {
            "sidecar.istio.io/proxyImage": f"localhost/istio/proxyv2:{tag}"
        }
        cluster.apply([service, pod])
        _wait_for_one_without_image(cluster)

    return run


def autoscaler_at_its_most(cluster: Cluster) -> None:
    path = f"/apis/autoscaling/v2/namespaces/{SYSTEM}/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "istiod"}
    cluster.objects.create(
        path,
        manifest(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "istiod",
            SYSTEM,
            labels={"app": "istiod"},
            spec={"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 1},
        ),
    )
    # What its controller does not decide without metrics it leaves as it is.
    cluster.objects.wait(
        path,
        lambda items: "" if items[0].get("status", {}).get("conditions") else "not looked at",
        what="the autoscaler",
    )
    limited = {
        "type": "ScalingLimited",
        "status": "True",
        "reason": "TooManyReplicas",
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    status = {"currentReplicas": 1, "desiredReplicas": 1, "conditions": [limited]}
    cluster.objects.patch(f"{path}/istiod/status", {"status": status})


def silent_istiod(cluster: Cluster) -> None:
    cluster.kubectl("-n", SYSTEM, "scale", "deployment/istiod", "--replicas=0")
    cluster.objects.wait(
        f"/api/v1/namespaces/{SYSTEM}/pods",
        lambda pods: "istiod" if any("istiod" in each["metadata"]["name"] for each in pods) else "",
        what="the end of istiod",
    )
    cluster.objects.wait(
        f"/apis/discovery.k8s.io/v1/namespaces/{SYSTEM}/endpointslices",
        lambda slices: "endpoints" if any(each.get("endpoints") for each in slices) else "",
        what="the end of its endpoints",
    )


def istiod_by_digest(cluster: Cluster) -> None:
    """An istiod whose image tells no version, and whose labels were taken away."""
    labels = ("operator.istio.io/version-", "app.kubernetes.io/version-")
    cluster.kubectl("-n", SYSTEM, "label", "deployment/istiod", *labels)
    # Paused: what has this image could not start.
    image = f"localhost/istio/pilot@sha256:{64 * '0'}"
    containers = [{"name": "discovery", "image": image}]
    spec = {"paused": True, "template": {"spec": {"containers": containers}}}
    patch = json.dumps({"spec": spec})
    cluster.kubectl("-n", SYSTEM, "patch", "deployment/istiod", f"--patch={patch}")


def filter_of(**patch: Any) -> Object:
    """An EnvoyFilter with one patch."""
    value = {"operation": "MERGE", "value": {"connect_timeout": "9s"}}
    return manifest(
        "networking.istio.io/v1alpha3",
        "EnvoyFilter",
        "limits",
        "shop",
        spec={"configPatches": [{"applyTo": "CLUSTER", "patch": value, **patch}]},
    )


def pods_without_an_image(cluster: Cluster) -> None:
    """A workload of the mesh that nobody asks for anything, and that never starts."""
    container = {"name": "app", "image": "localhost/none", "imagePullPolicy": "Never"}
    labels = {"app": "ill"}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    cluster.apply([manifest("apps/v1", "Deployment", "ill", "shop", spec=spec)])
    _wait_for_one_without_image(cluster)


def _wait_for_one_without_image(cluster: Cluster) -> None:
    cluster.objects.wait(
        "/api/v1/namespaces/shop/pods",
        lambda pods: "" if any(map(_lacks_its_image, pods)) else "no pod that lacks its image",
        what="ill",
    )


def _lacks_its_image(pod: Object) -> bool:
    return any(
        each["state"].get("waiting", {}).get("reason")
        in ("ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff")
        for kind in ("initContainerStatuses", "containerStatuses")
        for each in pod.get("status", {}).get(kind, ())
    )


def a_gateway() -> Object:
    """A gateway that istiod deploys; its Service gets no address from anybody."""
    return manifest(
        "gateway.networking.k8s.io/v1",
        "Gateway",
        "public",
        "shop",
        annotations={"networking.istio.io/service-type": "ClusterIP"},
        spec={
            "gatewayClassName": "istio",
            "allowedListeners": {"namespaces": {"from": "Same"}},
            "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
        },
    )


TCP_ROUTES = "tcproutes.gateway.networking.k8s.io"
_TCP_ROUTE = manifest(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    TCP_ROUTES,
    None,
    annotations={
        "gateway.networking.k8s.io/bundle-version": "v1.5.1",
        "gateway.networking.k8s.io/channel": "experimental",
        "api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/891",
    },
    spec={
        "group": "gateway.networking.k8s.io",
        "scope": "Namespaced",
        "names": {
            "plural": "tcproutes",
            "singular": "tcproute",
            "kind": "TCPRoute",
            "listKind": "TCPRouteList",
        },
        "versions": [
            {
                "name": "v1alpha2",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "x-kubernetes-preserve-unknown-fields": True,
                    }
                },
            }
        ],
    },
)


def an_old_kind(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", stdin=_json(_TCP_ROUTE))
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{TCP_ROUTES}")
    route = manifest(
        "gateway.networking.k8s.io/v1alpha2", "TCPRoute", "old", "shop", spec={"rules": []}
    )
    cluster.objects.create(
        "/apis/gateway.networking.k8s.io/v1alpha2/namespaces/shop/tcproutes", route
    )


def _json(item: Object) -> str:
    return json.dumps(item)
