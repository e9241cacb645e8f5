# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy in front of two clusters' ingress gateways, with a socket by which weights are set."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from sandbox import network, packages, processes
from sandbox.cluster import INGRESS_PORT, Cluster
from sandbox.errors import InTheWayError, SandboxError
from sandbox.places import STATE

MARK = "front/haproxy"
CONFIG = STATE / "haproxy.cfg"
SOCKET = STATE / "haproxy.sock"
BACKEND = "clusters"
URL = f"http://{network.FRONT}"
_LOG = STATE / "haproxy.log"
_STATUS_PORT = 30021
_PORT = 80
# Of Linux; Python names it only from 3.14 on.
_IP_FREEBIND = 15


def start(clusters: Sequence[Cluster]) -> None:
    """Start it; all traffic goes to the first cluster until weights are changed."""
    CONFIG.write_text(configuration(clusters))
    program = packages.program("haproxy")
    processes.start([program, "-W", "-db", "-f", CONFIG], mark=MARK, log=_LOG)

    def check() -> None:
        if not processes.find(MARK):
            raise SandboxError(
                f"HAProxy has ended: {processes.last_lines(_LOG)}",
                f"see whether something else listens at {network.FRONT}:{_PORT}",
            )

    processes.wait_until("HAProxy", lambda: processes.listens(SOCKET), log=_LOG, check=check)


def check_port() -> None:
    """Refuse while somebody else listens at the port on every address of this machine."""
    with socket.socket() as probe:
        # The address itself is only there once the first cluster is.
        probe.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((network.FRONT, _PORT))
        except OSError as error:
            raise InTheWayError(
                f"HAProxy cannot listen at {network.FRONT}:{_PORT}: {error.strerror}",
                f"end what listens at port {_PORT} (`ss -ltnp 'sport = :{_PORT}'` names it)",
            ) from error


def configuration(clusters: Sequence[Cluster]) -> str:
    """One server a cluster; its health is that of its ingress gateway."""
    weights = (100, *([0] * (len(clusters) - 1)))
    servers = "\n".join(
        f"  server {cluster.name} {cluster.node_address}:{INGRESS_PORT} weight {weight}"
        f" check port {_STATUS_PORT} inter 500ms fall 2 rise 2"
        for cluster, weight in zip(clusters, weights, strict=True)
    )
    return f"""global
  stats socket {SOCKET} mode 600 level admin expose-fd listeners
  stats timeout 1h

defaults
  mode http
  timeout connect 2s
  timeout client 10m
  timeout server 10m
  timeout tunnel 1h
  option redispatch
  retries 2

frontend front
  bind {network.FRONT}:{_PORT}
  default_backend {BACKEND}

backend {BACKEND}
  balance roundrobin
  option httpchk
  # Envoy answers HTTP/1.0 with 426.
  http-check send meth GET uri /healthz/ready ver HTTP/1.1 hdr Host gateway
{servers}
"""


def command(text: str, path: Path = SOCKET) -> str:
    """What HAProxy answers to a command such as `show servers state`."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(str(path))
            connection.sendall(f"{text}\n".encode())
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        except OSError as error:
            raise SandboxError(
                f"HAProxy does not answer at {path}: {error.strerror or error}",
                "run `python -m sandbox status`",
            ) from error
