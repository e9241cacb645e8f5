# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this machine is and has: system, rights, memory, disk, cgroups, addresses."""

from __future__ import annotations

import ipaddress
import os
import platform
import shutil
import struct
import tempfile
from pathlib import Path

from sandbox.findings import Finding, fine, missing, warn

GIB = 1024**3
MEMORY = 4 * GIB
LEAST_MEMORY = 2 * GIB
DISK = 3 * GIB
RANGE = ipaddress.ip_network("198.18.0.0/15")
OWN_DEVICES = ("mw-a", "mw-b")
# What containerd gives every container, and what networks, mounts and namespaces need.
CAPABILITIES = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "FSETID": 4,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "SETPCAP": 8,
    "NET_BIND_SERVICE": 10,
    "NET_ADMIN": 12,
    "NET_RAW": 13,
    "SYS_CHROOT": 18,
    "SYS_PTRACE": 19,
    "SYS_ADMIN": 21,
    "MKNOD": 27,
    "AUDIT_WRITE": 29,
    "SETFCAP": 31,
}
_REJECT = 0x200
_LIMIT_OF_VERSION_1 = ("limit_in_bytes", "usage_in_bytes")


def check_system() -> Finding:
    """The programs that are fetched ready-made exist for one platform only."""
    found = f"{platform.system()} {platform.machine()}"
    if found == "Linux x86_64":
        return fine("system", found)
    return missing("system", f"{found} is not Linux x86_64", "use such a machine or a virtual one")


def check_root() -> Finding:
    """Namespaces, mounts and routes are the administrator's."""
    if os.geteuid() == 0:
        return fine("root", "yes")
    return missing("root", f"the user is {os.geteuid()}", "run the same command with sudo")


def check_capabilities(proc: Path = Path("/proc")) -> Finding:
    """Root in a container may be root in name only."""
    status = (proc / "self/status").read_text()
    mask = int(status.split("CapEff:")[1].split()[0], 16)
    lacking = [name for name, bit in CAPABILITIES.items() if not mask >> bit & 1]
    if lacking:
        text = f"lacks {', '.join(lacking)}"
        return missing("capabilities", text, "use a virtual machine or a privileged container")
    return fine("capabilities", "all that are needed")


def check_memory(clusters: int, root: Path = Path("/")) -> Finding:
    """Free memory, which a limit on this container may make less than the machine's."""
    free = _free_memory(root)
    text = f"{free / GIB:.1f} GiB free"
    remedy = f"free some: {clusters} x {MEMORY // GIB} GiB are comfortable"
    if free < LEAST_MEMORY * clusters:
        return missing("memory", text, remedy)
    if free < MEMORY * clusters:
        return warn("memory", text, remedy)
    return fine("memory", text)


def _free_memory(root: Path) -> int:
    lines = (root / "proc/meminfo").read_text().splitlines()
    [available] = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    free = [int(available) * 1024]
    for version, names in (("", ("max", "current")), ("memory", _LIMIT_OF_VERSION_1)):
        limit, used = (root / "sys/fs/cgroup" / version / f"memory.{name}" for name in names)
        if limit.exists() and limit.read_text().strip().isdigit():
            free.append(int(limit.read_text()) - int(used.read_text()) + _cached(limit.parent))
    return min(free)


def _cached(cgroup: Path) -> int:
    """Memory that counts as used but is given back when it is wanted."""
    lines = (cgroup / "memory.stat").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))


def check_disk(folder: Path, clusters: int) -> Finding:
    """Room for images, containers and logs of the running clusters."""
    folder = nearest(folder)
    free = shutil.disk_usage(folder).free
    text = f"{free / GIB:.0f} GiB free under {folder}"
    if free < DISK * clusters:
        return missing("disk", text, f"free {DISK * clusters // GIB} GiB there")
    return fine("disk", text)


def check_cgroups(mounted: Path = Path("/sys/fs/cgroup")) -> Finding:
    """Either version, writable: every container gets cgroups of its own."""
    version = 2 if (mounted / "cgroup.controllers").exists() else 1
    needed = [""] if version == 2 else ["cpu", "cpuset", "devices", "freezer", "memory", "pids"]
    for controller in needed:
        try:
            Path(tempfile.mkdtemp(prefix="meshwright-sandbox-", dir=mounted / controller)).rmdir()
        except OSError as error:
            what = f"{mounted / controller}: {error.strerror}"
            remedy = f"mount version 2: `mount -t cgroup2 cgroup2 {mounted}`, writable"
            return missing("cgroups", what, remedy)
    return fine("cgroups", f"version {version}")


def check_addresses(table: Path = Path("/proc/net/route")) -> Finding:
    """The benchmark range of RFC 2544 must not be somebody else's here."""
    for line in table.read_text().splitlines()[1:]:
        columns = line.split()
        device, destination, flags, mask = (columns[at] for at in (0, 1, 3, 7))
        network = ipaddress.ip_network(f"{_address(destination)}/{_address(mask)}")
        is_own = device in OWN_DEVICES or int(flags, 16) & _REJECT
        if network.prefixlen and network.overlaps(RANGE) and not is_own:
            text = f"{network} is routed to {device}, and the sandbox needs {RANGE}"
            return missing("addresses", text, f"remove it: `ip route delete {network}`")
    return fine("addresses", f"{RANGE} is free")


def _address(field: str) -> str:
    return str(ipaddress.ip_address(struct.pack("=I", int(field, 16))))


def nearest(folder: Path) -> Path:
    """The folder, or the first one above it that exists already."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())
