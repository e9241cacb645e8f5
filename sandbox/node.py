# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of a node: containerd, the pods' network, kubelet and kube-proxy.

What is not a default is what a node needs to run without an init system, on either version of
cgroups and with the rights of a container; each was found by what happened without it.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from sandbox import cgroups, credentials, packages
from sandbox.images import PAUSE
from sandbox.network import Addresses
from sandbox.places import Places


def write(addresses: Addresses, places: Places) -> None:
    """Write every file that the node's programs are told of."""
    network = places.config / "cni"
    network.mkdir(exist_ok=True)
    (network / "10-pods.conflist").write_text(pod_network(addresses, places))
    (places.config / "containerd.toml").write_text(containerd(places))
    (places.config / "kubelet.yml").write_text(kubelet(addresses, places))
    (places.config / "kube-proxy.yml").write_text(kube_proxy(addresses, places))
    # Nobody out there is asked: every name that CoreDNS does not know is unknown.
    (places.config / "resolv.conf").write_text(f"nameserver {addresses.dns_service}\n")


def containerd(places: Places) -> str:
    return f"""
version = 2
root = "{places.root / "containerd"}"
state = "/run/containerd"
oom_score = 0

[grpc]
  address = "{places.socket}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{places.root / "opt"}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  # Without it runc dies where the capability SYS_RESOURCE is missing.
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"

      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{packages.CNI}"
    conf_dir = "{places.config / "cni"}"
"""


def pod_network(addresses: Addresses, places: Places) -> str:
    """A cable of its own to each pod.

    On a bridge the answers of one pod to another would go past the node's packet filter, and so
    past kube-proxy, unless the module br_netfilter happens to be loaded.
    """
    ranges = [[{"subnet": str(addresses.pods)}]]
    ipam = {"type": "host-local", "ranges": ranges, "dataDir": str(places.root / "addresses")}
    cable = {"type": "ptp", "ipam": {**ipam, "routes": [{"dst": "0.0.0.0/0"}]}}
    host_ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [cable, host_ports]})


def kubelet(addresses: Addresses, places: Places) -> str:
    """A kubelet that leaves the machine's cgroups alone: pods are put under one of ours."""
    return _document(
        "kubelet.config.k8s.io/v1beta1",
        "KubeletConfiguration",
        authentication={
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(places.pki / "ca.crt")},
        },
        authorization={"mode": "Webhook"},
        tlsCertFile=str(places.pki / "kubelet.crt"),
        tlsPrivateKeyFile=str(places.pki / "kubelet.key"),
        cgroupDriver="cgroupfs",
        cgroupRoot=f"/{cgroups.NAME}/{places.name}",
        enforceNodeAllocatable=[],
        failSwapOn=False,
        failCgroupV1=False,
        localStorageCapacityIsolation=False,
        clusterDNS=[addresses.dns_service],
        clusterDomain="cluster.local",
        containerRuntimeEndpoint=f"unix://{places.socket}",
        resolvConf=str(places.config / "resolv.conf"),
        volumePluginDir=str(places.root / "volume-plugins"),
        # Nothing is thrown away or thrown out because the machine is full of something else;
        # 0 is refused for the memory.
        imageGCHighThresholdPercent=100,
        evictionHard={
            "imagefs.available": "0%",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "memory.available": "1Mi",
        },
        maxPods=250,
        serializeImagePulls=False,
        kubeAPIQPS=100,
        kubeAPIBurst=200,
    )


def kube_proxy(addresses: Addresses, places: Places) -> str:
    """Services by nftables; hands off the machine's limits of connections, often read-only."""
    return _document(
        "kubeproxy.config.k8s.io/v1alpha1",
        "KubeProxyConfiguration",
        mode="nftables",
        clusterCIDR=str(addresses.pods),
        hostnameOverride=credentials.node_name(places.name),
        clientConnection={"kubeconfig": str(credentials.kubeconfig(places, "kube-proxy"))},
        conntrack={
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
    )


def _document(api_version: str, kind: str, **fields: Any) -> str:
    return yaml.safe_dump({"apiVersion": api_version, "kind": kind, **fields}, sort_keys=False)
