# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the machine is used: Go, Debian's programs, cgroups, and what is left at the end."""

from __future__ import annotations

import errno
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox import cgroups, down, limits, network, packages, processes, toolchain
from sandbox.errors import MachineError, SandboxError


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("go1.26.8", True),
        ("go1.27rc1", True),
        ("go2.0", True),
        ("go1.25.9", False),
        ("devel", False),
        ("", False),
    ],
)
def test_a_go_is_new_enough_from_the_needed_version_on(version: str, enough: bool) -> None:
    assert toolchain._is_enough(version) == enough


def test_the_go_of_the_machine_is_used_when_it_is_new_enough(
    fake_go: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "_USUAL_PLACE", fake_go / "nowhere")
    assert toolchain.find().program == fake_go / "bin" / "go"
    (fake_go / "version").write_text("go1.20\n")
    found = toolchain.find()
    assert found.program.is_relative_to(cache_folder / "go")
    assert found.version == f"go{toolchain.pypi.GO.version}"


def test_what_decides_the_result_is_not_the_callers(
    fake_go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"GOROOT": "/x", "GOOS": "plan9", "CGO_ENABLED": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GOPROXY", "https://registry.invalid")
    environment = toolchain.find().environment(fake_go)
    assert "GOROOT" not in environment
    assert (environment["GOOS"], environment["CGO_ENABLED"]) == ("linux", "0")
    assert environment["GOPROXY"] == "https://registry.invalid"


def elf(*kinds: int) -> bytes:
    """The head of a program for this processor, with segments of these kinds."""
    size, table = 56, 64
    head = bytearray(b"\x7fELF\x02\x01".ljust(table, b"\0"))
    struct.pack_into("<Q", head, 32, table)
    struct.pack_into("<HH", head, 54, size, len(kinds))
    return bytes(head) + b"".join(struct.pack("<I", kind).ljust(size, b"\0") for kind in kinds)


@pytest.mark.parametrize(
    ("content", "static"),
    [
        pytest.param(elf(1, 1), True, id="static"),
        pytest.param(elf(1, 3), False, id="asks for an interpreter"),
        pytest.param(b"#!/bin/sh\n", False, id="script"),
        pytest.param(None, False, id="not there"),
    ],
)
def test_busybox_must_be_static(tmp_path: Path, content: bytes | None, static: bool) -> None:
    if content is not None:
        (tmp_path / "busybox").write_bytes(content)
    assert packages._is_static(tmp_path / "busybox") == static


def test_without_apt_get_the_remedy_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_apt", lambda: None)
    with pytest.raises(MachineError, match=r"lacks socat, nft and has no apt-get"):
        packages.install(("socat", "nft"))


def test_packages_are_installed_with_the_programs_that_start_services_kept_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    apt.chmod(0o755)
    monkeypatch.setattr(packages, "find_apt", lambda: str(apt))
    monkeypatch.setattr(packages, "missing", lambda _programs: ())
    packages.install(("nft", "ctr", "containerd"))
    [call] = (tmp_path / "calls").read_text().splitlines()
    assert call.endswith("containerd nftables")
    path = call.partition("DPkg::Path=")[2].split(":")[0]
    assert path.startswith("/"), "dpkg is told of a folder of its own"
    assert not Path(path).exists(), "which is gone afterwards"
    assert (cache_folder / "log" / "debian.log").exists()


def test_programs_that_start_services_do_nothing() -> None:
    with packages._services_kept_still() as path:
        folder = Path(path.split(":")[0])
        for name in packages._STARTERS:
            assert subprocess.run([folder / name, "start", "x"], check=False).returncode == 0


@pytest.mark.parametrize("version", [1, 2])
def test_cgroups_are_made_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    monkeypatch.setattr(cgroups, "MOUNTED", tmp_path)
    tops = [tmp_path]
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("cpu memory")
    else:
        tops = [tmp_path / "cpu", tmp_path / "memory"]
        for top in tops:
            top.mkdir()
        (tmp_path / "cpuacct").symlink_to("cpu")
    cgroups.make("a")
    assert all((top / cgroups.NAME / "a").is_dir() for top in tops)
    (tops[0] / cgroups.NAME / "a" / "pod").mkdir()
    cgroups.remove()
    assert not list(tmp_path.rglob(cgroups.NAME))


def test_a_cgroup_that_stays_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "MOUNTED", tmp_path)
    monkeypatch.setattr(cgroups, "_TIMEOUT", 0)
    (tmp_path / "cpu" / cgroups.NAME / "a").mkdir(parents=True)
    (tmp_path / "cpu" / cgroups.NAME / "a" / "held").write_text("")
    with pytest.raises(SandboxError, match=r"the cgroup .* cannot be removed; look for"):
        cgroups.remove()


def test_a_folder_that_is_held_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (
        (processes, "kill"),
        (network, "disconnect"),
        (network, "release"),
        (cgroups, "remove"),
        (limits, "restore"),
    ):
        monkeypatch.setattr(module, name, lambda *_: None)
    monkeypatch.setattr(down, "STATE", tmp_path / "none")
    down.clean()

    def hold(path: Any) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy", str(path))

    monkeypatch.setattr(shutil, "rmtree", hold)
    with pytest.raises(SandboxError, match=r"none cannot be removed: Device .*; see what holds"):
        down.clean()
