# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of `make test`, cheapest first; each is one command that can be run by hand too."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from tools import ansible_test, compatibility, pythons
from tools.environment import CHECKOUT

GROUPS = (
    *("lint", "docs", "unit", "roles", "browser", "sanity", "package", "compatibility"),
    *("switchover", "molecule", "integration"),
)
# The switchover between clusters has a command of its own: with it the whole takes an hour.
BY_DEFAULT = tuple(group for group in GROUPS if group != "switchover")
REPORTS = CHECKOUT / "tests/output/reports"
_COLLECTIONS = CHECKOUT / ".collections"
_COLLECTION = ".collections/ansible_collections/meshwright/istio"
_TYPED = (
    f"{_COLLECTION}/plugins",
    f"{_COLLECTION}/tests/unit/support",
    "benchmarks",
    "sandbox",
    "tools",
)


class Lane(StrEnum):
    """Where a stage runs: beside the mesh, on a cluster of it while another does, or alone."""

    BESIDE = "beside"
    ON_ONE = "on one"
    ALONE = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One command; with `reports`, the folder in which it leaves JUnit files to count."""

    group: str
    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    reports: Path | None = None
    lane: Lane = Lane.BESIDE
    # Whether it works on both clusters at the same time; such a stage is alone.
    needs_both: bool = False


TWO_CLUSTERS = Stage(
    group="integration",
    name="two clusters",
    command=(sys.executable, "-m", "sandbox", "up", "--clusters", "2"),
    lane=Lane.ALONE,
)
NO_CLUSTERS = Stage(
    group="integration",
    name="no clusters any more",
    command=(sys.executable, "-m", "sandbox", "down"),
    lane=Lane.ALONE,
)
# The scenarios of this role have two clusters each.
_ON_BOTH = "switchover_*"


def all_stages() -> list[Stage]:
    """In the order in which they run."""
    return [*_lint(), *_docs(), *_unit(), *_sanity(), *_package(), *_switchover(), *_on_the_mesh()]


def _lint() -> Iterator[Stage]:
    yield _stage("lint", "ruff format", "ruff", "format", "--check", ".")
    yield _stage("lint", "ruff", "ruff", "check", ".")
    yield _stage("lint", "mypy", "mypy", *_TYPED)
    yield _stage("lint", "yamllint", "yamllint", "-s", ".")
    yield _stage("lint", "ansible-lint", "ansible-lint")
    yield _stage("lint", "collection", *_own("check_collection"))


def _docs() -> Iterator[Stage]:
    yield _stage("docs", "changelog", "antsibull-changelog", "lint")
    yield Stage(
        group="docs",
        name="documentation",
        command=_own("docs_lint"),
        env={"ANSIBLE_COLLECTIONS_PATH": str(_COLLECTIONS)},
    )


def _unit() -> Iterator[Stage]:
    yield _pytest("unit", "unit tests", "tests/unit", "--cov", *compatibility.AT_ONCE)
    # The servers that they talk to are in memory.
    yield _pytest("roles", "roles, without a cluster", "tests/integration/roles")
    yield _pytest("browser", "the report in a browser", "tests/browser")


def _sanity() -> Iterator[Stage]:
    yield _stage("sanity", "ansible-test sanity", *_own("ansible_test"), "sanity")
    found = pythons.find()
    if compatibility.BY_ANSIBLE_TEST not in compatibility.possible(found):
        newest = max(found, key=lambda minor: int(minor.partition(".")[2]))
        yield Stage(
            group="sanity",
            name=f"ansible-test units, Python {newest}",
            command=(*_own("ansible_test"), "units", "--python", newest),
            reports=ansible_test.REPORTS,
        )


def _package() -> Iterator[Stage]:
    yield _stage("package", "tarball", *_own("check_package"))
    for core in compatibility.possible(pythons.find()):
        yield Stage(
            group="compatibility",
            name=f"ansible-core {core}, Python {compatibility.PYTHON_OF[core]}",
            command=(*_own("compatibility"), core),
            reports=compatibility.reports(core),
        )


def _switchover() -> Iterator[Stage]:
    # The directors have real servers of their own, and no cluster.
    stage = _pytest("integration/directors", "directors", "tests/integration/directors")
    yield replace(stage, group="switchover")
    on_both = (*_own("run_molecule"), "--scenario-name", _ON_BOTH)
    folder = "tests/integration/switchover"
    for stage in (
        _stage("switchover", "molecule, on two clusters", *on_both),
        _pytest("integration/switchover", "switchover, on two clusters", folder),
    ):
        yield replace(stage, group="switchover", lane=Lane.ALONE, needs_both=True)


def _on_the_mesh() -> Iterator[Stage]:
    # Longest first: each cluster takes the next one when it is done with another.
    on_one = (*_own("run_molecule"), "--all", "--exclude", _ON_BOTH)
    yield replace(_stage("molecule", "molecule", *on_one), lane=Lane.ON_ONE)
    for name, *arguments in (
        ("modules", "tests/integration/modules"),
        ("playbooks", "tests/integration/playbooks"),
        ("preflight", "tests/integration/preflight"),
        ("sandbox", "tests/integration/sandbox", "-m", "not alone"),
    ):
        stage = _pytest(f"integration/{name}", f"{name}, on the mesh", *arguments)
        yield replace(stage, group="integration", lane=Lane.ON_ONE)
    # It ends the clusters that were there, so nothing comes after it.
    last = ("tests/integration/sandbox", "-m", "alone")
    stage = _pytest("integration/lifecycle", "lifecycle, on the mesh", *last)
    yield replace(stage, group="integration", lane=Lane.ALONE)


def _stage(group: str, name: str, *command: str) -> Stage:
    return Stage(group=group, name=name, command=command)


def _own(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"tools.{module}")


def _pytest(group: str, name: str, *arguments: str) -> Stage:
    folder = REPORTS / group
    command = (sys.executable, "-m", "pytest", *arguments, f"--junitxml={folder}/report.xml")
    env = {"ANSIBLE_COLLECTIONS_PATH": str(_COLLECTIONS)}
    return Stage(group=group, name=name, command=command, env=env, reports=folder)
