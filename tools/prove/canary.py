# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole canary and its way back under load, and beside it the same done by hand."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import Any

from sandbox import istio
from tools.prove.mesh import Mesh, keep, seconds_since

_STREAMS = 8


def prove(mesh: Mesh, options: argparse.Namespace) -> bool:
    """There and back again under load, until enough requests were sent."""
    rounds: list[dict[str, Any]] = []
    mesh.reset()
    while sum(each["lost"]["sent"] for each in rounds) < options.requests:
        with mesh.load(_STREAMS) as running:
            started = time.monotonic()
            there = mesh.play("upgrade_canary", canary_stop_after="tags")
            upgraded = seconds_since(started)
            revisions = mesh.revisions()
            back = mesh.play("roll_back")
            took = seconds_since(started)
            lost = mesh.lost(running)
        rounds.append(
            {
                "codes": [there, back],
                "seconds": {"there": upgraded, "back": round(took - upgraded, 1)},
                "revisions": {"there": revisions, "back": mesh.revisions()},
                "lost": asdict(lost),
            }
        )
        print(f"canary: round {len(rounds)}: {[there, back]} in {took} s: {lost}", flush=True)
    keep("canary", rounds)
    return all(not each["lost"]["failed"] and each["codes"] == [0, 0] for each in rounds)


def compare(mesh: Mesh, _options: argparse.Namespace) -> bool:
    """The same by hand: install, relabel, restart everything, restart the gateways."""
    mesh.reset()
    kubectl = mesh.cluster.kubectl
    with mesh.load(_STREAMS) as running:
        started = time.monotonic()
        istio.install(mesh.cluster, "1.31", "1-31")
        spaces = [
            space for space in ("shop", "hard") if space == "shop" or mesh.workloads == "hard"
        ]
        for space in spaces:
            kubectl("label", "namespace", space, "istio-injection-", "istio.io/rev=1-31")
        for space in spaces:
            kubectl("rollout", "restart", "deployment", "-n", space)
            if space == "hard":
                kubectl("rollout", "restart", "statefulset", "-n", space)
                kubectl("delete", "pod", "-l", "app=daemon", "-n", space, "--wait=false")
        for space in spaces:
            kubectl("rollout", "status", "deployment", "-n", space, "--timeout=300s")
        for space in ("istio-ingress", "istio-egress"):
            label = '{"spec":{"template":{"metadata":{"labels":{"istio.io/rev":"1-31"}}}}}'
            name = f"deployment/istio-{space.removeprefix('istio-')}gateway"
            kubectl("patch", name, "-n", space, "-p", label)
            kubectl("rollout", "status", name, "-n", space, "--timeout=300s")
        took = seconds_since(started)
        time.sleep(10)
        lost = mesh.lost(running)
    print(f"by hand: in {took} s: {lost}", flush=True)
    keep("by_hand", {"seconds": took, "revisions": mesh.revisions(), "lost": asdict(lost)})
    return True
