# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mesh in memory that runs: its controllers and Envoys do their work with each second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Witness
from ansible_collections.meshwright.istio.tests.unit.support.controllers import Controllers
from ansible_collections.meshwright.istio.tests.unit.support.envoys import Envoys
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi
from ansible_collections.meshwright.istio.tests.unit.support.pod_facts import Object

_ADMIN = 15000


class KilledError(BaseException):
    """The process ended in the middle of its work; nothing in the module may catch it."""


class RunningMesh(FakeApi):
    """`fewest` is the smallest number of ready pods behind each Service until now.

    After `kill_after` writes the process is killed before it sends another request. `each_second`
    is called with each second that passes.
    """

    def __init__(
        self,
        *objects: Mapping[str, Any],
        first: Callable[[Object], tuple[str, str]] = lambda _item: ("1-30", "1.30.4"),
    ) -> None:
        self.kill_after: int | None = None
        self.witnesses: list[Witness] = []
        self.fewest: dict[str, int] = {}
        self.each_second: Callable[[int], None] = lambda _now: None
        super().__init__(*objects)
        self.controllers = Controllers(self, first=first)
        self.network = Envoys(self.objects)
        notice = self.on_write

        def on_write(api: FakeApi, event: str, item: Object) -> None:
            notice(api, event, item)
            self._measure()

        self.on_write = on_write
        self._measure()

    @property
    def now(self) -> int:
        return self.controllers.now

    def step(self) -> None:
        """One second passes."""
        # What was put right within a second nobody learns: istiod waits for the dust to settle.
        self.network.step(self.now + 1)
        self.controllers.step()
        self._measure()
        self.each_second(self.now)
        for witness in self.witnesses:
            witness._feed.read()
            witness.ask_round()

    def run_on(self, seconds: int) -> None:
        """Many seconds pass, and nobody does anything."""
        for _second in range(seconds):
            self.step()

    def let_live(self) -> None:
        """A new process begins."""
        self.kill_after = None
        self.witnesses = []

    def marked(self) -> list[str]:
        """The pods that are still on their way out."""
        return [
            pod["metadata"]["name"]
            for pod in self.controllers.all_pods()
            if "meshwright.istio/draining" in pod["metadata"]["annotations"]
        ]

    def pod(self, name: str) -> Object:
        """The one pod whose name begins so."""
        (found,) = self.controllers.pods(name)
        return found

    def remove(self, kind: Kind, name: str, namespace: str | None = None) -> None:
        item = self.objects[self._key(kind, name, namespace)]
        if item["kind"] == "Pod":
            self.network.gone(item)
        super().remove(kind, name, namespace)

    def pod_get(
        self,
        pod: str,
        namespace: str,
        *,
        port: int,
        path: str,
        timeout: float = 30.0,
        method: str = "GET",
    ) -> bytes:
        if port == _ADMIN:
            return self.network.answer(namespace, pod, path, method)
        return super().pod_get(pod, namespace, port=port, path=path, timeout=timeout, method=method)

    def _request(
        self, verb: str, kind: Kind, name: str, *, dry_run: bool = False, reads: bool = False
    ) -> None:
        if self.kill_after is not None and len(self.writes) >= self.kill_after:
            raise KilledError
        super()._request(verb, kind, name, dry_run=dry_run, reads=reads)

    def _measure(self) -> None:
        for item in self.network.services():
            name = item["metadata"]["name"]
            number = len(self.network.behind(item))
            self.fewest[name] = min(number, self.fewest.get(name, number))
