# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and routes: one table for everything that a sandbox uses.

It all lies in 198.18.0.0/15, which RFC 2544 keeps for benchmarks: no office, VPN or cluster uses
it. While a sandbox exists, an unreachable route for the whole range lies under the real ones, so
that a load which outlives its cluster goes nowhere.
"""

from __future__ import annotations

import subprocess
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network

from sandbox import packages
from sandbox.errors import SandboxError

RANGE = IPv4Network("198.18.0.0/15")
# HAProxy, when there are two clusters; an address of the host's end of the first link.
FRONT = "198.18.0.1"
NAMES = ("a", "b")
# Far under every route that anybody adds without saying how far.
_UNREACHABLE = ["unreachable", str(RANGE), "metric", "40000"]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one cluster; `index` is 1 for cluster a and 2 for b."""

    name: str

    @property
    def index(self) -> int:
        return NAMES.index(self.name) + 1

    @property
    def link(self) -> str:
        """The host's end of the cable to the node."""
        return f"mw-{self.name}"

    @property
    def host(self) -> str:
        return f"198.18.{self.index}.1"

    @property
    def node(self) -> str:
        return f"198.18.{self.index}.2"

    @property
    def services(self) -> IPv4Network:
        return IPv4Network(f"198.18.{32 * self.index}.0/20")

    @property
    def api_service(self) -> str:
        return str(self.services[1])

    @property
    def dns_service(self) -> str:
        return str(self.services[10])

    @property
    def pods(self) -> IPv4Network:
        return IPv4Network(f"198.19.{64 * (self.index - 1)}.0/18")


def reserve() -> None:
    """Keep the whole range to the sandbox."""
    _ip("route", "replace", *_UNREACHABLE)


def release() -> None:
    """Give the range back, if it was taken."""
    with suppress(SandboxError):
        _ip("route", "delete", *_UNREACHABLE)


def connect(addresses: Addresses, init: int) -> None:
    """Lay the cable into the network namespace of a process, with the routes at both ends."""
    link = addresses.link
    _ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(init))
    _ip("address", "add", f"{addresses.host}/30", "dev", link)
    if addresses.index == 1:
        _ip("address", "add", f"{FRONT}/32", "dev", link)
    _ip("link", "set", link, "up")
    inside = ["nsenter", f"--target={init}", "--net", "ip"]
    _run([*inside, "address", "add", f"{addresses.node}/30", "dev", "eth0"])
    _run([*inside, "link", "set", "eth0", "up"])
    # Nothing else can be reached from in there: no image is ever pulled.
    _run([*inside, "route", "add", str(RANGE), "via", addresses.host])
    for target in (addresses.services, addresses.pods):
        _ip("route", "add", str(target), "via", addresses.node)


def disconnect(addresses: Addresses) -> None:
    """Take the cable away, if it is there, and with it all its routes and addresses."""
    with suppress(SandboxError):
        _ip("link", "delete", addresses.link)


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _run(command: list[str]) -> None:
    done = subprocess.run(
        [packages.program(command[0]), *command[1:]],
        env={"PATH": packages.SEARCH},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SandboxError(
            f"`{' '.join(command)}` failed: {done.stderr.strip()}",
            "run `python -m sandbox down`, then `python -m sandbox doctor`",
        )
