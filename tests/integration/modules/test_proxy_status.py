# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of proxies is what istioctl tells, and what it cannot tell beside."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.cluster import Cluster
from tests.integration.support import rejecting
from tests.integration.support.lab import NEW, Lab
from tests.integration.support.rejecting import bad, told_by_istioctl

PODS = "/api/v1/namespaces/shop/pods"
# An istiod that cannot start.
DEAD_ISTIOD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "istiod-dead",
        "namespace": "istio-system",
        "labels": {"app": "istiod", "istio.io/rev": NEW},
    },
    "spec": {
        "containers": [{"name": "discovery", "image": "localhost/none", "imagePullPolicy": "Never"}]
    },
}


def _told_by_us(result: Any) -> dict[str, tuple[str, bool]]:
    return {
        f"{each['name']}.{each['namespace']}": (each["version"], each["state"] == "synced")
        for each in result["proxies"]
    }


def _restart_payments(cluster: Cluster, *, wait: bool = True) -> None:
    cluster.kubectl("rollout", "restart", "-n", "shop", "deployment/payments")
    if wait:
        cluster.kubectl("rollout", "status", "-n", "shop", "deployment/payments")
        # The old pod's proxy would be told of once, and be gone when the other is asked.
        cluster.objects.wait(PODS, _ending, what="the end of the old pod")


def _ending(pods: list[dict[str, Any]]) -> str:
    found = [each["metadata"] for each in pods]
    return ", ".join(each["name"] for each in found if "deletionTimestamp" in each)


def test_two_revisions_are_told_as_istioctl_tells_them(beside: Cluster, lab: Lab) -> None:
    beside.kubectl("label", "namespace", "shop", "istio-injection-", f"istio.io/rev={NEW}")
    _restart_payments(beside)
    rejecting.begin(beside)
    rejected = {f"{each['metadata']['name']}.shop" for each in _pods_of(lab, "catalog")}

    lab.recorder.take()
    seen = lab.ansible.module("proxy_status", details="all").result
    assert lab.recorder.writes() == []
    told = _told_by_us(seen)
    assert told == told_by_istioctl(beside, "default") | told_by_istioctl(beside, NEW)
    assert bad(told) == rejected
    assert seen["complete"]
    proxies = {f"{each['name']}.{each['namespace']}": each for each in seen["proxies"]}
    for name in rejected:
        assert proxies[name]["state"] == "rejected"
        assert "no.such.Filter" in proxies[name]["reason"]
    moved = {name for name, each in proxies.items() if each["revision"] == NEW}
    assert moved == {f"{each['metadata']['name']}.shop" for each in _pods_of(lab, "payments")}
    waiting = {name for name, each in proxies.items() if each["waiting_for_restart"]}
    assert waiting == {name for name in proxies if name.endswith(".shop")} - moved

    for options, wanted in (
        ({"namespaces": ["istio-ingress"]}, {n for n in proxies if n.endswith(".istio-ingress")}),
        ({"workloads": ["shop/Deployment/payments"]}, moved),
        ({"revision": NEW}, moved),
    ):
        some = lab.ansible.alone("proxy_status", details="all", **options).result
        assert set(_told_by_us(some)) == wanted, options


def _pods_of(lab: Lab, app: str) -> list[dict[str, Any]]:
    return [each for each in lab.pods("shop") if each["metadata"]["labels"]["app"] == app]


def test_a_dead_istiod_makes_the_answer_partial(mesh: Cluster, lab: Lab) -> None:
    mesh.apply([DEAD_ISTIOD])
    try:
        seen = lab.ansible.alone("proxy_status").result
    finally:
        # No reset takes it away.
        mesh.objects.delete("/api/v1/namespaces/istio-system/pods/istiod-dead")
    assert not seen["complete"]
    assert [each["name"] for each in seen["unreachable_istiods"]] == ["istiod-dead"]
    assert seen["summary"]["by_version"] == {"1.30.4": 11}


def test_waiting_ends_when_all_are_there_and_names_who_is_not(beside: Cluster, lab: Lab) -> None:
    beside.kubectl("label", "namespace", "shop", "istio-injection-", f"istio.io/rev={NEW}")
    waiting: dict[str, Any] = {
        "workloads": ["shop/Deployment/payments"],
        "wait": True,
        "wait_condition": {"revision": NEW},
    }
    failed = lab.ansible.alone("proxy_status", fails=True, **waiting, wait_timeout=2)
    [missing] = failed.result["missing"]
    [pod] = _pods_of(lab, "payments")
    assert missing["name"] == pod["metadata"]["name"]
    assert missing["missing"] == "is on default (1.30.4)"

    _restart_payments(beside, wait=False)
    done = lab.ansible.module("proxy_status", **waiting, wait_timeout=300)
    assert done.result["summary"]["by_revision"][NEW] == 1
    [pod] = _pods_of(lab, "payments")
    assert pod["metadata"]["annotations"]["istio.io/rev"] == NEW


def test_a_pod_that_no_istiod_knows_is_not_connected(mesh: Cluster, lab: Lab) -> None:
    [pod] = _pods_of(lab, "payments")
    with _frozen(pod["metadata"]["uid"]):
        # Every agent connects anew, but the one that cannot.
        mesh.kubectl("rollout", "restart", "-n", "istio-system", "deployment/istiod")
        mesh.kubectl("rollout", "status", "-n", "istio-system", "deployment/istiod")
        alone = {pod["metadata"]["name"]: "not_connected"}
        end = time.monotonic() + 300
        while _states(lab) != alone and time.monotonic() < end:
            time.sleep(0.5)
        assert _states(lab) == alone
    done = lab.ansible.alone("proxy_status", namespaces=["shop"], wait=True, wait_timeout=300)
    assert done.result["summary"]["by_state"]["synced"] == 8


def _states(lab: Lab) -> dict[str, str]:
    """The proxies of the shop that are not well."""
    seen = lab.ansible.alone("proxy_status", namespaces=["shop"]).result
    return {each["name"]: each["state"] for each in seen["proxies"]}


@contextmanager
def _frozen(uid: str) -> Iterator[None]:
    """The agent of a pod is there and does nothing."""
    agents = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _read(folder / "comm").strip() == "pilot-agent" and uid in _read(folder / "cgroup")
    ]
    assert agents
    for agent in agents:
        os.kill(agent, signal.SIGSTOP)
    try:
        yield
    finally:
        for agent in agents:
            os.kill(agent, signal.SIGCONT)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
