# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import multiprocessing
import multiprocessing.synchronize
import os
import time
from pathlib import Path

import pytest

from sandbox import cache
from sandbox.cache import Entry
from sandbox.progress import Progress


def version(key: str, name: str = "tools") -> Entry:
    return Entry(name=name, key=key, files=("etcd", "coredns"))


ENTRY = version("0123")


def store(entry: Entry = ENTRY, **files: str) -> None:
    with entry.staging() as staged:
        for name, content in (files or {"etcd": "one", "coredns": "two"}).items():
            (staged / name).write_text(content)


def test_root_follows_xdg_only_when_it_is_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.root() == Path("/home/somebody/.cache/meshwright-sandbox")
    monkeypatch.setenv("XDG_CACHE_HOME", "/big/disk")
    assert cache.root() == Path("/big/disk/meshwright-sandbox")


def test_key_changes_when_only_the_border_between_pieces_moves() -> None:
    assert cache.key_of([b"ab", b"c"]) != cache.key_of([b"a", b"bc"])


def test_what_was_stored_is_whole_and_has_sums() -> None:
    assert not ENTRY.is_there()
    store()
    assert ENTRY.is_there()
    assert ENTRY.damaged() == ()
    assert ENTRY.sums()["etcd"] == (
        "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    )


@pytest.mark.parametrize(
    ("content", "keeps_time"),
    [
        pytest.param("on", True, id="truncated, same time"),
        pytest.param("eno", False, id="other content of the same size"),
        pytest.param(None, False, id="removed"),
    ],
)
def test_damage_names_the_file(content: str | None, keeps_time: bool) -> None:
    store()
    path = ENTRY.folder / "etcd"
    before = path.stat()
    path.unlink()
    if content is not None:
        path.write_text(content)
        now = before.st_mtime_ns if keeps_time else before.st_mtime_ns + 1
        os.utime(path, ns=(now, now))
    assert ENTRY.damaged() == ("etcd",)


def test_a_touched_file_is_sound_and_its_time_is_put_back() -> None:
    store()
    path = ENTRY.folder / "etcd"
    stored = path.stat().st_mtime_ns
    os.utime(path, ns=(1, 1))
    assert ENTRY.damaged() == ()
    assert path.stat().st_mtime_ns == stored


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="no files"),
        pytest.param('{"etcd": {"size": 3}}', id="incomplete"),
        pytest.param('{"etcd": 3}', id="wrong type"),
    ],
)
def test_a_damaged_manifest_is_damage(content: str) -> None:
    store()
    (ENTRY.folder / cache.MANIFEST).write_text(content)
    assert ENTRY.damaged() != ()


def fill_and_fail() -> None:
    with ENTRY.staging() as staged:
        (staged / "etcd").write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_entry_is_not_taken_and_swept_away() -> None:
    with pytest.raises(KeyboardInterrupt):
        fill_and_fail()
    assert not ENTRY.is_there()
    assert [path.name for path in ENTRY.folder.parent.iterdir()] == ["tools-0123.partial"]
    cache.drop_leftovers()
    assert list(ENTRY.folder.parent.iterdir()) == []


def test_storing_again_replaces_what_was_damaged() -> None:
    store()
    (ENTRY.folder / "etcd").unlink()
    store(etcd="new", coredns="two")
    assert ENTRY.damaged() == ()
    assert (ENTRY.folder / "etcd").read_text() == "new"


def test_one_older_version_is_kept_for_another_checkout() -> None:
    for age, key in enumerate(("new", "old", "older", "oldest")):
        store(version(key))
        os.utime(version(key).folder, (1000 - age, 1000 - age))
    store(version("1", name="tools-extra"))
    cache.drop_outdated([version("new")])
    left = sorted(path.name for path in ENTRY.folder.parent.iterdir())
    assert left == ["tools-extra-1", "tools-new", "tools-old"]


# It matters only when something has failed.
PATIENCE = 60


def hold_lock(
    held: multiprocessing.synchronize.Event, waited_for: multiprocessing.synchronize.Event
) -> None:
    with cache.locked(Progress()):
        held.set()
        waited_for.wait(PATIENCE)
        time.sleep(0.1)


class Heard(io.StringIO):
    """Lets the other build go on once somebody says that it waits."""

    def __init__(self, waited_for: multiprocessing.synchronize.Event) -> None:
        super().__init__()
        self._waited_for = waited_for

    def write(self, text: str) -> int:
        if "waiting for the build" in text:
            self._waited_for.set()
        return super().write(text)


def test_a_second_build_waits_and_says_for_whom() -> None:
    held, waited_for = multiprocessing.Event(), multiprocessing.Event()
    said = Heard(waited_for)
    other = multiprocessing.Process(target=hold_lock, args=(held, waited_for))
    other.start()
    assert held.wait(PATIENCE)
    with cache.locked(Progress(said)):
        other.join(PATIENCE)
        assert other.exitcode == 0, "the lock was given before the other had let go"
    assert f"waiting for the build that process {other.pid} is doing" in said.getvalue()
