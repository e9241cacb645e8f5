# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sandbox that runs on this machine: what was asked for, and what became of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sandbox import boot, build, enclosure, haproxy, network, processes
from sandbox.build import Artifacts
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError
from sandbox.places import STATE

_RECORD = STATE / "sandbox.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: clusters, the Istio on them (none: empty), workloads (none: empty)."""

    clusters: int = 1
    istio: str = "1.30"
    revision: str = ""
    """Empty for a control plane without one."""
    workloads: str = "shop"

    @property
    def names(self) -> tuple[str, ...]:
        return network.NAMES[: self.clusters]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox that runs."""

    wish: Wish
    started: str
    artifacts: Artifacts

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        return tuple(Cluster(name, self.artifacts) for name in self.wish.names)

    def cluster(self, name: str) -> Cluster:
        """A cluster by its name, which must be one of this sandbox."""
        for cluster in self.clusters:
            if cluster.name == name:
                return cluster
        raise SandboxError(
            f"this sandbox has no cluster {name}", f"it has {', '.join(self.wish.names)}"
        )

    def dead(self) -> tuple[str, ...]:
        """The programs that should run and do not, such as `a/kubelet`."""
        found = []
        for name in self.wish.names:
            lives = enclosure.find(Cluster(name, self.artifacts).places)
            for component in boot.COMPONENTS:
                if lives is None or not lives.runs(component):
                    found.append(f"{name}/{component}")
        if self.wish.clusters > 1 and not processes.find(haproxy.MARK):
            found.append(haproxy.MARK)
        return tuple(found)


def find() -> Sandbox | None:
    """The sandbox that runs on this machine; nothing when none was started to the end."""
    try:
        record = json.loads(_RECORD.read_text())
    except (OSError, ValueError):
        return None
    return Sandbox(wish=Wish(**record["wish"]), started=record["started"], artifacts=build.locate())


def require() -> Sandbox:
    """The sandbox that runs; raises when there is none."""
    if found := find():
        return found
    raise SandboxError("no sandbox runs on this machine", "start one: `python -m sandbox up`")


def record(sandbox: Sandbox) -> None:
    """Write down that it was started to the end."""
    content = {"wish": asdict(sandbox.wish), "started": sandbox.started}
    unfinished = _RECORD.with_suffix(".partial")
    unfinished.write_text(json.dumps(content))
    unfinished.rename(_RECORD)
