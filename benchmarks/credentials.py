# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates and kubeconfigs of a benchmark's control plane."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import yaml

from sandbox import pki

# Every request of this one is written to the audit log.
COUNTED = "counted"
_USERS: Mapping[str, tuple[str, ...]] = {
    "admin": ("system:masters",),
    COUNTED: ("system:masters",),
    "system:kube-controller-manager": (),
    "system:kube-scheduler": (),
    "kubelet-client": ("system:masters",),
}


class Credentials:
    """One authority and all that it signs, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def make(cls, folder: Path) -> Credentials:
        """New ones."""
        folder.mkdir(mode=0o700)
        credentials = cls(folder)
        credentials._fill()
        return credentials

    def _fill(self) -> None:
        authority = pki.authority("kubernetes of a benchmark")
        self._store("ca", authority)
        self._store("server", pki.leaf(authority, "server", hosts=("127.0.0.1", "localhost")))
        for user, groups in _USERS.items():
            self._store(user, pki.leaf(authority, user, groups=groups))
        accounts = pki.private_key()
        self.file("accounts.key").write_bytes(pki.key_pem(accounts))
        self.file("accounts.pub").write_bytes(pki.public_pem(accounts))

    def file(self, name: str) -> Path:
        return self._folder / name

    def kubeconfig(self, user: str, port: int) -> Path:
        """A kubeconfig with everything in it, as most people have one."""
        path = self.file(f"{user}-{port}.kubeconfig")
        cluster = {
            "server": f"https://127.0.0.1:{port}",
            "certificate-authority-data": self._encoded("ca.crt"),
        }
        login = {
            "client-certificate-data": self._encoded(f"{user}.crt"),
            "client-key-data": self._encoded(f"{user}.key"),
        }
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "benchmark", "cluster": cluster}],
            "users": [{"name": user, "user": login}],
            "contexts": [{"name": user, "context": {"cluster": "benchmark", "user": user}}],
            "current-context": user,
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def _store(self, name: str, identity: pki.Identity) -> None:
        self.file(f"{name}.crt").write_bytes(identity.certificate_pem)
        self.file(f"{name}.key").write_bytes(identity.key_pem)

    def _encoded(self, name: str) -> str:
        return base64.b64encode(self.file(name).read_bytes()).decode()
