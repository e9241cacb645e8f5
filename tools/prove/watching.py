# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to pods while something else is done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tools.prove.mesh import Mesh, version

# By namespace, controller and version.
Births = dict[tuple[str, str, str], set[str]]


@contextmanager
def births(mesh: Mesh) -> Iterator[Births]:
    """The pods that are seen meanwhile."""
    seen: Births = {}

    def look() -> None:
        for pod in mesh.pods():
            seen.setdefault(_kin(pod), set()).add(pod["metadata"]["uid"])

    with every_second(look):
        yield seen


def superfluous(mesh: Mesh, seen: Births, of: str) -> int:
    """How many pods of a version there were that others have replaced since."""
    there = {pod["metadata"]["uid"] for pod in mesh.pods()}
    return sum(
        len(pods - there) for (_namespace, owner, on), pods in seen.items() if on == of and owner
    )


def _kin(pod: Mapping[str, Any]) -> tuple[str, str, str]:
    """Whose it is; a pod that stands in for another one, or was let go, is nobody's."""
    told = pod["metadata"]
    owners = [
        f"{each['kind']}/{each['name']}"
        for each in told.get("ownerReferences", ())
        # The owner of a stand-in, which nothing replaces.
        if each["kind"] != "ControllerRevision"
    ]
    return told["namespace"], "".join(owners), version(pod)


@contextmanager
def every_second(look: Callable[[], object]) -> Iterator[None]:
    """Look beside what is done meanwhile."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(1):
            look()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
