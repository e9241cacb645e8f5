# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster is made of, as files and addresses."""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from sandbox import control_plane, credentials, haproxy, machine, network, node, packages, pki
from sandbox.build import Artifacts
from sandbox.cluster import Cluster
from sandbox.errors import InTheWayError, SandboxError
from sandbox.network import NAMES, Addresses
from sandbox.places import Places

ADDRESSES = [Addresses(name) for name in NAMES]


@pytest.fixture(autouse=True)
def _all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "program", lambda name: Path("/usr/bin") / name)


def test_no_two_clusters_share_an_address() -> None:
    networks = [
        network
        for each in ADDRESSES
        for network in (
            each.services,
            each.pods,
            ipaddress.ip_network(f"{each.host}/30", strict=False),
        )
    ]
    assert all(net.subnet_of(network.RANGE) for net in networks)
    assert not [pair for pair in itertools.combinations(networks, 2) if pair[0].overlaps(pair[1])]
    assert not any(ipaddress.ip_address(network.FRONT) in net for net in networks)
    assert machine.RANGE == network.RANGE
    assert tuple(each.link for each in ADDRESSES) == machine.OWN_DEVICES


@pytest.mark.parametrize("addresses", ADDRESSES, ids=NAMES)
def test_services_with_fixed_addresses_lie_where_services_are(addresses: Addresses) -> None:
    for address in (addresses.api_service, addresses.dns_service):
        assert ipaddress.ip_address(address) in addresses.services


@pytest.mark.parametrize("addresses", ADDRESSES, ids=NAMES)
def test_node_is_told_of_its_own_addresses_and_folders(addresses: Addresses) -> None:
    places = Places(addresses.name)
    containerd = tomllib.loads(node.containerd(places))
    assert containerd["grpc"]["address"] == str(places.socket)
    assert len(containerd["grpc"]["address"]) <= 107, "a socket's path may not be longer"
    assert Path(containerd["root"]).is_relative_to(places.root)
    pods = json.loads(node.pod_network(addresses, places))
    assert pods["plugins"][0]["ipam"]["ranges"] == [[{"subnet": str(addresses.pods)}]]
    kubelet = yaml.safe_load(node.kubelet(addresses, places))
    assert kubelet["cgroupRoot"] == f"/meshwright-sandbox/{addresses.name}"
    assert kubelet["clusterDNS"] == [addresses.dns_service]
    assert not kubelet["authentication"]["anonymous"]["enabled"]
    proxy = yaml.safe_load(node.kube_proxy(addresses, places))
    assert proxy["clusterCIDR"] == str(addresses.pods)


def test_nothing_is_written_outside_of_the_clusters_folder() -> None:
    addresses, places = ADDRESSES[0], Places("a")
    lines = [
        *control_plane.etcd(places),
        *control_plane.api_server(addresses, places),
        *control_plane.controller_manager(addresses, places),
        *control_plane.scheduler(places),
        *control_plane.kubelet(addresses, places),
    ]
    values = [line.partition("=")[2] for line in lines]
    assert all(value.startswith(str(places.root)) for value in values if value.startswith("/"))
    assert "--authorization-mode=Node,RBAC" in lines


def test_an_authority_signs_for_whom_it_is_asked() -> None:
    root = pki.authority("root")
    middle = pki.authority("istiod of cluster a", root)
    middle.certificate.verify_directly_issued_by(root.certificate)
    leaf = pki.leaf(middle, "node", groups=("system:nodes",), hosts=("node-a", "198.18.1.2"))
    leaf.certificate.verify_directly_issued_by(middle.certificate)
    assert leaf.certificate.subject.rfc4514_string() == "CN=node,O=system:nodes"
    with pytest.raises(ValueError, match="Issuer"):
        leaf.certificate.verify_directly_issued_by(root.certificate)


def test_credentials_are_for_roots_eyes_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Places, "root", property(lambda _: tmp_path))
    places = Places("a")
    places.make()
    credentials.write(ADDRESSES[0], places)
    files = [places.kubeconfig, *places.pki.iterdir()]
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    assert places.pki.stat().st_mode & 0o777 == 0o700
    kubeconfig = yaml.safe_load(places.kubeconfig.read_text())
    assert kubeconfig["clusters"][0]["cluster"]["server"] == "https://198.18.1.2:6443"
    assert kubeconfig["current-context"] == "sandbox-a"


def test_haproxy_sends_all_to_the_first_cluster_and_asks_for_health_in_http_1_1() -> None:
    clusters = [Cluster(name, Artifacts(entries={})) for name in NAMES]
    lines = [line.strip() for line in haproxy.configuration(clusters).splitlines()]
    servers = [line for line in lines if line.startswith("server ")]
    assert [line.split()[1:5] for line in servers] == [
        ["a", "198.18.1.2:30080", "weight", "100"],
        ["b", "198.18.2.2:30080", "weight", "0"],
    ]
    assert "http-check send meth GET uri /healthz/ready ver HTTP/1.1 hdr Host gateway" in lines
    assert f"stats socket {haproxy.SOCKET} mode 600 level admin expose-fd listeners" in lines


def test_haproxy_without_checks_looks_after_nobody() -> None:
    clusters = [Cluster(name, Artifacts(entries={})) for name in NAMES]
    with_checks = haproxy.configuration(clusters)
    without = haproxy.configuration(clusters, checks=False)
    assert "check" in with_checks.partition("server a")[2]
    assert "check" not in without.partition("server a")[2]
    assert re.sub(r" check port .*", "", with_checks) == without


def test_a_port_that_is_taken_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with haproxy.socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr(haproxy, "_PORT", port)
        with pytest.raises(InTheWayError, match=rf":{port}: Address already in use; end what"):
            haproxy.check_port()
    haproxy.check_port()


def test_a_command_to_no_haproxy_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"does not answer at .*: No such file .*; run `python"):
        haproxy.command("show info", tmp_path / "haproxy.sock")
