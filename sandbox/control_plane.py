# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command lines of a control plane: etcd, API server, controllers and scheduler."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox import credentials
from sandbox.network import Addresses
from sandbox.places import Places

_ETCD = "http://127.0.0.1:2379"


def etcd(places: Places) -> Sequence[str]:
    return (
        f"--data-dir={places.root / 'etcd'}",
        # What it holds is thrown away with the sandbox.
        "--unsafe-no-fsync",
        f"--listen-client-urls={_ETCD}",
        f"--advertise-client-urls={_ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--log-level=warn",
    )


def api_server(addresses: Addresses, places: Places) -> Sequence[str]:
    pki = places.pki
    return (
        f"--etcd-servers={_ETCD}",
        f"--service-cluster-ip-range={addresses.services}",
        f"--advertise-address={addresses.node}",
        f"--secure-port={credentials.PORT}",
        f"--tls-cert-file={pki / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={pki / 'kube-apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        # Nobody resolves the node's name, which exec, logs and port-forward would ask for.
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'accounts.key'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
    )


def controller_manager(addresses: Addresses, places: Places) -> Sequence[str]:
    pki = places.pki
    return (
        f"--kubeconfig={credentials.kubeconfig(places, 'kube-controller-manager')}",
        f"--service-account-private-key-file={pki / 'accounts.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        f"--service-cluster-ip-range={addresses.services}",
        # It would make the default one, on the root file system, if it were not there.
        f"--flex-volume-plugin-dir={places.root / 'volume-plugins'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        # The only node must not be given up because the machine is busy.
        "--node-monitor-grace-period=5m",
        "--secure-port=0",
    )


def scheduler(places: Places) -> Sequence[str]:
    return (
        f"--kubeconfig={credentials.kubeconfig(places, 'kube-scheduler')}",
        "--leader-elect=false",
        "--secure-port=0",
    )


def kubelet(addresses: Addresses, places: Places) -> Sequence[str]:
    return (
        f"--config={places.config / 'kubelet.yml'}",
        f"--kubeconfig={credentials.kubeconfig(places, 'kubelet')}",
        f"--root-dir={places.root / 'kubelet'}",
        f"--cert-dir={places.root / 'kubelet' / 'pki'}",
        f"--hostname-override={credentials.node_name(places.name)}",
        f"--node-ip={addresses.node}",
    )
