# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""etcd and an API server on loopback, with controllers where a benchmark needs them.

They need no rights and no network of their own, so they run beside a sandbox.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks import ports
from benchmarks.api import Api
from benchmarks.credentials import COUNTED, Credentials
from benchmarks.programs import Programs
from sandbox.build import Artifacts

_SERVICES = "10.250.0.0/16"
_ISSUER = "https://kubernetes.default.svc"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlane:
    """A running API server."""

    folder: Path
    port: int
    api: Api
    credentials: Credentials
    programs: Programs
    artifacts: Artifacts

    def kubeconfig(self, user: str = "admin", port: int | None = None) -> Path:
        """How to log in as that user, by another port where something stands in between."""
        return self.credentials.kubeconfig(user, port or self.port)

    @property
    def audit_log(self) -> Path:
        """What the API server has noted, each request before it is answered."""
        return self.folder / "audit.log"

    def start_controllers(self) -> None:
        """Start the controllers and the scheduler."""
        for name, flags in (
            ("kube-controller-manager", self._controller_flags()),
            ("kube-scheduler", ()),
        ):
            kubeconfig = self.kubeconfig(f"system:{name}")
            common = (f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--secure-port=0")
            self.programs.start(name, (self.artifacts.path(name), *common, *flags))

    def _controller_flags(self) -> Sequence[str]:
        return (
            "--use-service-account-credentials=true",
            f"--service-account-private-key-file={self.credentials.file('accounts.key')}",
            f"--root-ca-file={self.credentials.file('ca.crt')}",
            # Nobody renews the leases of the simulated nodes.
            "--node-monitor-grace-period=24h",
            # Its own limit on requests would be all that is measured.
            "--kube-api-qps=300",
            "--kube-api-burst=600",
            f"--flex-volume-plugin-dir={self.folder / 'volume-plugins'}",
        )


@contextmanager
def control_plane(artifacts: Artifacts) -> Iterator[ControlPlane]:
    """Start etcd and an API server; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="meshwright-benchmark-") as name:
        folder = Path(name)
        with Programs(folder) as programs:
            credentials = Credentials.make(folder / "pki")
            etcd, peer, port = ports.free(3)
            programs.start(
                "etcd",
                (
                    artifacts.path("etcd"),
                    f"--data-dir={folder / 'etcd'}",
                    "--unsafe-no-fsync",
                    f"--listen-client-urls=http://127.0.0.1:{etcd}",
                    f"--advertise-client-urls=http://127.0.0.1:{etcd}",
                    f"--listen-peer-urls=http://127.0.0.1:{peer}",
                    f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                    f"--initial-cluster=default=http://127.0.0.1:{peer}",
                    "--log-level=warn",
                ),
            )
            flags = _api_server_flags(folder, credentials, etcd, port)
            programs.start("kube-apiserver", (artifacts.path("kube-apiserver"), *flags))
            api = Api(credentials, port)
            programs.wait_until("an API server that is ready", api.is_ready)
            yield ControlPlane(
                folder=folder,
                port=port,
                api=api,
                credentials=credentials,
                programs=programs,
                artifacts=artifacts,
            )


def _api_server_flags(
    folder: Path, credentials: Credentials, etcd: int, port: int
) -> Sequence[str]:
    policy = folder / "audit.yml"
    policy.write_text(yaml.safe_dump(_AUDIT_POLICY))
    file = credentials.file
    return (
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={_SERVICES}",
        f"--tls-cert-file={file('server.crt')}",
        f"--tls-private-key-file={file('server.key')}",
        f"--client-ca-file={file('ca.crt')}",
        f"--kubelet-certificate-authority={file('ca.crt')}",
        f"--kubelet-client-certificate={file('kubelet-client.crt')}",
        f"--kubelet-client-key={file('kubelet-client.key')}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer={_ISSUER}",
        f"--service-account-key-file={file('accounts.pub')}",
        f"--service-account-signing-key-file={file('accounts.key')}",
        "--authorization-mode=RBAC",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
        "--audit-log-mode=blocking",
        # Lets a policy stand in for the webhook of an istiod; see `injection.py`.
        "--feature-gates=MutatingAdmissionPolicy=true",
        "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
    )


_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "omitManagedFields": True,
    "rules": [
        {
            # Who began which rollout, and when its status said that it was complete.
            "level": "RequestResponse",
            "users": [COUNTED, "system:serviceaccount:kube-system:deployment-controller"],
            "verbs": ["patch", "update"],
            "resources": [{"group": "apps", "resources": ["deployments", "deployments/status"]}],
        },
        {"level": "Metadata", "users": [COUNTED]},
        {"level": "None"},
    ],
}
