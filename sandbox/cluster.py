# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One cluster that runs: where it is, and how it is spoken to."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import manifests, processes
from sandbox.api import Objects
from sandbox.build import Artifacts
from sandbox.errors import SandboxError
from sandbox.network import Addresses
from sandbox.places import Places

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

INGRESS_PORT = 30080
# Raw TCP through the ingress gateway, to where `hard` has a server for it.
TCP_PORT = 30900
PROMETHEUS_PORT = 9090


@dataclass(frozen=True)
class Cluster:
    """A cluster by its name, `a` or `b`."""

    name: str
    artifacts: Artifacts

    @property
    def index(self) -> int:
        return self.addresses.index

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.name)

    @property
    def places(self) -> Places:
        return Places(self.name)

    @property
    def kubeconfig(self) -> Path:
        return self.places.kubeconfig

    @property
    def node_address(self) -> str:
        return self.addresses.node

    @property
    def ingress_url(self) -> str:
        return f"http://{self.node_address}:{INGRESS_PORT}"

    @property
    def prometheus_url(self) -> str:
        return f"http://{self.node_address}:{PROMETHEUS_PORT}"

    @cached_property
    def api(self) -> ApiClient:
        """The official client, for who wants typed calls."""
        # Importing it takes a second, which is too much for a command that does without it.
        from kubernetes import config  # noqa: PLC0415

        return config.new_client_from_config(str(self.kubeconfig))

    @cached_property
    def objects(self) -> Objects:
        return Objects(self.addresses, self.places)

    def apply(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Server-side apply, many at once, as field manager `sandbox`."""
        self.objects.apply(documents)

    def apply_manifest(self, name: str, **values: str) -> None:
        """Apply one of the files in `manifests`."""
        self.apply(manifests.load(name, **values))

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What kubectl says; SandboxError when it fails."""
        return self.run("kubectl", *arguments, stdin=stdin)

    def run(self, program: str, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl or an istioctl on this cluster, and give back what it says."""
        done = subprocess.run(
            [self.artifacts.path(program), f"--kubeconfig={self.kubeconfig}", *arguments],
            env=processes.marked(f"{self.name}/{program}"),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SandboxError(
                f"`{program} {' '.join(arguments)}` failed on cluster {self.name}:"
                f" {done.stderr.strip() or done.stdout.strip()}",
                f"look at it yourself: export KUBECONFIG={self.kubeconfig}",
            )
        return done.stdout
