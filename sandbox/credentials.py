# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates and kubeconfigs of one cluster, as files."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path

import yaml

from sandbox import pki
from sandbox.network import Addresses
from sandbox.pki import Identity
from sandbox.places import Places

PORT = 6443
# Who else logs in: file -> user name and groups, as Kubernetes' own roles expect them.
_CLIENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "kube-controller-manager": ("system:kube-controller-manager", ()),
    "kube-scheduler": ("system:kube-scheduler", ()),
    "kube-proxy": ("system:kube-proxy", ()),
    "prometheus": ("prometheus", ()),
}


def write(addresses: Addresses, places: Places) -> None:
    """Make a new authority and everything that it signs."""
    authority = pki.authority(f"kubernetes of sandbox {places.name}")
    _store(places.pki / "ca.crt", authority.certificate_pem)
    _store(places.pki / "ca.key", authority.key_pem)
    accounts = pki.private_key()
    _store(places.pki / "accounts.key", pki.key_pem(accounts))
    _store(places.pki / "accounts.pub", pki.public_pem(accounts))
    admin = pki.leaf(authority, "admin", groups=("system:masters",))
    node = node_name(places.name)
    kubelet = pki.leaf(
        authority, f"system:node:{node}", groups=("system:nodes",), hosts=(node, addresses.node)
    )
    server = pki.leaf(authority, "kube-apiserver", hosts=_api_hosts(addresses))
    to_kubelet = pki.leaf(authority, "kube-apiserver-kubelet-client", groups=("system:masters",))
    pairs = {
        "admin": admin,
        "kube-apiserver": server,
        "kubelet": kubelet,
        "kubelet-client": to_kubelet,
    }
    for name, identity in pairs.items():
        _store(places.pki / f"{name}.crt", identity.certificate_pem)
        _store(places.pki / f"{name}.key", identity.key_pem)
    clients = {places.kubeconfig: admin, kubeconfig(places, "kubelet"): kubelet}
    for name, (user, groups) in _CLIENTS.items():
        clients[kubeconfig(places, name)] = pki.leaf(authority, user, groups=groups)
    url = f"https://{addresses.node}:{PORT}"
    for path, identity in clients.items():
        _store(path, _kubeconfig(f"sandbox-{places.name}", url, authority, identity))


def kubeconfig(places: Places, component: str) -> Path:
    """Where a component finds how to reach the API server."""
    return places.pki / f"{component}.kubeconfig"


def node_name(cluster: str) -> str:
    return f"node-{cluster}"


def _api_hosts(addresses: Addresses) -> tuple[str, ...]:
    names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
    full = "kubernetes.default.svc.cluster.local"
    return (addresses.node, addresses.api_service, "127.0.0.1", "localhost", *names, full)


def _kubeconfig(name: str, url: str, authority: Identity, user: Identity) -> bytes:
    def data(pem: bytes) -> str:
        return base64.b64encode(pem).decode()

    cluster = {"server": url, "certificate-authority-data": data(authority.certificate_pem)}
    login = {
        "client-certificate-data": data(user.certificate_pem),
        "client-key-data": data(user.key_pem),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": name, "user": login}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return yaml.safe_dump(document, sort_keys=False).encode()


def _store(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
