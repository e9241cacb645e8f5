# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that the operating system brings: which are missing, and how Debian installs them."""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox import cache
from sandbox.commands import CommandError, Runner
from sandbox.errors import MachineError, SandboxError

CNI = Path("/usr/lib/cni")
BUSYBOX = Path("/bin/busybox")
# A user's PATH often lacks the folders of the administrator's programs.
SEARCH = os.pathsep.join(
    ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
)
# Program -> the Debian package that brings it. CNI plugins are looked for in one folder, as
# containerd is told; busybox must be a static one, as it goes into images.
PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "bridge": "containernetworking-plugins",
    "host-local": "containernetworking-plugins",
    "portmap": "containernetworking-plugins",
    "loopback": "containernetworking-plugins",
    "iptables": "iptables",
    "nft": "nftables",
    "conntrack": "conntrack",
    "socat": "socat",
    "catatonit": "catatonit",
    "busybox": "busybox-static",
    "haproxy": "haproxy",
    "prometheus": "prometheus",
    "ip": "iproute2",
    "nsenter": "util-linux",
}
# What the tests of the switchover's directors run, on loopback and without a sandbox.
NAME_SERVERS = {"knotd": "knot", "unbound": "unbound"}
_PLUGINS = ("bridge", "host-local", "portmap", "loopback")
# What a package's scripts call to start its services.
_STARTERS = ("invoke-rc.d", "deb-systemd-invoke", "deb-systemd-helper", "update-rc.d")
_PT_INTERP = 3


def find(name: str) -> Path | None:
    """Where the program of this name is, or nothing."""
    if name in _PLUGINS:
        return CNI / name if os.access(CNI / name, os.X_OK) else None
    if name == "busybox":
        return BUSYBOX if _is_static(BUSYBOX) else None
    found = shutil.which(name, path=SEARCH)
    return Path(found) if found else None


def program(name: str) -> Path:
    """Where the program of this name is; raises when it is not there."""
    if found := find(name):
        return found
    raise SandboxError(f"{name} is not installed", "run `python -m sandbox build`")


def missing(programs: Mapping[str, str] = PROGRAMS) -> tuple[str, ...]:
    """Those of the programs that this machine does not have."""
    return tuple(name for name in programs if not find(name))


def find_apt() -> str | None:
    """The program that installs Debian packages, or nothing on another system."""
    return shutil.which("apt-get", path=SEARCH)


def install(names: tuple[str, ...], programs: Mapping[str, str] = PROGRAMS) -> None:
    """Install the packages that bring these programs, and start no service of theirs."""
    apt = find_apt()
    if not apt:
        raise MachineError(
            f"this machine lacks {', '.join(names)} and has no apt-get to install them",
            "install them by its own package manager, with the CNI plugins in /usr/lib/cni",
        )
    packages = sorted({programs[name] for name in names})
    runner = Runner(
        log=cache.root() / "log" / "debian.log",
        environment={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"},
    )
    what = f"installing the Debian packages {', '.join(packages)}"
    options = ["--yes", "--quiet", "-o", "DPkg::Lock::Timeout=120"]
    with _services_kept_still() as path:
        command = [apt, "install", *options, "--no-install-recommends", "--no-remove"]
        command += ["-o", f"DPkg::Path={path}", *packages]
        try:
            runner.run(what, command)
        except CommandError:
            # The list of packages is old or not there; apt-get succeeds in not updating it.
            said = runner.run("reading the list of Debian packages", [apt, "update", *options])
            try:
                runner.run(what, command)
            except CommandError as error:
                raise CommandError(what, runner.log, said + error.output) from error
    if left := [name for name in missing(programs) if name in names]:
        raise MachineError(
            f"{', '.join(left)} are still missing after {', '.join(packages)} were installed",
            f"read {runner.log}",
        )


def _is_static(program: Path) -> bool:
    """Whether an ELF program names no interpreter, so that it runs in an empty image."""
    try:
        content = program.read_bytes()
    except OSError:
        return False
    if not content.startswith(b"\x7fELF\x02\x01"):
        return False
    table, (size, count) = (
        struct.unpack_from("<Q", content, 32)[0],
        struct.unpack_from("<HH", content, 54),
    )
    kinds = (struct.unpack_from("<I", content, table + size * at)[0] for at in range(count))
    return _PT_INTERP not in kinds


@contextmanager
def _services_kept_still() -> Iterator[str]:
    """A search path for dpkg on which everything that starts or enables a service does nothing.

    The usual /usr/sbin/policy-rc.d would be left behind by a kill, and might be there already.
    """
    with tempfile.TemporaryDirectory(prefix="meshwright-sandbox-") as folder:
        for name in _STARTERS:
            program = Path(folder) / name
            program.write_text("#!/bin/sh\nexit 0\n")
            program.chmod(0o755)
        yield f"{folder}{os.pathsep}{SEARCH}"
