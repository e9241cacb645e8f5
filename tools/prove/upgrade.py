# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole upgrade and its way back under load, and beside it the same done by hand."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sandbox import istio
from tools.prove.mesh import Mesh, keep, seconds_since
from tools.prove.path import CANARY, NEW, NEW_VERSION
from tools.prove.watching import every_second

_STREAMS = 8
_GATEWAYS = {"istio-ingress": "istio-ingressgateway", "istio-egress": "istio-egressgateway"}
_KILLED = 4
_ISTIODS = "/api/v1/namespaces/istio-system/pods"


def prove(mesh: Mesh, options: argparse.Namespace) -> bool:
    """There and back again under load, until enough requests were sent."""
    rounds: list[dict[str, Any]] = []
    mesh.reset()
    while sum(each["lost"]["sent"] for each in rounds) < options.requests:
        with mesh.load(_STREAMS) as running:
            started = time.monotonic()
            there = mesh.upgrade(stop_after=mesh.path.phases[-1])
            upgraded = seconds_since(started)
            proxies = mesh.proxies()
            back = mesh.roll_back()
            took = seconds_since(started)
            lost = mesh.lost(running)
        rounds.append(
            {
                "codes": [there, back],
                "seconds": {"there": upgraded, "back": round(took - upgraded, 1)},
                "proxies": {"there": proxies, "back": mesh.proxies()},
                "lost": asdict(lost),
            }
        )
        print(f"upgrade: round {len(rounds)}: {[there, back]} in {took} s: {lost}", flush=True)
    keep(f"{mesh.path.name}_upgrade", rounds)
    return all(not each["lost"]["failed"] and each["codes"] == [0, 0] for each in rounds)


def prove_without_istiod(mesh: Mesh, _options: argparse.Namespace) -> bool:
    """Kill every istiod as soon as one of the new version runs, and again when it does again."""
    mesh.reset()
    killed: set[str] = set()

    def kill() -> None:
        istiods = [
            each
            for each in mesh.cluster.objects.get(_ISTIODS)["items"]
            if each["metadata"]["labels"].get("app") == "istiod"
            and each["status"]["phase"] == "Running"
        ]
        if len(killed) < _KILLED and any(_is_new(each) for each in istiods):
            names = [each["metadata"]["name"] for each in istiods]
            killed.update(names)
            at_once = ("--force", "--grace-period=0", "--wait=false")
            mesh.cluster.kubectl("delete", "pod", "-n", "istio-system", *names, *at_once)

    with mesh.load() as running, every_second(kill):
        code = mesh.upgrade()
        lost = mesh.lost(running)
    figures = {"code": code, "killed": sorted(killed), "lost": asdict(lost)}
    print(f"without istiod: {code}, {len(killed)} killed: {lost}", flush=True)
    keep(f"{mesh.path.name}_without_istiod", {**figures, "proxies": mesh.proxies()})
    return code == 0 and len(killed) >= _KILLED and not lost.failed


def _is_new(istiod: Any) -> bool:
    [image] = [each["image"] for each in istiod["spec"]["containers"]]
    return bool(image.endswith(f":{NEW_VERSION}"))


def compare(mesh: Mesh, _options: argparse.Namespace) -> bool:
    """The same by hand: install, relabel, restart everything, restart the gateways."""
    mesh.reset()
    kubectl = mesh.cluster.kubectl
    spaces = ["shop", *(["hard"] if mesh.workloads == "hard" else [])]
    with mesh.load(_STREAMS) as running:
        started = time.monotonic()
        if mesh.path is CANARY:
            istio.install(mesh.cluster, NEW, "1-31")
            for space in spaces:
                kubectl("label", "namespace", space, "istio-injection-", "istio.io/rev=1-31")
        else:
            istio.install(mesh.cluster, NEW)
        for space in spaces:
            kubectl("rollout", "restart", "deployment", "-n", space)
            if space == "hard":
                kubectl("rollout", "restart", "statefulset", "-n", space)
                kubectl("delete", "pod", "-l", "app=daemon", "-n", space, "--wait=false")
        for space in spaces:
            kubectl("rollout", "status", "deployment", "-n", space, "--timeout=300s")
        for space, gateway in _GATEWAYS.items():
            _restart_gateway(kubectl, space, gateway, by_label=mesh.path is CANARY)
        took = seconds_since(started)
        time.sleep(10)
        lost = mesh.lost(running)
    print(f"by hand: in {took} s: {lost}", flush=True)
    figures = {"seconds": took, "proxies": mesh.proxies(), "lost": asdict(lost)}
    keep(f"{mesh.path.name}_by_hand", figures)
    return True


def _restart_gateway(
    kubectl: Callable[..., str], space: str, gateway: str, *, by_label: bool
) -> None:
    name = f"deployment/{gateway}"
    if by_label:
        label = '{"spec":{"template":{"metadata":{"labels":{"istio.io/rev":"1-31"}}}}}'
        kubectl("patch", name, "-n", space, "-p", label)
    else:
        kubectl("rollout", "restart", name, "-n", space)
    kubectl("rollout", "status", name, "-n", space, "--timeout=300s")
