# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Knot as the authoritative servers of a zone, and unbound as resolvers, all on loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from sandbox import packages

HOST = "127.0.0.1"
ZONE = "mesh.example"
RECORD = f"shop.{ZONE}."
BLUE, GREEN = "10.9.0.1", "10.9.0.2"
LONG_TTL = 300
NEGATIVE = 60
SERIAL = 7
KEY, POWERLESS = "switchover", "onlooker"
SECRET = "c3dpdGNob3Zlci1zd2l0Y2hvdmVyLXN3aXRjaG92ZXI="
_ZONE_FILE = f"""$ORIGIN {ZONE}.
@ 3600 SOA ns1 admin {SERIAL} 60 10 86400 {NEGATIVE}
@ 3600 NS ns1
ns1 3600 A {HOST}
shop {LONG_TTL} A {BLUE}
many {LONG_TTL} A {BLUE}
many {LONG_TTL} A 10.9.0.9
alias {LONG_TTL} CNAME shop
six {LONG_TTL} AAAA 2001:db8::1
"""
_START_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a server or resolver answers."""

    addresses: tuple[str, ...]
    ttl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A primary and its secondary."""

    primary: int
    secondary: int
    stop_secondary: Callable[[], None]

    @property
    def servers(self) -> list[str]:
        return [f"{HOST}:{self.primary}", f"{HOST}:{self.secondary}"]

    def serial(self) -> int:
        return int(query(self.primary, f"{ZONE}.", "SOA").answer[0][0].serial)


def query(port: int, name: str, rdtype: str) -> dns.message.Message:
    return dns.query.udp(dns.message.make_query(name, rdtype), HOST, timeout=2, port=port)


def resolve(port: int, name: str = RECORD) -> Found:
    """What a client gets to hear."""
    [rrset] = query(port, name, "A").answer
    return Found(addresses=tuple(sorted(each.address for each in rrset)), ttl=rrset.ttl)


@contextmanager
def authority(folder: Path) -> Iterator[Authority]:
    """Both servers, with the zone as it is in the beginning."""
    first, second = free_port(), free_port()
    zone_file = folder / "zone"
    zone_file.write_text(_ZONE_FILE, encoding="utf-8")
    with ExitStack() as stack:
        primary = _knot(
            folder / "primary",
            first,
            f"""
remote:
  - id: other
    address: {HOST}@{second}
acl:
  - id: update
    key: {KEY}
    action: update
  - id: transfer
    address: {HOST}
    action: transfer
zone:
  - domain: {ZONE}
    file: "{zone_file}"
    notify: other
    acl: [update, transfer]
""",
        )
        stack.enter_context(_running(primary, first))
        secondary = _knot(
            folder / "secondary",
            second,
            f"""
remote:
  - id: other
    address: {HOST}@{first}
acl:
  - id: notify
    address: {HOST}
    action: notify
zone:
  - domain: {ZONE}
    master: other
    acl: notify
""",
        )
        process = stack.enter_context(_running(secondary, second))
        yield Authority(primary=first, secondary=second, stop_secondary=lambda: _end(process))


@contextmanager
def resolver(folder: Path, servers: Authority, *, least_ttl: int = 0) -> Iterator[int]:
    """The port of one that keeps answers as long as they say, or at least that long."""
    port = free_port()
    folder.mkdir()
    config = folder / "unbound.conf"
    config.write_text(
        f"""server:
  interface: {HOST}@{port}
  directory: "{folder}"
  pidfile: ""
  chroot: ""
  username: ""
  use-syslog: no
  do-daemonize: no
  do-ip6: no
  do-not-query-localhost: no
  module-config: "iterator"
  cache-min-ttl: {least_ttl}
stub-zone:
  name: {ZONE}
  stub-addr: {HOST}@{servers.primary}
  stub-addr: {HOST}@{servers.secondary}
remote-control:
  control-enable: no
""",
        encoding="utf-8",
    )
    with _running([packages.program("unbound"), "-d", "-p", "-c", config], port):
        yield port


def free_port() -> int:
    """One that is free for UDP and for TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((HOST, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((HOST, port))
            except OSError:
                continue
            return port


def install() -> None:
    """Have the programs, as the sandbox gets its own."""
    if absent := packages.missing(packages.NAME_SERVERS):
        packages.install(absent, packages.NAME_SERVERS)


def _knot(folder: Path, port: int, rest: str) -> Sequence[str | Path]:
    folder.mkdir()
    config = folder / "knot.conf"
    config.write_text(
        f"""server:
  listen: {HOST}@{port}
  rundir: "{folder}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
key:
  - id: {KEY}
    algorithm: hmac-sha256
    secret: {SECRET}
  - id: {POWERLESS}
    algorithm: hmac-sha256
    secret: {SECRET}
template:
  - id: default
    storage: "{folder}"
{rest}""",
        encoding="utf-8",
    )
    return [packages.program("knotd"), "-c", config]


@contextmanager
def _running(command: Sequence[str | Path], port: int) -> Iterator[subprocess.Popen[bytes]]:
    log = Path(command[-1]).with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait(process, port, log)
        yield process
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while not _answers(port):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < end, f"no answer: {log.read_text(encoding='utf-8')}"
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        return bool(query(port, f"ns1.{ZONE}.", "A").answer)
    except (OSError, dns.exception.DNSException):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=20)
