# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox import images, oci
from sandbox.build import Artifacts
from sandbox.errors import SandboxError
from sandbox.oci import Folder, Image, Layer, Link
from sandbox.progress import Progress

BASE = Layer(files={"bin/sh": b"shell", "bin/ls": Link("sh"), "tmp": Folder(0o1777)})
IMAGES = [
    Image(reference="localhost/one:1", layers=(BASE,), entrypoint=("/bin/sh",)),
    Image(
        reference="localhost/two:1",
        layers=(BASE, Layer(files={"etc/two": b"2"}, owner=1337)),
        user=1337,
    ),
]


def read(archive: Path, name: str) -> bytes:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


def blob(archive: Path, digest: str) -> bytes:
    data = read(archive, f"blobs/{digest.replace(':', '/')}")
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == digest
    return data


def test_every_blob_is_what_it_is_called(tmp_path: Path) -> None:
    archive = tmp_path / "images.tar"
    oci.write(archive, IMAGES)
    index = json.loads(read(archive, "index.json"))
    names = [each["annotations"]["io.containerd.image.name"] for each in index["manifests"]]
    assert names == ["localhost/one:1", "localhost/two:1"]
    for described, image in zip(index["manifests"], IMAGES, strict=True):
        manifest = json.loads(blob(archive, described["digest"]))
        config = json.loads(blob(archive, manifest["config"]["digest"]))
        layers = [layer["digest"] for layer in manifest["layers"]]
        assert config["rootfs"]["diff_ids"] == layers
        assert config["config"]["User"] == str(image.user)
        assert all(
            len(blob(archive, layer["digest"])) == layer["size"] for layer in manifest["layers"]
        )


def test_a_layer_that_images_share_is_there_once(tmp_path: Path) -> None:
    archive = tmp_path / "images.tar"
    oci.write(archive, IMAGES)
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert len(names) == len(set(names)) == 2 + 2 * 2 + 2


def test_files_have_their_owner_mode_and_folders(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    archive = tmp_path / "images.tar"
    layer = Layer(files={"usr/bin/program": program, "etc/plain": b"x"}, owner=1337)
    oci.write(archive, [Image(reference="localhost/one:1", layers=(layer,))])
    [described] = json.loads(read(archive, "index.json"))["manifests"]
    [found] = json.loads(blob(archive, described["digest"]))["layers"]
    (tmp_path / "layer.tar").write_bytes(blob(archive, found["digest"]))
    with tarfile.open(tmp_path / "layer.tar") as tar:
        members = {each.name: each for each in tar.getmembers()}
    assert set(members) == {"usr", "usr/bin", "usr/bin/program", "etc", "etc/plain"}
    assert {(each.uid, each.gid) for each in members.values()} == {(1337, 1337)}
    assert (members["usr/bin/program"].mode, members["etc/plain"].mode) == (0o755, 0o644)


def test_the_same_is_written_again(tmp_path: Path) -> None:
    for name in ("one", "two"):
        oci.write(tmp_path / name, IMAGES)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.fixture
def _nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_key", lambda programs: f"key-{programs}")
    monkeypatch.setattr(images, "_base", lambda: BASE)
    monkeypatch.setattr(images, "_core", lambda *_: iter(IMAGES))
    monkeypatch.setattr(images, "_istio", lambda *_: iter(IMAGES))
    monkeypatch.setattr(Artifacts, "key", lambda _self, *names: str(len(names)))


def names(archives: Sequence[Path]) -> list[str]:
    return [path.name.rpartition("-key")[0] for path in archives]


@pytest.mark.usefixtures("_nothing_is_installed")
def test_archives_are_written_once_and_outdated_ones_go(
    progress: Progress, cache_folder: Path
) -> None:
    archives = images.archives(Artifacts(entries={}), progress, "1.31")
    assert names(archives.first) == ["core", "istio-1.31"]
    assert names(archives.later) == ["istio-1.30"]
    made = [*archives.first, *archives.later]
    stamps = [path.stat().st_mtime_ns for path in made]
    (cache_folder / "images" / "core-old.tar").write_text("old")
    assert images.archives(Artifacts(entries={}), progress, "1.31") == archives
    assert [path.stat().st_mtime_ns for path in made] == stamps
    made[1].unlink()
    without_istio = images.archives(Artifacts(entries={}), progress)
    assert names(without_istio.first) == ["core"]
    assert sorted((cache_folder / "images").iterdir()) == sorted(made)


@pytest.mark.usefixtures("_nothing_is_installed")
def test_a_disk_that_is_full_leaves_no_half_an_archive(
    progress: Progress, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(path: Path, _: object) -> None:
        path.with_suffix(".partial").write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(oci, "write", fill)
    with pytest.raises(SandboxError, match=r"cannot be written: No space left .*; free some space"):
        images.archives(Artifacts(entries={}), progress)
    assert list((cache_folder / "images").iterdir()) == []
