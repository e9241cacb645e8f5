# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill the controller at random moments and run it again: the same end, and nothing is lost."""

from __future__ import annotations

import argparse
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from tools.prove.mesh import Mesh, keep
from tools.prove.path import NEW_VERSION
from tools.prove.watching import births, superfluous

_SHORTEST, _LONGEST = 3.0, 45.0
_SEED = 31
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/istio-system/leases"


def prove(mesh: Mesh, options: argparse.Namespace) -> bool:
    """Kill it so many times in all, in as many upgrades as that takes; each has to arrive."""
    moments = random.Random(_SEED)  # noqa: S311 - the same moments each time
    figures: list[dict[str, Any]] = []
    left = options.kills
    while left:
        mesh.reset()
        killed = []
        with births(mesh) as born, mesh.load() as running:
            while left:
                after = moments.uniform(_SHORTEST, _LONGEST)
                code = mesh.upgrade(kill_after=after)
                if code != -9:
                    break
                killed.append(round(after, 1))
                left -= 1
            else:
                code = mesh.upgrade()
            time.sleep(2)
            lost = mesh.lost(running)
        figures.append(
            {
                "killed_after": killed,
                "code": code,
                "lost": asdict(lost),
                "proxies": mesh.proxies(),
                "restarted_twice": superfluous(mesh, born, NEW_VERSION),
                "orphans": mesh.orphans(),
                "unready": mesh.unready(),
            }
        )
        print(f"kills: {len(killed)} in one upgrade: {code}: {lost}; {figures[-1]}", flush=True)
    keep(f"{mesh.path.name}_kills", figures)
    wrong = ("restarted_twice", "orphans", "unready")
    return all(
        each["code"] == 0 and not each["lost"]["failed"] and not any(each[name] for name in wrong)
        for each in figures
    )


def prove_lock(mesh: Mesh, _options: argparse.Namespace) -> bool:
    """Run it while it runs: the second is refused, the first does not notice."""
    mesh.reset()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(mesh.upgrade)
        while not first.done() and not _is_locked(mesh):
            time.sleep(0.5)
        second = mesh.upgrade()
        message = mesh.failure()
        codes = [first.result(), second]
    figures = {"codes": codes, "message": message, "proxies": mesh.proxies()}
    print(f"two runs at once: {figures}", flush=True)
    keep(f"{mesh.path.name}_two_runs", figures)
    return codes[0] == 0 and second != 0 and "Another run works on this upgrade" in message


def _is_locked(mesh: Mesh) -> bool:
    return any(
        each["metadata"]["name"] == "meshwright-upgrade" and each["spec"].get("holderIdentity")
        for each in mesh.cluster.objects.get(_LEASES)["items"]
    )
