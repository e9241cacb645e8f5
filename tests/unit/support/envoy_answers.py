# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an Envoy of Istio prints on its admin port, as a real one does."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

# Clusters that have nothing to do with the Services of the mesh, and are busy.
_OTHERS = """\
prometheus_stats::observability_name::prometheus_stats
prometheus_stats::default_priority::max_connections::1024
prometheus_stats::127.0.0.1:15000::rq_active::1
xds-grpc::/etc/istio/proxy/XDS::rq_active::1
BlackHoleCluster::observability_name::BlackHoleCluster
PassthroughCluster::10.9.9.9:8080::rq_active::3
InboundPassthroughCluster::0.0.0.0:0::rq_active::2
"""


def clusters(
    known: Mapping[str, Sequence[str]],
    address: str,
    number: int,
    *,
    gateway: bool = False,
    sent: int = 8731,
) -> bytes:
    """/clusters of a proxy that knows these hosts; with so many requests of its own open.

    It has sent `sent` to each of them. A sidecar has an inbound cluster, and its requests in it,
    while a Service leads to its address.
    """
    lines = [_OTHERS.rstrip()]
    left = number if gateway else 0
    for host, addresses in known.items():
        name = f"outbound|80||{host}"
        lines += [
            f"{name}::observability_name::{name};",
            f"{name}::default_priority::max_connections::4294967295",
        ]
        for each in addresses:
            lines += _host(name, each, left, sent)
            left = 0
    if address and not gateway:
        lines += _host("inbound|8080||", address, number, sent)
    return ("\n".join(lines) + "\n").encode()


def gauges(number: int, *, gateway: bool = False, hidden: bool = False) -> bytes:
    """/stats with the filter for the requests that its listeners have open."""
    name = "http.outbound_0.0.0.0_8080;" if gateway else "http.inbound_0.0.0.0_8080;"
    return b"" if hidden else f"{name}.downstream_rq_active: {number}\n".encode()


def served(path: str, own: str, missing: Collection[str] = ()) -> bytes:
    """/listeners, /certs and the routes of a gateway, without what is named missing.

    What has no name gets one of its own; its certificate for the mesh is its own as well.
    """
    if path == "/listeners":
        names = [f"{own}::0.0.0.0:15090", "0.0.0.0_8080::0.0.0.0:8080"]
        names += [] if "listener" in missing else ["0.0.0.0_8443::0.0.0.0:8443"]
        return ("\n".join(names) + "\n").encode()
    if path == "/certs":
        certificates = [_certificate(own, uri="spiffe://cluster.local/ns/edge/sa/edge")]
        if "certificate" not in missing:
            certificates.append(_certificate("5a11f", dns="shop.example.net"))
        return json.dumps({"certificates": certificates}).encode()
    domains = ["shop.example.net:80"] + ([] if "route" in missing else ["pay.example.net:80"])
    hosts = [{"name": each, "domains": [each], "routes": [{}, {}]} for each in domains]
    config = {"route_config": {"name": "http.8080", "virtual_hosts": hosts}}
    return json.dumps({"configs": [config]}).encode()


def _host(cluster: str, address: str, number: int, sent: int) -> list[str]:
    address = f"[{address}]" if ":" in address else address
    return [
        f"{cluster}::{address}:8080::cx_active::1",
        f"{cluster}::{address}:8080::rq_active::{number}",
        f"{cluster}::{address}:8080::rq_total::{sent}",
        f"{cluster}::{address}:8080::health_flags::healthy",
    ]


def _certificate(serial: str, **name: str) -> dict[str, Any]:
    chain = [{"path": "<inline>", "serial_number": serial, "subject_alt_names": [name]}]
    return {"ca_cert": [], "cert_chain": chain}
