# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import parts, toolchain
from sandbox.parts import PARTS, Part, executable_of

BY_NAME = {part.name: part for part in PARTS}


@pytest.fixture
def part(tmp_path: Path) -> Part:
    module = tmp_path / "module"
    (module / "cmd").mkdir(parents=True)
    for name in ("go.mod", "go.sum", "cmd/main.go"):
        (module / name).write_text(name)
    return Part(
        name="tools",
        disk=1,
        module=module,
        packages={"etcd": "example.com/etcd"},
        tags=("a",),
        stamps={"version": "1"},
    )


def edit(name: str) -> Callable[[Part], Part]:
    def apply(part: Part) -> Part:
        (part.module / name).write_text("other")
        return part

    return apply


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(edit("go.mod"), id="go.mod"),
        pytest.param(edit("go.sum"), id="go.sum"),
        pytest.param(edit("cmd/main.go"), id="a source"),
        pytest.param(edit("cmd/new.go"), id="a new source"),
        pytest.param(lambda part: dataclasses.replace(part, tags=("b",)), id="tags"),
        pytest.param(lambda part: dataclasses.replace(part, stamps={"version": "2"}), id="stamps"),
        pytest.param(
            lambda part: dataclasses.replace(part, packages={"etcd": "example.com/v2"}),
            id="packages",
        ),
        pytest.param(
            lambda part: dataclasses.replace(part, copies={"file": ("example.com", "file")}),
            id="copies",
        ),
    ],
)
def test_key_changes_with_all_that_the_result_depends_on(
    part: Part, change: Callable[[Part], Part]
) -> None:
    before = part.entry("go1.26.8").key
    assert change(part).entry("go1.26.8").key != before


def test_key_changes_with_the_version_of_go(part: Part) -> None:
    assert part.entry("go1.26.8").key != part.entry("go1.26.9").key


def test_key_stays_when_only_a_test_or_the_place_changes(part: Part, tmp_path: Path) -> None:
    before = part.entry("go1.26.8").key
    (part.module / "cmd" / "main_test.go").write_text("package main")
    moved = part.module.rename(tmp_path / "elsewhere")
    assert dataclasses.replace(part, module=moved).entry("go1.26.8").key == before


@pytest.mark.parametrize(
    ("package", "name"),
    [
        ("k8s.io/kubernetes/cmd/kubelet", "kubelet"),
        ("go.etcd.io/etcd/server/v3", "server"),
        ("./coredns", "coredns"),
        ("v3", "v3"),
    ],
)
def test_executable_is_named_as_go_names_it(package: str, name: str) -> None:
    assert executable_of(package) == name


def requirement(part: Part, module: str) -> str:
    found = re.search(rf"^\s+{re.escape(module)} (\S+)", (part.module / "go.mod").read_text(), re.M)
    assert found, f"{module} is not in the go.mod of {part.name}"
    return found.group(1)


def test_the_stamped_versions_are_those_of_the_module_files() -> None:
    kubernetes = BY_NAME["kubernetes"]
    assert requirement(kubernetes, "k8s.io/kubernetes") == f"v{parts.KUBERNETES_VERSION}"
    for minor, commit in parts.ISTIO_COMMITS.items():
        assert requirement(BY_NAME[f"istio-{minor}"], "istio.io/istio").endswith(f"-{commit}")
        assert parts.ISTIO_VERSIONS[minor].startswith(f"{minor}.")


def test_the_needed_go_is_the_newest_that_a_module_file_names() -> None:
    lines = [
        re.search(r"^go (\d+)\.(\d+)", (part.module / "go.mod").read_text(), re.M) for part in PARTS
    ]
    versions = [tuple(map(int, line.groups())) for line in lines if line]
    assert len(versions) == len(PARTS)
    assert max(versions) == toolchain.NEEDED


def test_no_two_parts_make_a_file_of_the_same_name() -> None:
    files = [file for part in PARTS for file in part.entry("go1.26.8").files]
    assert len(files) == len(set(files))
