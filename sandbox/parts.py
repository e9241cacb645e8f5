# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what is compiled: from which module, with which flags, into which programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.cache import Entry, key_of

HERE = Path(__file__).resolve().parent
KUBERNETES_VERSION = "1.35.4"
# Head of each release branch: the public proxy serves no release tags of Istio.
ISTIO_VERSIONS = {"1.31": "1.31.0", "1.30": "1.30.4"}
ISTIO_COMMITS = {"1.31": "eed52ebb66ad", "1.30": "9739e10eb9d7"}
IMAGE_HUB = "localhost/istio"
# The standard channel, by the names of its files.
GATEWAY_API_KINDS = (
    "backendtlspolicies",
    "gatewayclasses",
    "gateways",
    "grpcroutes",
    "httproutes",
    "listenersets",
    "referencegrants",
    "tlsroutes",
)
GIB = 1024**3
_DEFINITIONS = "config/crd/standard/gateway.networking.k8s.io"
_BOOTSTRAP = "tools/packaging/common/envoy_bootstrap.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Programs that one `go build` makes; each program is stored under its key in `packages`.

    Without any, it is plain files of a module.
    """

    name: str
    module: Path
    packages: Mapping[str, str]
    disk: int
    """Bytes that building it alone takes, most of them in Go's build cache."""
    tags: tuple[str, ...] = ()
    stamps: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Plain files of a module to keep beside the programs: name -> (module, path in it)."""

    def flags(self) -> list[str]:
        """The flags that decide what comes out; the VCS is left out to be reproducible."""
        stamps = [f"-X {variable}={value}" for variable, value in self.stamps.items()]
        flags = ["-mod=readonly", "-buildvcs=false", "-trimpath"]
        return [*flags, f"-tags={','.join(self.tags)}", f"-ldflags={' '.join(['-s -w', *stamps])}"]

    def entry(self, go_version: str) -> Entry:
        """Its place in the cache, which moves when anything it is made from changes."""
        pieces = [*self.flags(), *map(repr, self.packages.items()), *map(repr, self.copies.items())]
        made_from = [go_version, *pieces]
        key = key_of([*(piece.encode() for piece in made_from), *_sources(self.module)])
        return Entry(name=self.name, key=key, files=(*self.packages, *self.copies))


def _sources(module: Path) -> Iterator[bytes]:
    for path in sorted(module.rglob("*")):
        if path.is_file() and not path.name.endswith("_test.go"):
            yield str(path.relative_to(module)).encode()
            yield path.read_bytes()


def executable_of(package: str) -> str:
    """What `go build` calls the program of a package: its last element that is no version."""
    elements = package.split("/")
    if len(elements) > 1 and re.fullmatch(r"v[0-9]+", elements[-1]):
        elements.pop()
    return elements[-1]


def _kubernetes() -> Part:
    version = "k8s.io/component-base/version"
    major, minor, _patch = KUBERNETES_VERSION.split(".")
    programs = (
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubelet",
        "kubectl",
    )
    return Part(
        name="kubernetes",
        disk=int(3 * GIB),
        module=HERE / "modules" / "kubernetes",
        packages={name: f"k8s.io/kubernetes/cmd/{name}" for name in programs},
        stamps={
            f"{version}.gitVersion": f"v{KUBERNETES_VERSION}",
            f"{version}.gitMajor": major,
            f"{version}.gitMinor": minor,
            f"{version}.gitTreeState": "clean",
        },
    )


def _istio_stamps(minor: str) -> dict[str, str]:
    version = "istio.io/istio/pkg/version"
    return {
        f"{version}.buildVersion": ISTIO_VERSIONS[minor],
        f"{version}.buildTag": ISTIO_VERSIONS[minor],
        f"{version}.buildHub": IMAGE_HUB,
        f"{version}.buildGitRevision": ISTIO_COMMITS[minor],
        f"{version}.buildStatus": "Clean",
    }


def _istio(minor: str) -> Part:
    return Part(
        name=f"istio-{minor}",
        disk=int(3 * GIB),
        module=HERE / "modules" / f"istio-{minor}",
        packages={
            f"pilot-discovery-{minor}": "istio.io/istio/pilot/cmd/pilot-discovery",
            f"istioctl-{minor}": "istio.io/istio/istioctl/cmd/istioctl",
        },
        tags=("vtprotobuf", "disable_pgv"),
        stamps=_istio_stamps(minor),
        copies={f"bootstrap-{minor}": ("istio.io/istio", _BOOTSTRAP)},
    )


def _istio_agent(minor: str) -> Part:
    return Part(
        name=f"istio-agent-{minor}",
        disk=int(1 * GIB),
        module=HERE / "modules" / f"istio-{minor}",
        packages={f"pilot-agent-{minor}": "istio.io/istio/pilot/cmd/pilot-agent"},
        tags=("agent", "vtprotobuf", "disable_pgv"),
        stamps=_istio_stamps(minor),
    )


def _tools() -> Part:
    return Part(
        name="tools",
        disk=int(1.5 * GIB),
        module=HERE / "modules" / "tools",
        packages={"coredns": "./coredns", "etcd": "go.etcd.io/etcd/server/v3"},
    )


def _programs() -> Part:
    return Part(
        name="programs",
        disk=int(0.5 * GIB),
        module=HERE / "programs",
        packages={name: f"./cmd/{name}" for name in ("shop", "load", "xdsfill")},
    )


def _gateway_api() -> Part:
    """The definitions of the Gateway API, of the version that the older Istio was made for."""
    return Part(
        name="gateway-api",
        disk=0,
        module=HERE / "modules" / "istio-1.30",
        packages={},
        copies={
            f"gateway-api-{kind}.yml": ("sigs.k8s.io/gateway-api", f"{_DEFINITIONS}_{kind}.yaml")
            for kind in GATEWAY_API_KINDS
        },
    )


# Largest first, and what shares packages in a row.
PARTS = (
    _kubernetes(),
    *(part for minor in ISTIO_VERSIONS for part in (_istio(minor), _istio_agent(minor))),
    _tools(),
    _gateway_api(),
    *((_programs(),) if (HERE / "programs" / "go.mod").exists() else ()),
)
