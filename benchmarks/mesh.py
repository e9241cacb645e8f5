# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real istiod as a process on a control plane of its own, with any number of proxies.

The API server forwards ports to a pod through its node's kubelet. Here the pod is an object only,
and what stands for the kubelet leads to the process; see `portforward/main.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml

from benchmarks import building, injection, kubelets, plays, ports
from benchmarks.api import STRATEGIC, Object, each
from benchmarks.control_plane import ControlPlane, control_plane
from benchmarks.figure import Bench
from sandbox.istio import NAMESPACE, operator
from sandbox.parts import ISTIO_VERSIONS

MINOR = "1.31"
REVISION = injection.NEW
_NAMESPACES = 10
_POD = "istiod-1-31-0"
_WEBHOOKS = (
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/"
    f"istio-sidecar-injector-{REVISION}"
)
# What istiod listens on, by the option that says where.
_LISTENERS = {
    "httpAddr": 8080,
    "grpcAddr": 15010,
    "secureGRPCAddr": 15012,
    "monitoringAddr": 15014,
    "httpsAddr": 15017,
}


@dataclass(slots=True, kw_only=True)
class Mesh:
    """An istiod that runs; its proxies are `pod-N.ns-M`, as `xdsfill` names them."""

    plane: ControlPlane
    ports: dict[int, int]
    template: Object = field(default_factory=dict)

    def connect(self, count: int) -> None:
        """Let so many proxies connect, and wait until each has its configuration."""
        programs = self.plane.programs
        name = f"xdsfill-{count}"
        xdsfill = self.plane.artifacts.path("xdsfill")
        options = (
            f"-address={ports.HOST}:{self.ports[15010]}",
            f"-count={count}",
            f"-namespaces={_NAMESPACES}",
            f"-version={ISTIO_VERSIONS[MINOR]}",
        )
        programs.start(name, (xdsfill, *options))
        wanted = f"{count} connected"
        programs.wait_until(wanted, lambda: wanted in programs.last_words(name), timeout=600)

    def add_pods(self, numbers: range) -> None:
        """The pods of these proxies, as this istiod injects them, running and ready."""
        each(lambda number: self.add_pod(f"ns-{number % _NAMESPACES}", number), numbers)

    def add_pod(self, namespace: str, number: int, **metadata: Any) -> None:
        """One such pod in any namespace."""
        path = f"/api/v1/namespaces/{namespace}/pods"
        name = f"pod-{number}"
        pod = {**self.template, "metadata": {**self.template["metadata"], "name": name, **metadata}}
        self.plane.api.send("POST", path, pod)
        status = {"status": kubelets.running(pod, number)}
        self.plane.api.send("PATCH", f"{path}/{name}/status", status, content_type=STRATEGIC)


@contextmanager
def mesh(bench: Bench) -> Iterator[Mesh]:
    """Start all of it; everything is gone afterwards."""
    program = building.portforward(bench.progress)
    with control_plane(bench.artifacts) as plane:
        kubelet, ctrlz, *listeners = ports.free(2 + len(_LISTENERS))
        found = Mesh(plane=plane, ports=dict(zip(_LISTENERS.values(), listeners, strict=True)))
        bench.say("installing Istio's objects")
        _install(found)
        kubelets.add_node(plane.api, "node", port=kubelet)
        bench.say("starting istiod")
        _start_istiod(found, ctrlz)
        _start_kubelet(found, program, kubelet)
        found.template = _injected(found)
        _call_no_webhook(plane)
        yield found


def _install(found: Mesh) -> None:
    """What istioctl would install, without what runs or is routed: there is no network of pods."""
    plane = found.plane
    document = plane.folder / "operator.yml"
    document.write_text(yaml.safe_dump(operator(MINOR, REVISION)))
    istioctl = plane.artifacts.path(f"istioctl-{MINOR}")
    manifest = plays.timed([istioctl, "manifest", "generate", "-f", document], home=plane.folder)
    documents = [each for each in yaml.safe_load_all(manifest.said) if each and _is_wanted(each)]
    for item in documents:
        _lead_to_process(item, found.ports[15017])
    path = plane.folder / "manifest.yml"
    path.write_text(yaml.safe_dump_all([_namespace(NAMESPACE), *documents]))
    kubectl = (plane.artifacts.path("kubectl"), f"--kubeconfig={plane.kubeconfig()}")
    plays.timed([*kubectl, "apply", "--server-side", "-f", path], home=plane.folder)
    namespaces = [f"ns-{number}" for number in range(_NAMESPACES)]
    for name in namespaces:
        body = _namespace(name, **{injection.REVISION: REVISION})
        plane.api.send("POST", "/api/v1/namespaces", body)
    # The controller that makes these accounts does not run.
    for name in (NAMESPACE, *namespaces):
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        plane.api.send("POST", f"/api/v1/namespaces/{name}/serviceaccounts", account)


def _is_wanted(item: Object) -> bool:
    kinds = ("Deployment", "Service", "PodDisruptionBudget", "ValidatingWebhookConfiguration")
    return item["kind"] not in kinds


def _lead_to_process(item: Object, port: int) -> None:
    for webhook in item.get("webhooks", ()):
        service = webhook["clientConfig"].pop("service")
        webhook["clientConfig"]["url"] = f"https://{ports.HOST}:{port}{service['path']}"


def _namespace(name: str, **labels: str) -> Object:
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _start_istiod(found: Mesh, ctrlz: int) -> None:
    plane = found.plane
    options = [f"--{name}={ports.HOST}:{found.ports[port]}" for name, port in _LISTENERS.items()]
    env = {
        "REVISION": REVISION,
        "POD_NAME": _POD,
        "POD_NAMESPACE": NAMESPACE,
        "CLUSTER_ID": "Kubernetes",
        "PILOT_CERT_PROVIDER": "istiod",
        "ISTIOD_CUSTOM_HOST": ports.HOST,
        "INJECTION_WEBHOOK_CONFIG_NAME": f"istio-sidecar-injector-{REVISION}",
        # By default it lets 25 proxies connect in a second.
        "PILOT_MAX_REQUESTS_PER_SECOND": "2000",
    }
    istiod = plane.artifacts.path(f"pilot-discovery-{MINOR}")
    login = (f"--kubeconfig={plane.kubeconfig()}", f"--namespace={NAMESPACE}")
    arguments = ("discovery", *login, f"--ctrlz_port={ctrlz}", *options)
    plane.programs.start("istiod", (istiod, *arguments), env)
    url = f"http://{ports.HOST}:{found.ports[8080]}/ready"
    plane.programs.wait_until("an istiod that is ready", lambda: _answers(url), timeout=180)


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False, timeout=2).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _start_kubelet(found: Mesh, program: Path, port: int) -> None:
    """The pod of istiod, and what forwards its ports."""
    plane, file = found.plane, found.plane.credentials.file
    forwarded = [f"-port={pod}={process}" for pod, process in found.ports.items()]
    options = (
        f"-listen={ports.HOST}:{port}",
        f"-authority={file('ca.crt')}",
        f"-certificate={file('server.crt')}",
        f"-key={file('server.key')}",
    )
    plane.programs.start("portforward", (program, *options, *forwarded))
    plane.programs.wait_until("the port-forward", lambda: ports.listens(port))
    labels = {"app": "istiod", injection.REVISION: REVISION, "sidecar.istio.io/inject": "false"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": _POD, "labels": labels},
        "spec": {
            "nodeName": "node",
            "containers": [{"name": "discovery", "image": f"localhost/istio/pilot:{MINOR}"}],
        },
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/pods"
    plane.api.send("POST", path, pod)
    status = {"status": kubelets.running(pod, 0)}
    plane.api.send("PATCH", f"{path}/{_POD}/status", status, content_type=STRATEGIC)


def _injected(found: Mesh) -> Object:
    """A pod as this istiod injects it, to be made many times without asking it each time."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "template", "labels": {"app": "shop", "version": "v1"}},
        "spec": {"nodeName": "node", "containers": [{"name": "app", "image": "localhost/app:1"}]},
    }
    made: dict[str, Any] = {}

    def is_injected() -> bool:
        # istiod has to write its authority into the webhook before it can be called.
        made.update(
            found.plane.api.send(
                "POST", "/api/v1/namespaces/ns-0/pods?dryRun=All", pod, allowed=(500,)
            )
        )
        return "sidecar.istio.io/status" in made.get("metadata", {}).get("annotations", {})

    found.plane.programs.wait_until("an injected pod", is_injected)
    kept = {key: made["metadata"][key] for key in ("labels", "annotations")}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": kept, "spec": made["spec"]}


def _call_no_webhook(plane: ControlPlane) -> None:
    webhooks = plane.api.get(_WEBHOOKS)
    for webhook in webhooks["webhooks"]:
        webhook["matchConditions"] = [injection.NEVER]
    plane.api.send("PUT", _WEBHOOKS, webhooks)
