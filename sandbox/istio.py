# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Istio on a sandbox's cluster: control planes, gateways, and versions that are bad on purpose."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from sandbox import manifests
from sandbox.api import Object
from sandbox.cluster import Cluster
from sandbox.errors import SandboxError, UsageError
from sandbox.parts import ISTIO_VERSIONS
from sandbox.pki import Identity, authority

NAMESPACE = "istio-system"
GATEWAYS = {"istio-ingressgateway": "istio-ingress", "istio-egressgateway": "istio-egress"}
# Helm values that spoil a version, a file each; whoever installs by other means takes them too.
BAD = Path(__file__).parent / "bad"
# istioctl gives the API server 15 seconds for each answer, which may be too few on a busy machine.
_LATE = 'timeout=15s": context deadline exceeded'
_ATTEMPTS = 3


class Bad(StrEnum):
    """What can be wrong with a new version, each as it happens to people."""

    PROXIES = "proxies"
    """Its proxies reject their listeners and never get ready."""
    PROXY_IMAGE = "proxy-image"
    """The image of its proxies does not exist."""
    ISTIOD_IMAGE = "istiod-image"
    """The image of its istiod does not exist."""
    ISTIOD_CRASH = "istiod-crash"
    """Its istiod crashes as soon as it starts."""

    @property
    def values(self) -> dict[str, Any]:
        """The Helm values that make a version bad in this way."""
        found: dict[str, Any] = yaml.safe_load((BAD / f"{self}.yml").read_text())
        return found

    @property
    def is_dead(self) -> bool:
        """Whether its istiod never gets ready."""
        return self in {Bad.ISTIOD_IMAGE, Bad.ISTIOD_CRASH}


def operator(minor: str, revision: str = "", bad: Bad | None = None) -> dict[str, Any]:
    """The IstioOperator document of a control plane; the un-revisioned one has no revision."""
    if minor not in ISTIO_VERSIONS:
        raise UsageError(
            f"there is no Istio {minor} in the sandbox",
            f"use {' or '.join(sorted(ISTIO_VERSIONS))}",
        )
    version = ISTIO_VERSIONS[minor]
    [document] = manifests.load("istio-operator", version=version, revision=revision)
    if bad:
        document["spec"]["values"] = _merged(document["spec"]["values"], bad.values)
    return document


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, as Helm merges values: what is in both comes from the second."""
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        if isinstance(below[key], Mapping) and isinstance(above[key], Mapping):
            merged[key] = _merged(below[key], above[key])
    return merged


def install(cluster: Cluster, minor: str, revision: str = "", bad: Bad | None = None) -> None:
    """Install a control plane with its own istioctl; one that cannot start is not waited for."""
    is_dead = bad is not None and bad.is_dead
    document = operator(minor, revision, bad)
    with tempfile.TemporaryDirectory(prefix="meshwright-sandbox-") as folder:
        path = Path(folder) / "operator.yml"
        path.write_text(yaml.safe_dump(document))
        patience = "1s" if is_dead else "300s"
        arguments = ("install", "-f", str(path), "--skip-confirmation", "--readiness-timeout")
        for left in reversed(range(_ATTEMPTS)):
            try:
                cluster.run(f"istioctl-{minor}", *arguments, patience)
            except SandboxError as error:
                if is_dead and _is_there(cluster, revision):
                    return
                if not left or _LATE not in str(error):
                    raise
            else:
                return


def set_tag(cluster: Cluster, minor: str, tag: str, revision: str = "") -> None:
    """Point a tag at a revision, or at the control plane that has none."""
    arguments = ("tag", "set", tag, f"--revision={revision or 'default'}", "--overwrite")
    cluster.run(f"istioctl-{minor}", *arguments)


def _is_there(cluster: Cluster, revision: str) -> bool:
    """Whether the Deployment of an istiod exists, be it ready or not."""
    name = f"istiod-{revision}" if revision else "istiod"
    deployments = cluster.objects.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments")
    return any(each["metadata"]["name"] == name for each in deployments["items"])


def give_authority(cluster: Cluster, root: Identity) -> None:
    """An intermediate authority under a root that clusters share, so that they trust each other."""
    issuer = authority(f"istiod of cluster {cluster.name}", root)
    files = {
        "ca-cert.pem": issuer.certificate_pem,
        "ca-key.pem": issuer.key_pem,
        "cert-chain.pem": issuer.certificate_pem + root.certificate_pem,
        "root-cert.pem": root.certificate_pem,
    }
    data = {name: base64.b64encode(content).decode() for name, content in files.items()}
    metadata = {"name": "cacerts", "namespace": NAMESPACE}
    cluster.apply(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data},
        ]
    )


def install_gateways(cluster: Cluster) -> None:
    """Apply the ingress and the egress gateway; they start once injection answers."""
    cluster.apply_manifest("gateways")


def wait_for_gateways(cluster: Cluster, timeout: float = 300.0) -> None:
    """Until every pod that the gateways ask for is ready."""
    for name, namespace in GATEWAYS.items():
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        cluster.objects.wait(path, unready, what=f"the gateway {name}", timeout=timeout)


def unready(deployments: list[Object]) -> str:
    """Which Deployments do not have all their pods, in the form in which they are asked for."""
    return ", ".join(filter(None, map(_lacks, deployments)))


def _lacks(deployment: Object) -> str:
    metadata, status = deployment["metadata"], deployment.get("status", {})
    wanted = deployment["spec"].get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= metadata["generation"]
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    if seen and counts == [wanted] * 3:
        return ""
    return f"{metadata['name']} has {counts[2]} of {wanted} pods"
