# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pod on its way out, with a witness that says what a test has told it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._departure import Departure
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import Passage, Way
from ansible_collections.meshwright.istio.plugins.module_utils._envoy import PORT
from ansible_collections.meshwright.istio.plugins.module_utils._hiding import Ticks
from ansible_collections.meshwright.istio.plugins.module_utils._leaving import Leaving
from ansible_collections.meshwright.istio.plugins.module_utils._patience import (
    UNDERWAY,
    Patience,
)
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._witness import Knowledge, Leaver
from ansible_collections.meshwright.istio.tests.unit.support import mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

WEB = Reference(namespace="shop", kind="Deployment", name="web")
GAUGES = "/stats?filter=%5Ehttp%5C.(inbound%7Coutbound)_.*downstream_rq_active$"
QUIT = "/quitquitquit"
DEPARTURE = Departure(changes={"app": "draining"}, before={"app": "web"})
LABELS = {"app": "web", "pod-template-hash": "6d4", "tier": "front"}


class Told:
    """What a witness says is what the test has told it."""

    def __init__(self) -> None:
        self.knowledge = Knowledge()
        self.watched: dict[str, Leaver] = {}
        self.forgotten: list[str] = []
        self.started = 0

    def start(self) -> None:
        self.started += 1

    def watch(self, leaver: Leaver) -> None:
        self.watched[leaver.pod.name] = leaver

    def doubt(self, pod: Pod) -> None:
        assert pod.name in self.watched
        self.knowledge = replace(self.knowledge, proxies=0, lacking=(), since=None)

    def forget(self, pod: Pod) -> None:
        self.forgotten.append(pod.name)

    def about(self, _pod: Pod) -> Knowledge:
        return self.knowledge


class Scene:
    """One pod of a workload, and a clock."""

    def __init__(self, **more: Any) -> None:
        self.now = 100.0
        self.api = FakeApi(mesh_objects.pod("web-0", "shop", revision="1-30", labels=dict(LABELS)))
        self.answer_open(0)
        self.witness = Told()
        ticks = Ticks()
        ticks.note_none(self.pod.node)
        release = more.pop("release", "pod-template-hash")
        passage = Passage(
            way=Way.SUCCESSOR, departure=more.pop("departure", DEPARTURE), release=release
        )
        self.leaving = Leaving(
            self.api,
            self.witness,  # type: ignore[arg-type]
            WEB,
            passage,
            Patience(limit=45, hold=10),
            clock=lambda: self.now,
            ticks=ticks,
            **more,
        )

    def answer_open(self, number: int) -> None:
        """What its Envoy says when it is asked as a gateway is."""
        clusters = f"outbound|80||a.b::10.1.0.7:80::rq_active::{number}"
        self.api.pod_answers["shop", "web-0", PORT, "/clusters"] = clusters.encode()
        self.api.pod_answers["shop", "web-0", PORT, GAUGES] = b""
        self.api.pod_answers["shop", "web-0", PORT, QUIT] = b"OK\n"

    @property
    def item(self) -> dict[str, Any]:
        return self.api.objects["v1", "Pod", "shop", "web-0"]

    @property
    def pod(self) -> Pod:
        return Pod.from_object(self.item)

    @property
    def labels(self) -> dict[str, str]:
        found: dict[str, str] = self.item["metadata"]["labels"]
        return found

    def out(self) -> Pod:
        self.leaving.leave(self.pod)
        return self.pod

    def tell(self, **known: Any) -> None:
        self.witness.knowledge = Knowledge(proxies=3, **known)

    def take_out(self) -> None:
        """As often as it takes until its labels may change."""
        self.leaving.take_out(self.pod)
        self.tell(since=self.now - UNDERWAY, open=0, asked=self.now)
        self.leaving.take_out(self.pod)

    def see_off(self) -> str:
        return self.leaving.see_off(self.leaving.pods([self.pod])).reason

    @property
    def is_there(self) -> bool:
        return ("v1", "Pod", "shop", "web-0") in self.api.objects
