# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kill the controller at random moments and run it again: the same end, and nothing is lost."""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import asdict
from typing import Any

from tools.prove.mesh import Mesh, keep

_SHORTEST, _LONGEST = 3.0, 45.0
_SEED = 31


def prove(mesh: Mesh, options: argparse.Namespace) -> bool:
    """Kill it so many times in all, in as many upgrades as that takes; each has to arrive."""
    moments = random.Random(_SEED)  # noqa: S311 - the same moments each time
    figures: list[dict[str, Any]] = []
    left = options.kills
    while left:
        mesh.reset()
        killed = []
        with mesh.load() as running:
            while left:
                after = moments.uniform(_SHORTEST, _LONGEST)
                code = mesh.play("upgrade_canary", kill_after=after)
                if code != -9:
                    break
                killed.append(round(after, 1))
                left -= 1
            else:
                code = mesh.play("upgrade_canary")
            time.sleep(2)
            lost = mesh.lost(running)
        figures.append(
            {
                "killed_after": killed,
                "code": code,
                "lost": asdict(lost),
                "revisions": mesh.revisions(),
                "orphans": mesh.orphans(),
                "unready": mesh.unready(),
            }
        )
        print(f"kills: {len(killed)} in one upgrade: {code}: {lost}; {figures[-1]}", flush=True)
    keep("kills", figures)
    return all(
        each["code"] == 0 and not each["lost"]["failed"] and not each["orphans"] for each in figures
    )
