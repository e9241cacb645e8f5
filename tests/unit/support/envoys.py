# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Envoys of a mesh in memory: each sends requests to every pod that it knows of.

What a Service leads to each of them learns with the next second, or some seconds late. So a request
is lost where a pod goes that one of them still knows of, or that has not answered yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.tests.unit.support import envoy_answers
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object, is_ready

Endpoints = dict[tuple[str, str], frozenset[str]]
# For how many seconds longer clients ask the pods of a headless Service that the DNS told them.
_DNS = 3


class Envoys:
    """Proxies by `namespace/name`.

    `late` is how many seconds each is behind; those in `dead` learn nothing more and do not answer
    the admin's questions. Each request takes `takes` seconds; `lost` are those that failed.
    With `hides_listeners` the numbers of their listeners are not kept. `lacking` are pairs of a
    revision and what gateways of it do not serve. `sent_away` are the pods that have told their
    clients to go.
    """

    def __init__(self, objects: Mapping[Any, Object]) -> None:
        self.late: dict[str, int] = {}
        self.dead: set[str] = set()
        self.takes = 2
        self.lost: list[str] = []
        self.hides_listeners = False
        self.lacking: set[tuple[str, str]] = set()
        self.sent_away: list[str] = []
        self._objects = objects
        self._now = 0
        self._open: defaultdict[str, list[int]] = defaultdict(list)
        self._died: dict[str, int] = {}
        self._history = [self._endpoints()]

    def step(self, now: int) -> None:
        """One second passes."""
        self._now = now
        self._history.append(self._endpoints())
        addresses = {pod["status"].get("podIP"): pod for pod in self._pods()}
        for proxy in self._pods():
            if is_ready(proxy) and _revision(proxy):
                self._send(proxy, addresses)

    def hold(self, pod: Object, number: int, until: int) -> None:
        """Keep so many requests open in a pod until that second."""
        self._open[pod["metadata"]["uid"]] += [until] * number

    def open_in(self, pod: Object) -> int:
        """How many requests it has not answered yet."""
        return sum(end > self._now for end in self._open[pod["metadata"]["uid"]])

    def gone(self, pod: Object) -> None:
        """It ends, and with it what it has open."""
        if number := self.open_in(pod):
            self.lost.append(f"{number} that {pod['metadata']['name']} had open")

    def answer(self, namespace: str, name: str, path: str, method: str) -> bytes:
        """What the Envoy of a pod says on its admin port."""
        pod = self._objects.get(("v1", "Pod", namespace, name))
        if pod is None:
            raise ApiError(f"There is no pod {name} any more.", status=404)
        if f"{namespace}/{name}" in self.dead:
            raise ApiError("It does not answer.", status=0)
        if not _revision(pod) or pod["status"]["phase"] != "Running":
            raise ApiError("Nobody listens there.", status=0)
        if (method, path) == ("POST", "/healthcheck/fail"):
            self.sent_away.append(name)
            return b"OK\n"
        if (method, path) == ("POST", "/quitquitquit"):
            raise AssertionError(f"{name} is ended, and not deleted before")
        if path == "/clusters":
            return self._clusters(pod)
        if path.startswith("/stats?filter="):
            return envoy_answers.gauges(
                self.open_in(pod), gateway=is_gateway(pod), hidden=self.hides_listeners
            )
        missing = {what for revision, what in self.lacking if revision == _revision(pod)}
        return envoy_answers.served(path, pod["metadata"]["uid"], missing)

    def _send(self, proxy: Object, addresses: Mapping[str, Object]) -> None:
        for (namespace, name), known in self._known(proxy).items():
            if not known and self._history[0].get((namespace, name)):
                self.lost.append(f"one, as {namespace}/{name} had no pod")
            for address in known:
                if address in addresses:
                    uid = addresses[address]["metadata"]["uid"]
                    self._open[uid].append(self._now + self.takes)
                else:
                    self.lost.append(f"one to {namespace}/{name} at {address}")

    def _known(self, proxy: Object) -> Endpoints:
        key = f"{proxy['metadata']['namespace']}/{proxy['metadata']['name']}"
        last = len(self._history) - 1
        if key in self.dead:
            last = self._died.setdefault(key, last)
        seen = max(0, last - self.late.get(key, 0))
        headless = {
            (item["metadata"]["namespace"], item["metadata"]["name"])
            for item in self.services()
            if item["spec"].get("clusterIP") == "None"
        }
        return {
            service: self._history[max(0, seen - (_DNS if service in headless else 0))].get(
                service, frozenset()
            )
            for service in self._history[seen]
        }

    def _clusters(self, pod: Object) -> bytes:
        known = {
            f"{name}.{namespace}.svc.cluster.local": sorted(addresses)
            for (namespace, name), addresses in self._known(pod).items()
        }
        address = pod["status"].get("podIP", "")
        serves = any(address in found for found in self._history[-1].values())
        return envoy_answers.clusters(
            known, address if serves else "", self.open_in(pod), gateway=is_gateway(pod)
        )

    def _endpoints(self) -> Endpoints:
        return {
            (item["metadata"]["namespace"], item["metadata"]["name"]): frozenset(
                pod["status"]["podIP"] for pod in self.behind(item)
            )
            for item in self.services()
        }

    def behind(self, service: Object) -> list[Object]:
        """The ready pods to which a Service leads."""
        selector = service["spec"]["selector"]
        return [
            pod
            for pod in self._pods()
            if is_ready(pod)
            and pod["metadata"]["namespace"] == service["metadata"]["namespace"]
            and selector.items() <= pod["metadata"]["labels"].items()
        ]

    def services(self) -> Iterator[Object]:
        """Those that select pods."""
        for item in list(self._objects.values()):
            if item["kind"] == "Service" and item["spec"].get("selector"):
                yield item

    def _pods(self) -> list[Object]:
        return [item for item in self._objects.values() if item["kind"] == "Pod"]


def is_gateway(pod: Object) -> bool:
    managed = "gateway.istio.io/managed" in pod["metadata"]["labels"]
    return managed or "inject.istio.io/templates" in pod["metadata"]["annotations"]


def _revision(pod: Object) -> str:
    found: str = pod["metadata"].get("annotations", {}).get("istio.io/rev", "")
    return found
