# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The namespaces in which a cluster lives: processes, mounts and network of its own.

One process, the init, keeps them. When it is killed, the kernel kills everything in there, takes
every mount away and then the network, so that no way of dying leaves a piece behind. What the
programs write to places that they share with others on this machine never gets there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sandbox import processes
from sandbox.errors import SandboxError
from sandbox.places import STATE, Places

_INIT = "init"
# /run is empty in there. /var/lib can be read as it is, since the programs themselves may lie
# under it; what is written there stays in memory, but for our own folder.
_SCRIPT = """
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock /run/state /run/written/upper /run/written/work
mount --bind "$1" /run/state
mount -t overlay overlay /var/lib \\
  -o lowerdir=/var/lib,upperdir=/run/written/upper,workdir=/run/written/work
mount --move /run/state "$1"
mount --bind "$2" /var/log
mount --make-rshared /
echo 1 > /proc/sys/net/ipv4/ip_forward
ip link set lo up
exec catatonit -P
"""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """The namespaces of one cluster, kept by the process `init`."""

    places: Places
    init: int

    def run(self, component: str, *arguments: str | Path, program: Path) -> None:
        """Start a program in there; it belongs to the init from then on."""
        # nsenter waits for what it starts; setsid is gone at once.
        enter = [
            "nsenter",
            f"--target={self.init}",
            "--mount",
            "--net",
            "--pid",
            "setsid",
            "--fork",
        ]
        mark = f"{self.places.name}/{component}"
        log = self.places.log(component)
        if processes.start([*enter, program, *arguments], mark=mark, log=log).wait():
            raise SandboxError(
                f"{component} cannot be started: {processes.last_lines(log)}",
                "run `python -m sandbox doctor`",
            )

    def runs(self, component: str) -> bool:
        """Whether the program lives; those it started carry its mark, but have other names."""
        return any(
            process.program == component
            for process in processes.find(f"{self.places.name}/{component}")
        )


def create(places: Places) -> Enclosure:
    """Make the namespaces; connecting the network is another's business."""
    mark, log = f"{places.name}/{_INIT}", places.log(_INIT)
    unshare = ["unshare", "--mount", "--net", "--pid", "--fork", "--mount-proc"]
    shell: list[str | Path] = ["sh", "-euc", _SCRIPT, "sh", STATE, places.pod_logs]
    parent = processes.start([*unshare, *shell], mark=mark, log=log)
    found: list[int] = []

    def is_ready() -> bool:
        found[:] = [process.pid for process in processes.find(mark) if _is_init(process)]
        return bool(found) or parent.poll() is not None

    processes.wait_until("the cluster's namespaces", is_ready, log=log)
    if not found:
        raise SandboxError(
            f"the cluster's namespaces cannot be made: {processes.last_lines(log)}",
            "run `python -m sandbox doctor`",
        )
    return Enclosure(places, found[0])


def find(places: Places) -> Enclosure | None:
    """The namespaces of a running cluster."""
    inits = filter(_is_init, processes.find(f"{places.name}/{_INIT}"))
    return next((Enclosure(places, process.pid) for process in inits), None)


def _is_init(process: processes.Process) -> bool:
    return process.program == "catatonit"
