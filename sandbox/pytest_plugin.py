# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a sandbox that is started once, and a mesh that is as new for each test.

In a conftest.py: `pytest_plugins = ["sandbox.pytest_plugin"]`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sandbox import lifecycle, load, reset
from sandbox.cluster import Cluster
from sandbox.errors import InTheWayError, SandboxError
from sandbox.lifecycle import Sandbox, Wish
from sandbox.load import LoadPlan, LoadRun
from sandbox.progress import Progress

# Set where the sandbox that runs was started for these tests too, by others that are over.
HANDED_ON = "MESHWRIGHT_SANDBOX_HANDED_ON"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests that want another sandbox than the usual one come last: starting takes a while."""
    items.sort(key=lambda item: "running" not in getattr(item, "fixturenames", ()))


class Keeper:
    """Has the sandbox that a test needs: the one that runs if it will do, else another.

    One that ran before the tests is used, never ended, unless it was handed on to them.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._is_ours = lifecycle.find() is None or HANDED_ON in os.environ

    def need(self, wish: Wish) -> Sandbox:
        """A sandbox as wished; the tests end at once where none can be had."""
        found = lifecycle.find()
        if found and found.wish == wish and not found.dead():
            return found
        try:
            self.none()
            return lifecycle.up(wish, self._progress)
        except SandboxError as error:
            # One sentence is enough: every other test would only repeat it.
            pytest.exit(f"the sandbox cannot be started: {error}", returncode=error.exit_code)

    def none(self) -> None:
        """No sandbox at all."""
        if not self._is_ours and lifecycle.find():
            raise InTheWayError(
                "the sandbox that runs was not started by these tests",
                "end it with `python -m sandbox down`",
            )
        self._is_ours = True
        lifecycle.end(self._progress)

    def close(self) -> None:
        if self._is_ours:
            lifecycle.end(self._progress)


@pytest.fixture(scope="session")
def progress() -> Iterator[Progress]:
    """Lines on standard error; they are seen with `pytest -s`."""
    with Progress() as progress:
        yield progress


@pytest.fixture(scope="session")
def keeper(progress: Progress) -> Iterator[Keeper]:
    """For tests that need another sandbox than the usual one, or none."""
    keeper = Keeper(progress)
    yield keeper
    keeper.close()


@pytest.fixture
def running(keeper: Keeper) -> Sandbox:
    """The usual sandbox, in the state in which the last test left it."""
    return keeper.need(Wish())


@pytest.fixture
def cluster(running: Sandbox) -> Cluster:
    """The first cluster, in the state in which the last test left it."""
    return running.clusters[0]


@pytest.fixture
def kubeconfig(cluster: Cluster) -> Path:
    """The kubeconfig of the first cluster."""
    return cluster.kubeconfig


@pytest.fixture
def send(cluster: Cluster, progress: Progress) -> Iterator[Callable[..., LoadRun]]:
    """Begins loads on the first cluster, as `load.start` does; they end with the test."""
    with ExitStack() as stack:

        def start(plan: LoadPlan | None = None, **options: Any) -> LoadRun:
            chosen = plan or load.default_plan(cluster, rate=100, seconds=30)
            return stack.enter_context(load.start(cluster, chosen, progress, **options))

        yield start


@pytest.fixture
def mesh(cluster: Cluster) -> Cluster:
    """The first cluster with its mesh as it was when it was new."""
    reset.restore(cluster)
    return cluster
