# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a sandbox could leave behind on this machine, read from the kernel and nowhere else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# Programs that a sandbox runs; the tests' own pytest and its children have none of these names.
_NAMES = (
    "catatonit",
    "containerd",
    "containerd-shim",
    "ctr",
    "envoy",
    "etcd",
    "haproxy",
    "istioctl",
    "kube-",
    "kubectl",
    "kubelet",
    "pilot-",
    "prometheus",
    "shop",
)
_FOLDERS = (
    "/etc/cni/net.d",
    "/opt/containerd",
    "/run/cni",
    "/run/containerd",
    "/run/netns",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/meshwright-sandbox",
    "/var/log/pods",
)


def listing() -> dict[str, list[str]]:
    """Processes, namespaces, mounts, links, routes, packet filters, cgroups, folders, limits."""
    return {
        "processes": sorted(_processes()),
        "namespaces": sorted({*_namespaces("net"), *_namespaces("mnt"), *_namespaces("pid")}),
        "mounts": sorted(Path("/proc/self/mounts").read_text().splitlines()),
        "links": _said("ip", "-o", "link", "show", "type", "veth"),
        "routes": _said("ip", "route", "show", "table", "all"),
        "packet filters": _said("nft", "list", "tables"),
        "cgroups": sorted(map(str, Path("/sys/fs/cgroup").rglob("*meshwright*"))),
        "limits": _said("sysctl", "fs.inotify"),
        "folders": [folder for folder in _FOLDERS if Path(folder).exists()],
    }


def _processes() -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        # A process may end while it is looked at; one that has ended has no program.
        with suppress(OSError):
            name = (folder / "exe").readlink().name
            if name.startswith(_NAMES):
                yield f"{name} {folder.name}"


def _namespaces(kind: str) -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # A dead process that its parent has not asked about, or just has, keeps nothing alive.
            if (folder / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                yield str((folder / "ns" / kind).readlink())


def _said(*command: str) -> list[str]:
    # A resolved neighbour or a lease that is renewed is nobody's leftover.
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return sorted(line.split(" expires ")[0] for line in done.stdout.splitlines())
