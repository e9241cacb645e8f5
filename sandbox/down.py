# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take away everything that a sandbox has made, also what a crash has left half-made.

Nothing is looked up in a record of what was started: what is found by its mark, its name or its
place goes, so that it does not matter how far an `up` or an earlier `down` has come. Only what the
limits of the kernel were before can be read nowhere else.
"""

from __future__ import annotations

import shutil

from sandbox import cgroups, limits, network, processes
from sandbox.errors import SandboxError
from sandbox.places import STATE


def is_anything_left() -> bool:
    """Whether a sandbox runs, or has left something that can be seen."""
    return STATE.exists() or bool(processes.find())


def clean() -> None:
    """Processes first, then what they would otherwise make again."""
    processes.kill("")
    for name in network.NAMES:
        network.disconnect(network.Addresses(name))
    network.release()
    cgroups.remove()
    limits.restore()
    try:
        shutil.rmtree(STATE)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SandboxError(
            f"{error.filename} cannot be removed: {error.strerror}",
            "see what holds it (`fuser -vm` names it), then run down again",
        ) from error
