# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one program of the benchmarks' own; everything else is the sandbox's."""

from __future__ import annotations

from pathlib import Path

from sandbox import cache, compiling, toolchain
from sandbox.parts import GIB, Part
from sandbox.progress import Progress

PORTFORWARD = Part(
    name="portforward",
    disk=GIB // 2,
    module=Path(__file__).resolve().parent / "portforward",
    packages={"portforward": "meshwright.istio/benchmarks/portforward"},
)


def portforward(progress: Progress) -> Path:
    """The program that forwards ports to processes, built now if it is not there."""
    entry = PORTFORWARD.entry(toolchain.find().version)
    if not entry.is_there() or entry.damaged():
        with cache.locked(progress):
            progress.step("building the port-forward")
            compiling.prepare([PORTFORWARD], progress).build(PORTFORWARD)
            compiling.drop_go_cache()
    return entry.folder / "portforward"
