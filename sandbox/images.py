# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The container images: root file systems of a few programs each, kept as archives in the cache.

No registry runs and none is asked: the archives are imported into each cluster's containerd.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox import cache, oci, packages
from sandbox.build import Artifacts
from sandbox.errors import SandboxError
from sandbox.oci import Content, Folder, Image, Layer, Link
from sandbox.parts import IMAGE_HUB, ISTIO_VERSIONS
from sandbox.progress import Progress

PAUSE = "localhost/sandbox/pause:1"
COREDNS = "localhost/sandbox/coredns:1"
PROGRAMS = "localhost/sandbox/programs:1"
_OWN_PROGRAMS = ("load", "shop", "xdsfill")
_LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
# What a person who looks around in a container asks for first.
# No wget: a static one dies of the first name that it has to look up.
_APPLETS = "cat cp date env grep head id ip kill ls mkdir netstat nslookup ps rm sh sleep tail top"
_ISTIO_USER = 1337
_PASSWD = f"root:x:0:0::/:/bin/sh\nistio-proxy:x:{_ISTIO_USER}:{_ISTIO_USER}::/:/bin/sh\n"
_GROUP = f"root:x:0:\nistio-proxy:x:{_ISTIO_USER}:\n"
# To be raised when the way in which images are put together changes.
_FORM = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archives:
    """The archives of all images: what a cluster begins with, and what can come later."""

    first: tuple[Path, ...]
    later: tuple[Path, ...]


def archives(artifacts: Artifacts, progress: Progress, minor: str = "") -> Archives:
    """The archives, written if need be, for a cluster that begins with an Istio or with none."""
    paths = _paths(artifacts, progress)
    first = {"core", f"istio-{minor}"}
    return Archives(
        first=tuple(path for group, path in paths.items() if group in first),
        later=tuple(path for group, path in paths.items() if group not in first),
    )


def _paths(artifacts: Artifacts, progress: Progress) -> dict[str, Path]:
    core = ("coredns", *_OWN_PROGRAMS)
    groups = {"core": artifacts.key(*core)}
    for minor in sorted(ISTIO_VERSIONS):
        groups[f"istio-{minor}"] = artifacts.key("envoy", *_istio_parts(minor))
    folder = cache.root() / "images"
    paths = {group: folder / f"{group}-{_key(key)}.tar" for group, key in groups.items()}
    if missing := [group for group, path in paths.items() if not path.exists()]:
        progress.step("putting images together")
        folder.mkdir(parents=True, exist_ok=True)
        for path in set(folder.iterdir()) - set(paths.values()):
            path.unlink()
        base = _base()
        for group in missing:
            progress.tick(group)
            _write(paths[group], group, base, artifacts)
    return paths


def _write(path: Path, group: str, base: Layer, artifacts: Artifacts) -> None:
    images = _core(base, artifacts)
    if group != "core":
        images = _istio(group.removeprefix("istio-"), base, artifacts)
    try:
        oci.write(path, images)
    except OSError as error:
        path.with_suffix(".partial").unlink(missing_ok=True)
        raise SandboxError(
            f"the archive of images {path} cannot be written: {error.strerror}",
            "free some space there and run the same command again",
        ) from error


def _istio_parts(minor: str) -> tuple[str, ...]:
    return f"bootstrap-{minor}", f"pilot-agent-{minor}", f"pilot-discovery-{minor}"


def _core(base: Layer, artifacts: Artifacts) -> Iterator[Image]:
    pause = Layer(files={"pause": _program("catatonit")})
    yield Image(reference=PAUSE, layers=(pause,), entrypoint=("/pause", "-P"))
    dns = Layer(files={"coredns": artifacts.path("coredns")})
    yield Image(reference=COREDNS, layers=(dns,), entrypoint=("/coredns",))
    own = Layer(files={f"usr/local/bin/{name}": artifacts.path(name) for name in _OWN_PROGRAMS})
    yield Image(reference=PROGRAMS, layers=(base, own))


def _istio(minor: str, base: Layer, artifacts: Artifacts) -> Iterator[Image]:
    bootstrap, agent, discovery = map(artifacts.path, _istio_parts(minor))
    version = ISTIO_VERSIONS[minor]
    yield Image(
        reference=f"{IMAGE_HUB}/pilot:{version}",
        layers=(base, Layer(files={"usr/local/bin/pilot-discovery": discovery})),
        entrypoint=("/usr/local/bin/pilot-discovery",),
        user=_ISTIO_USER,
    )
    own: Mapping[str, Content] = {
        "usr/local/bin/pilot-agent": agent,
        "var/lib/istio/envoy/envoy_bootstrap_tmpl.json": bootstrap,
        "etc/istio/proxy": Folder(),
    }
    yield Image(
        reference=f"{IMAGE_HUB}/proxyv2:{version}",
        layers=(
            base,
            Layer(files={"usr/local/bin/envoy": artifacts.path("envoy")}),
            Layer(files=own, owner=_ISTIO_USER),
        ),
        entrypoint=("/usr/local/bin/pilot-agent",),
        user=_ISTIO_USER,
    )


def _base() -> Layer:
    """A shell to look around with, iptables for the injected pods, and what Envoy is linked to."""
    nft, legacy = _program("xtables-nft-multi"), _program("xtables-legacy-multi")
    files: dict[str, Content] = {
        "bin/busybox": _program("busybox"),
        "etc/passwd": _PASSWD.encode(),
        "etc/group": _GROUP.encode(),
        "lib": Link("usr/lib"),
        "tmp": Folder(0o1777),
        "usr/sbin/xtables-nft-multi": nft,
        "usr/sbin/xtables-legacy-multi": legacy,
    }
    for applet in _APPLETS.split():
        files[f"bin/{applet}"] = Link("busybox")
    for command in ("", "-restore", "-save"):
        for tables in ("iptables", "ip6tables"):
            files[f"usr/sbin/{tables}{command}"] = Link("xtables-nft-multi")
            files[f"usr/sbin/{tables}-nft{command}"] = Link("xtables-nft-multi")
            files[f"usr/sbin/{tables}-legacy{command}"] = Link("xtables-legacy-multi")
    for path in (*(_LIBRARIES / "xtables").iterdir(), *_libraries(nft, legacy)):
        files[str(_place(path).relative_to("/"))] = path
    return Layer(files=files)


def _libraries(*programs: Path) -> Iterator[Path]:
    """The shared libraries of the programs, and those that Envoy asks for."""
    for name in ("libm.so.6", "librt.so.1", "libdl.so.2", "libpthread.so.0", "libc.so.6"):
        yield _LIBRARIES / name
    for program in programs:
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        yield from map(Path, re.findall(r"/\S+", said))


def _place(library: Path) -> Path:
    """Where it lies in the image: the loader by the path that is in every program."""
    if library.name.startswith("ld-linux"):
        return Path("/lib64") / library.name
    return library if library.is_relative_to(_LIBRARIES) else _LIBRARIES / library.name


def _program(name: str) -> Path:
    return packages.program(name).resolve()


def _key(programs: str) -> str:
    """A key that also moves when Debian brings another version of what lies in every image."""
    own = (_program(name).stat() for name in ("busybox", "catatonit", "xtables-nft-multi"))
    stamps = [f"{status.st_size} {status.st_mtime_ns}" for status in own]
    return cache.key_of(piece.encode() for piece in (_FORM, programs, *stamps))
