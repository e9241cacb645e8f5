# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from sandbox import machine
from sandbox.findings import Severity
from sandbox.machine import GIB

NO_ROUTES = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
ANY = "0.0.0.0"  # noqa: S104 - of a route, nothing is bound


def test_another_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.check_system().severity is Severity.FINE
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    found = machine.check_system()
    assert (found.severity, found.text) == (
        Severity.MISSING,
        "Linux aarch64 is not Linux x86_64",
    )


def test_another_user_than_root_is_told_of_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "geteuid", lambda: 1000)
    found = machine.check_root()
    assert (found.severity, found.remedy) == (
        Severity.MISSING,
        "run the same command with sudo",
    )


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        pytest.param(0x1FF_FFFF_FFFF, "all that are needed", id="all"),
        pytest.param(0x1FF_FFFF_FFFF & ~(1 << 21), "lacks SYS_ADMIN", id="one missing"),
        pytest.param(0x1FF_FFFF_FFFF & ~(1 << 12 | 1 << 27), "lacks NET_ADMIN, MKNOD", id="two"),
    ],
)
def test_capabilities(tmp_path: Path, mask: int, text: str) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "status").write_text(f"Name: sh\nCapEff:\t{mask:016x}\nCapBnd: 0\n")
    found = machine.check_capabilities(tmp_path)
    assert found.text == text
    assert (found.severity is Severity.MISSING) == text.startswith("lacks")


def memory(root: Path, free: float) -> None:
    (root / "proc").mkdir()
    kibibytes = int(free * GIB / 1024)
    (root / "proc" / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {kibibytes} kB\n")


@pytest.mark.parametrize(
    ("free", "clusters", "severity"),
    [
        (1.9, 1, Severity.MISSING),
        (2.1, 1, Severity.WARN),
        (4.1, 1, Severity.FINE),
        (3.9, 2, Severity.MISSING),
        (8.1, 2, Severity.FINE),
    ],
)
def test_memory(tmp_path: Path, free: float, clusters: int, severity: Severity) -> None:
    memory(tmp_path, free)
    found = machine.check_memory(clusters, tmp_path)
    assert found.severity is severity
    assert found.text == f"{free} GiB free"


@pytest.mark.parametrize(
    ("folder", "names"),
    [
        pytest.param("", ("memory.max", "memory.current"), id="version 2"),
        pytest.param("memory", ("memory.limit_in_bytes", "memory.usage_in_bytes"), id="version 1"),
    ],
)
def test_memory_where_a_container_has_a_limit(
    tmp_path: Path, folder: str, names: tuple[str, str]
) -> None:
    memory(tmp_path, 16)
    cgroup = tmp_path / "sys" / "fs" / "cgroup" / folder
    cgroup.mkdir(parents=True)
    for name, value in zip(names, (4 * GIB, 3 * GIB), strict=True):
        (cgroup / name).write_text(f"{value}\n")
    (cgroup / "memory.stat").write_text(f"active_file 5\ninactive_file {GIB // 2}\n")
    assert machine.check_memory(1, tmp_path).text == "1.5 GiB free"
    (cgroup / names[0]).write_text("max\n")
    assert machine.check_memory(1, tmp_path).text == "16.0 GiB free"


def test_a_full_disk_is_missing_and_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 2 * GIB

    class Usage:
        def __init__(self) -> None:
            self.free = free

    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: Usage())
    found = machine.check_disk(tmp_path / "not" / "there" / "yet", 1)
    assert found.severity is Severity.MISSING
    assert found.text == f"2 GiB free under {tmp_path}"
    assert found.remedy == "free 3 GiB there"
    free = 3 * GIB
    assert machine.check_disk(tmp_path, 1).severity is Severity.FINE
    assert machine.check_disk(tmp_path, 2).severity is Severity.MISSING


def test_cgroups_of_either_version(tmp_path: Path) -> None:
    for controller in ("cpu", "cpuset", "devices", "freezer", "memory", "pids"):
        assert machine.check_cgroups(tmp_path).severity is Severity.MISSING
        (tmp_path / controller).mkdir()
    assert machine.check_cgroups(tmp_path).text == "version 1"
    (tmp_path / "cgroup.controllers").write_text("cpu")
    assert machine.check_cgroups(tmp_path).text == "version 2"
    assert not list(tmp_path.glob("**/meshwright*")), "the trial is taken away"


def route(device: str, destination: str, mask: str, flags: int = 1) -> str:
    """A line as the kernel writes it: addresses in the order of the processor's bytes."""

    def field(address: str) -> str:
        return "".join(f"{int(part):02X}" for part in reversed(address.split(".")))

    return f"{device} {field(destination)} 00000000 {flags:04X} 0 0 0 {field(mask)} 0 0 0\n"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param(route("eth0", ANY, ANY), "is free", id="the default route"),
        pytest.param(route("eth0", "10.0.0.0", "255.0.0.0"), "is free", id="another network"),
        pytest.param(
            route("tun0", "198.18.0.0", "255.255.0.0"), "198.18.0.0/16 is routed to tun0", id="VPN"
        ),
        pytest.param(route("mw-a", "198.18.32.0", "255.255.240.0"), "is free", id="our own"),
        pytest.param(
            route("*", "198.18.0.0", "255.254.0.0", 0x200), "is free", id="unreachable, our own"
        ),
    ],
)
def test_addresses(tmp_path: Path, line: str, text: str) -> None:
    (tmp_path / "route").write_text(NO_ROUTES + line)
    found = machine.check_addresses(tmp_path / "route")
    assert text in found.text
    assert (found.severity is Severity.MISSING) == ("tun0" in line)
