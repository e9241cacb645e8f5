# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each bad version of the sandbox: what it costs, and that everything is as it was before."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import Any

from sandbox.istio import Bad
from tools.environment import CHECKOUT
from tools.prove.mesh import Mesh, keep, seconds_since


def prove(mesh: Mesh, _options: argparse.Namespace) -> bool:
    """The upgrade fails, nothing is lost, and every pod is as before."""
    figures: dict[str, Any] = {}
    for bad in Bad:
        mesh.reset()
        before = {pod["metadata"]["uid"] for pod in mesh.pods()}
        proxies = mesh.proxies()
        with mesh.load() as running:
            started = time.monotonic()
            code = mesh.upgrade(
                values_files=[str(CHECKOUT / "sandbox" / "bad" / f"{bad}.yml")],
                try_images=False,
                wait_timeout=90,
            )
            took = seconds_since(started)
            lost = mesh.lost(running)
        figures[str(bad)] = {
            "code": code,
            "seconds": took,
            "lost": asdict(lost),
            "as_before": mesh.proxies() == proxies,
            "replaced": len(before - {pod["metadata"]["uid"] for pod in mesh.pods()}),
            "orphans": mesh.orphans(),
            "unready": mesh.unready(),
            "message": mesh.failure(),
        }
        print(
            f"bad version {bad}: code {code} in {took} s: {lost}; {figures[str(bad)]}", flush=True
        )
    keep(f"{mesh.path.name}_bad_versions", figures)
    return all(
        each["code"] != 0
        and each["lost"]["failed"] == 0
        and each["as_before"]
        and not each["orphans"]
        and not each["unready"]
        for each in figures.values()
    )
