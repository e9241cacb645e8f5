# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A sandbox's cluster behaves as any cluster does; the official client is the judge."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.parse
from contextlib import closing

import pytest
import urllib3
from kubernetes import client, stream
from kubernetes.client.exceptions import ApiException

from sandbox.cluster import Cluster
from sandbox.errors import SandboxError


@pytest.fixture
def core(mesh: Cluster) -> client.CoreV1Api:
    """With every pod that there is ready: what an earlier test has left may be on its way out."""
    return client.CoreV1Api(mesh.api)


def _pod(core: client.CoreV1Api, namespace: str, selector: str) -> client.V1Pod:
    return core.list_namespaced_pod(namespace, label_selector=selector).items[0]


def test_exec_and_logs_reach_a_container(core: client.CoreV1Api) -> None:
    pod = _pod(core, "shop", "app=catalog").metadata.name
    said = stream.stream(
        core.connect_get_namespaced_pod_exec,
        pod,
        "shop",
        container="istio-proxy",
        command=["sh", "-c", "echo $((6 * 7))"],
        stderr=False,
        stdin=False,
        stdout=True,
        tty=False,
    )
    assert said.strip() == "42"
    log = core.read_namespaced_pod_log(pod, "shop", container="istio-proxy")
    assert "Envoy proxy is ready" in log


def test_port_forward_reaches_a_container(core: client.CoreV1Api) -> None:
    pod = _pod(core, "istio-system", "app=istiod").metadata.name
    forward = stream.portforward(
        core.connect_get_namespaced_pod_portforward, pod, "istio-system", ports="8080"
    )
    with closing(forward.socket(8080)) as connection:
        connection.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.0 200")


def test_rights_are_those_that_were_granted(cluster: Cluster) -> None:
    review = client.V1SubjectAccessReview(
        spec=client.V1SubjectAccessReviewSpec(
            user="system:serviceaccount:shop:default",
            resource_attributes=client.V1ResourceAttributes(verb="delete", resource="namespaces"),
        )
    )
    authorization = client.AuthorizationV1Api(cluster.api)
    assert not authorization.create_subject_access_review(review).status.allowed
    review.spec.user, review.spec.groups = "admin", ["system:masters"]
    assert authorization.create_subject_access_review(review).status.allowed


def test_a_budget_stops_an_eviction(cluster: Cluster, core: client.CoreV1Api) -> None:
    policy = client.PolicyV1Api(cluster.api)
    budget = client.V1PodDisruptionBudget(
        metadata=client.V1ObjectMeta(name="none-may-go"),
        spec=client.V1PodDisruptionBudgetSpec(
            max_unavailable=0, selector=client.V1LabelSelector(match_labels={"app": "catalog"})
        ),
    )
    policy.create_namespaced_pod_disruption_budget("shop", budget)
    try:
        _wait_for_budget(policy)
        pod = _pod(core, "shop", "app=catalog").metadata.name
        eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=pod))
        with pytest.raises(ApiException) as refused:
            core.create_namespaced_pod_eviction(pod, "shop", eviction)
        assert refused.value.status == 429
    finally:
        policy.delete_namespaced_pod_disruption_budget("none-may-go", "shop")


def _wait_for_budget(policy: client.PolicyV1Api) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        budget = policy.read_namespaced_pod_disruption_budget("none-may-go", "shop")
        if budget.status and budget.status.observed_generation:
            return
        time.sleep(0.1)
    pytest.fail("the controller has not looked at the budget")


def test_admission_webhooks_are_asked(cluster: Cluster, core: client.CoreV1Api) -> None:
    broken = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "broken", "namespace": "shop"},
        "spec": {"hosts": ["catalog"], "http": [{"route": []}]},
    }
    with pytest.raises(SandboxError, match=r"validation\.istio\.io"):
        cluster.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(broken))
    pod = _pod(core, "shop", "app=catalog")
    containers = [*pod.spec.containers, *(pod.spec.init_containers or ())]
    assert "istio-proxy" in [container.name for container in containers]


def test_names_inside_are_resolved_and_others_are_unknown(mesh: Cluster) -> None:
    def look(name: str) -> str:
        # For an unknown name nslookup fails, and says why where kubectl takes it for an answer.
        command = ("--", "sh", "-c", f"nslookup {name} || true")
        return mesh.kubectl("exec", "-n", "istio-system", "deploy/istiod", *command)

    service = client.CoreV1Api(mesh.api).read_namespaced_service("catalog", "shop")
    assert service.spec.cluster_ip in look("catalog.shop.svc.cluster.local")
    assert "NXDOMAIN" in look("nobody.shop.svc.cluster.local")
    assert "NXDOMAIN" in look("example.org")


def test_each_cluster_is_in_a_network_of_its_own(cluster: Cluster) -> None:
    kubelet = subprocess.run(
        ["pgrep", "-f", f"kubelet.*{cluster.places.root}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[0]
    theirs = subprocess.run(
        ["readlink", f"/proc/{kubelet}/ns/net"], capture_output=True, check=True
    )
    ours = subprocess.run(["readlink", "/proc/self/ns/net"], capture_output=True, check=True)
    assert theirs.stdout.startswith(b"net:[")
    assert theirs.stdout != ours.stdout


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("sum(pilot_xds{})", id="istiod"),
        pytest.param("sum(istio_agent_cert_expiry_seconds)", id="agents"),
        pytest.param("sum(envoy_http_downstream_rq_total)", id="Envoys"),
    ],
)
def test_prometheus_measures(mesh: Cluster, query: str) -> None:
    url = f"{mesh.prometheus_url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    # Some are read once a minute.
    end = time.monotonic() + 90
    found: list[object] = []
    while not found and time.monotonic() < end:
        # An Envoy that nobody has asked for anything counts no requests.
        urllib3.request("GET", mesh.ingress_url)
        found = urllib3.request("GET", url).json()["data"]["result"]
        time.sleep(0.1)
    assert found, f"{query} has no data"
