# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gateways of the Gateway API, and the istiods that deploy them, in memory."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.tests.unit.support import gateways
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.mesh_objects import (
    namespace as space_of,
)
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object
from ansible_collections.meshwright.istio.tests.unit.support.workload_objects import selecting

REVISION = "istio.io/rev"
NAME_LABEL = "gateway.networking.k8s.io/gateway-name"
NAME = "public-istio"
REFERENCE = f"edge/Deployment/{NAME}"
# How many seconds the kubelet takes to believe that a pod is not ready.
PROBES = 4
_GATEWAY = ("gateway.networking.k8s.io/v1", "Gateway", "edge", "public")
_DEPLOYMENT = ("apps/v1", "Deployment", "edge", NAME)
_MODIFY = "/runtime_modify?circuit_breakers.agent.default.max_requests=0"


class ApiGatewayCluster(gateways.GatewayCluster):
    """One Gateway, which istiod has deployed; the istiods in `dead` render nothing any more.

    `detached` are the revisions whose istiod attaches no route, `layers` what the runtime of each
    Envoy is made of.
    """

    def __init__(
        self, *objects: Mapping[str, Any], label: str | None = None, rev: str | None = "1-30"
    ) -> None:
        self.dead: set[str] = set()
        self.detached: set[str] = set()
        self.layers = ["global config", "admin"]
        self._unready_from: dict[str, int] = {}
        space = {"rev": rev} if rev else {}
        first = label or rev or "default"
        super().__init__(
            space_of("edge", **space),
            _gateway(label),
            _deployment(label, first, gateways.VERSIONS[first]),
            gateways.service(NAME, **{NAME_LABEL: "public"}),
            *objects,
        )
        answer = self.network.answer

        def answered(namespace: str, name: str, path: str, method: str) -> bytes:
            return self._runtime(name, path) or answer(namespace, name, path, method)

        self.network.answer = answered  # type: ignore[method-assign]
        noticed = self.on_write

        def notice(api: FakeApi, event: str, item: Object) -> None:
            if item["kind"] == "ReplicaSet":
                hashed = item["metadata"]["labels"]["pod-template-hash"]
                self.controllers.replica_sets.resize(_SETS, hashed, item["spec"]["replicas"])
            noticed(api, event, item)

        self._show_sets()
        self.on_write = notice

    @property
    def gateway(self) -> Object:
        """The Gateway as it is now."""
        return self.objects[_GATEWAY]

    @property
    def spec(self) -> Object:
        """That of its Deployment, without the template."""
        spec: Object = self.deployment(NAME)["spec"]
        del spec["template"]
        return spec

    def point_gateway_at(self, revision: str) -> None:
        """As somebody does who changes the label of the Gateway."""
        metadata = self.gateway["metadata"]
        self.put({**self.gateway, "metadata": {**metadata, "labels": {REVISION: revision}}})

    def step(self) -> None:
        self._render()
        super().step()
        for name, second in list(self._unready_from.items()):
            item = self.objects.get(("v1", "Pod", "edge", name))
            if item is not None and second == self.now:
                status = {**item["status"], "conditions": [{"type": "Ready", "status": "False"}]}
                self.put({**item, "status": status})
        self._show_sets()

    def _render(self) -> None:
        """Each istiod writes what follows it, as soon as it is told."""
        label = (self.gateway["metadata"].get("labels") or {}).get(REVISION)
        space = self.objects["v1", "Namespace", None, "edge"]["metadata"]["labels"].get(REVISION)
        revision = label or space or "default"
        if revision in self.dead:
            return
        item = self.objects[_DEPLOYMENT]
        template = _deployment(label, revision, self.versions[revision])["spec"]["template"]
        if item["spec"]["template"] != template:
            self.put({**item, "spec": {**item["spec"], "template": template}})
        status = _status(0 if revision in self.detached else 2)
        if self.gateway["status"] != status:
            self.put({**self.gateway, "status": status})

    def _show_sets(self) -> None:
        for hashed, size in self.controllers.replica_sets.sizes(_SETS).items():
            item = selecting("apps/v1", "ReplicaSet", f"{NAME}-{hashed}", "edge", {})
            item["metadata"]["labels"] = {"pod-template-hash": hashed}
            item["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": NAME}]
            item["spec"] = {"replicas": size}
            known = self.objects.get(("apps/v1", "ReplicaSet", "edge", item["metadata"]["name"]))
            if known is None or known["spec"] != item["spec"]:
                self.put(item)

    def _runtime(self, name: str, path: str) -> bytes:
        if path == "/runtime":
            return json.dumps({"layers": self.layers}).encode()
        if path == _MODIFY:
            self._unready_from.setdefault(name, self.now + PROBES)
            self.controllers.unready.add(name)
            return b"OK\n"
        return b""


# What `served` says where both pods, or others for them, have served all the time.
SERVED: tuple[int, list[str]] = (2, [])


def served(api: ApiGatewayCluster) -> tuple[int, list[str]]:
    """The fewest pods that there were behind the Service, and what was lost."""
    return api.fewest[NAME], api.network.lost


def names(api: ApiGatewayCluster) -> list[str]:
    """The names of its pods."""
    return sorted(pod["metadata"]["name"] for pod in api.controllers.pods(NAME))


_SETS = ("Deployment", "edge", NAME)


def _gateway(label: str | None) -> Object:
    spec = {"gatewayClassName": "istio", "listeners": [{"name": "http"}]}
    item = selecting(*_GATEWAY[:2], "public", "edge", spec)
    item["metadata"]["labels"] = {REVISION: label} if label else {}
    return {**item, "status": _status(2)}


def _status(routes: int) -> Object:
    programmed = [{"type": "Programmed", "status": "True"}]
    return {"listeners": [{"name": "http", "attachedRoutes": routes, "conditions": programmed}]}


def _deployment(label: str | None, revision: str, version: str) -> Object:
    """As the istiod of that revision renders it: with the labels of the Gateway."""
    copied = {REVISION: label} if label else {}
    labels = {"gateway.istio.io/managed": "istio.io-gateway-controller", NAME_LABEL: "public"}
    item = gateways.gateway(
        NAME, selector={NAME_LABEL: "public"}, strategy={"type": "RollingUpdate"}
    )
    item["metadata"]["labels"] = {**labels, **copied}
    item["metadata"]["ownerReferences"] = [{"kind": "Gateway", "name": "public", "uid": "g"}]
    item["spec"]["template"] = {
        "metadata": {"annotations": {REVISION: revision}, "labels": {**labels, **copied}},
        "spec": {"containers": [{"name": "istio-proxy", "image": f"proxyv2:{version}"}]},
    }
    return copy.deepcopy(item)
