# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._rejections import Rejections
from ansible_collections.meshwright.istio.tests.unit.support import istiods, mesh_objects
from ansible_collections.meshwright.istio.tests.unit.support.fake_api import FakeApi

REJECTED = {
    "sent": "later",
    "acked": istiods.SENT,
    "sentTime": "2026-05-04T08:00:01Z",
    "lastError": "no such filter",
}


def pod(*, ready: bool = False, revision: str | None = "1-31", **metadata: Any) -> Pod:
    item = mesh_objects.pod("web-0", "shop", revision=revision)
    item["metadata"] |= {"uid": "uid-1", **metadata}
    item["status"]["conditions"] = [{"type": "Ready", "status": str(ready)}]
    return Pod.from_object(item)


class Mesh:
    """An istiod that says that the proxy rejects its listeners, and a clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.api = FakeApi(istiods.pod("istiod-1-31-0", "1-31"))
        self.say(REJECTED)
        self.rejections = Rejections(self.api, {"istio-system"}, lambda: self.now)

    def say(self, listeners: dict[str, str] | None) -> None:
        found = istiods.entry("web-0.shop", version="1.31.0", listeners=listeners)
        istiods.serve(self.api, "istiod-1-31-0", "1.31.0", [found])

    def asked(self) -> int:
        return self.api.reads.count(("list", "Pod"))

    def look(self, found: Pod | None = None, *, after: float = 0.0) -> str:
        self.now += after
        return self.rejections.among([found or pod()]).reason


def test_tells_what_the_proxy_rejects_once_the_pod_is_suspect() -> None:
    mesh = Mesh()
    assert (mesh.look(), mesh.look(after=7.9), mesh.asked()) == ("", "", 0)
    said = mesh.look(after=0.2)
    assert said == "the proxy of pod web-0 rejects LDS: no such filter"
    assert mesh.rejections.among([pod()]).can_improve is False


def test_what_is_said_of_every_listener_is_told_in_short() -> None:
    mesh = Mesh()
    each = "0.0.0.0_{}: no such filter\n"
    mesh.say({**REJECTED, "lastError": "".join(each.format(port) for port in range(200))})
    said = [mesh.look(), mesh.look(after=9)][1]
    assert said.startswith(
        "the proxy of pod web-0 rejects LDS: 0.0.0.0_0: no such filter 0.0.0.0_1"
    )
    assert said.endswith(" …")
    assert len(said) < 340


def test_asks_not_more_often_than_needed() -> None:
    mesh = Mesh()
    mesh.look()
    mesh.look(after=9)
    mesh.say(None)
    assert mesh.look(after=1) != ""
    assert (mesh.look(after=2), mesh.asked()) == ("", 2)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(pod(ready=True), id="ready"),
        pytest.param(pod(deletionTimestamp="2026-02-03T00:00:00Z"), id="ending"),
        pytest.param(pod(revision=None), id="no sidecar"),
    ],
)
def test_does_not_suspect_what_is_well_or_goes(found: Pod) -> None:
    mesh = Mesh()
    mesh.look(found)
    assert (mesh.look(found, after=60), mesh.asked()) == ("", 0)


def test_an_istiod_that_cannot_be_asked_says_nothing() -> None:
    mesh = Mesh()
    mesh.api.put(istiods.pod("istiod-1-31-0", "1-31", phase="Pending"))
    mesh.look()
    assert (mesh.look(after=9), mesh.asked()) == ("", 1)
