# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stop an upgrade after each of its phases and take it back: nothing is lost, all is as before."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import Any

from tools.prove.mesh import Mesh, keep, seconds_since


def prove(mesh: Mesh, options: argparse.Namespace) -> bool:
    """From every phase, each time from a mesh that is as new."""
    figures: dict[str, Any] = {}
    for phase in options.phases or mesh.path.phases:
        mesh.reset()
        before = mesh.proxies()
        with mesh.load() as running:
            there = mesh.upgrade(stop_after=phase)
            moved = mesh.proxies()
            started = time.monotonic()
            back = mesh.roll_back()
            took = seconds_since(started)
            lost = mesh.lost(running)
        figures[phase] = {
            "codes": [there, back],
            "seconds": took,
            "lost": asdict(lost),
            "moved": moved,
            "as_before": mesh.proxies() == before,
            "orphans": mesh.orphans(),
            "unready": mesh.unready(),
        }
        print(f"way back from {phase}: {[there, back]} in {took} s: {lost}", flush=True)
    keep(f"{mesh.path.name}_way_back", figures)
    return all(
        each["codes"] == [0, 0]
        and not each["lost"]["failed"]
        and each["as_before"]
        and not each["orphans"]
        and not each["unready"]
        for each in figures.values()
    )
