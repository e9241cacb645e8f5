# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a gateway's proxy says that it serves: a new one must serve all that the old one did."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from ansible_collections.meshwright.istio.plugins.module_utils import _envoy
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

_SHOWN = 3
# Each proxy has a certificate of its own for the mesh; those of the Gateways are the same for all.
_OWN = "spiffe://"
# A line is name::address:port, where an address of IPv6 has brackets; a name has none, but colons.
_LISTENER = re.compile(r"^.*?::(\[.*|[^\[\n]*)$", re.MULTILINE)
_ROUTES = "/config_dump?resource=dynamic_route_configs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Its listeners by address, certificates by serial number, hosts by route and domain."""

    listeners: frozenset[str]
    certificates: frozenset[str]
    hosts: frozenset[str]

    def lacks(self, other: Served) -> list[str]:
        """What the other one serves and this one does not, in words."""
        found = []
        for field in fields(self):
            missing = sorted(getattr(other, field.name) - getattr(self, field.name))
            if missing:
                more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
                found.append(f"{field.name} {', '.join(missing[:_SHOWN])}{more}")
        return found


def read(api: Api, pod: Pod) -> Served:
    """Ask the proxy of that pod."""
    return Served(
        listeners=frozenset(_listeners(_envoy.ask(api, pod.name, pod.namespace, "/listeners"))),
        certificates=frozenset(_certificates(_envoy.ask(api, pod.name, pod.namespace, "/certs"))),
        hosts=frozenset(_hosts(_envoy.ask(api, pod.name, pod.namespace, _ROUTES))),
    )


def _listeners(text: bytes) -> Iterator[str]:
    """By their addresses: Envoy makes up a name, in each proxy another, where there is none."""
    yield from _LISTENER.findall(text.decode())


def _certificates(text: bytes) -> Iterator[str]:
    for entry in json.loads(text).get("certificates") or ():
        for certificate in entry.get("cert_chain") or ():
            names = (name.get("uri", "") for name in certificate.get("subject_alt_names") or ())
            if not any(name.startswith(_OWN) for name in names):
                yield certificate["serial_number"]


def _hosts(text: bytes) -> Iterator[str]:
    for entry in json.loads(text).get("configs") or ():
        config = entry.get("route_config") or {}
        for host in config.get("virtual_hosts") or ():
            for domain in host.get("domains") or ():
                yield f"{config.get('name')} {domain} ({len(host.get('routes') or ())} routes)"
