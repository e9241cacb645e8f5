# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An archive of images in the OCI layout, reproducible and with each layer only once."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TYPE = "application/vnd.oci.image"
_PATH = "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Descriptor = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder with its mode."""

    mode: int = 0o755


_File = io.BytesIO | io.BufferedRandom
Content = Path | bytes | Link | Folder


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """What lies where in an image; all of it belongs to `owner`."""

    files: Mapping[str, Content]
    owner: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A reference, its layers from the lowest up, and what runs by default as whom."""

    reference: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    user: int = 0


def write(path: Path, images: Iterable[Image]) -> None:
    """Write the archive; it appears under its name only when it is whole."""
    unfinished = path.with_suffix(".partial")
    written: dict[Layer, Descriptor] = {}
    manifests = []
    with tarfile.open(unfinished, "w") as archive:
        for image in images:
            for layer in image.layers:
                if layer not in written:
                    written[layer] = _add_layer(archive, layer)
            manifests.append(_add_image(archive, image, [written[each] for each in image.layers]))
        _add(archive, "oci-layout", _encode({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", _encode({"schemaVersion": 2, "manifests": manifests}))
    unfinished.rename(path)


def _add_image(archive: tarfile.TarFile, image: Image, layers: list[Descriptor]) -> Descriptor:
    run = {"Entrypoint": image.entrypoint, "User": str(image.user), "Env": [_PATH]}
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_TYPE}.manifest.v1+json",
        "config": _add_document(archive, f"{_TYPE}.config.v1+json", config),
        "layers": layers,
    }
    descriptor = _add_document(archive, f"{_TYPE}.manifest.v1+json", manifest)
    return {**descriptor, "annotations": {"io.containerd.image.name": image.reference}}


def _add_document(archive: tarfile.TarFile, media_type: str, document: Any) -> Descriptor:
    data = _encode(document)
    return _add_blob(archive, media_type, io.BytesIO(data), len(data))


def _add_layer(archive: tarfile.TarFile, layer: Layer) -> Descriptor:
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for folder in sorted(_parents(layer.files)):
                _put(tar, folder, Folder(), layer.owner)
            for place, content in sorted(layer.files.items()):
                _put(tar, place, content, layer.owner)
        return _add_blob(archive, f"{_TYPE}.layer.v1.tar", file, file.tell())


def _add_blob(archive: tarfile.TarFile, media_type: str, file: _File, size: int) -> Descriptor:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    _add_file(archive, f"blobs/sha256/{digest}", file, size)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": size}


def _parents(files: Mapping[str, Content]) -> set[str]:
    parents = {str(parent) for place in files for parent in Path(place).parents}
    return parents - files.keys() - {"."}


def _put(tar: tarfile.TarFile, place: str, content: Content, owner: int) -> None:
    entry = tarfile.TarInfo(place)
    entry.uid = entry.gid = owner
    match content:
        case Link(target=target):
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
        case Folder(mode=mode):
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        case bytes():
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        case Path():
            status = content.stat()
            entry.size, entry.mode = status.st_size, 0o755 if status.st_mode & 0o100 else 0o644
            with content.open("rb") as file:
                tar.addfile(entry, file)


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    _add_file(archive, name, io.BytesIO(data), len(data))


def _add_file(archive: tarfile.TarFile, name: str, file: _File, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    archive.addfile(entry, file)


def _encode(document: Any) -> bytes:
    return json.dumps(document).encode()
