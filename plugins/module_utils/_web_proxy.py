# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The HTTP proxy between here and the API server."""

from __future__ import annotations

import base64
import ipaddress
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

_PORTS = {"http": 80, "https": 443}


def choose(server: str, options: Mapping[str, Any], proxy_url: str | None) -> str | None:
    """The URL of the proxy for that server, if any.

    The option comes first, then the kubeconfig, then the environment. As with kubectl, NO_PROXY
    is said of the environment's proxy alone; the option `no_proxy` is of any.
    """
    target = urlsplit(server)
    exceptions = [options.get("no_proxy")]
    proxy = options.get("proxy") or proxy_url
    if not proxy:
        proxy = _variable(f"{target.scheme}_proxy")
        proxy = proxy if not proxy or "://" in proxy else f"http://{proxy}"
        exceptions.append(_variable("no_proxy"))
        if _is_here(target.hostname or ""):
            return None
    if not proxy or any(_covers(listed, target) for listed in exceptions if listed):
        return None
    return _checked(proxy)


def login(url: str, headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Name and password for the proxy: of the header for it, or of its URL."""
    given = headers.get("proxy-authorization", "")
    if given.startswith("Basic "):
        name, _colon, password = (
            base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
        )
        return name, password
    parts = urlsplit(url)
    return (unquote(parts.username), unquote(parts.password or "")) if parts.username else None


def _checked(url: str) -> str:
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.scheme in _PORTS and parts.hostname and parts.port != 0:
            return url
    # Before the @ there may be a password.
    raise BadInputError(
        f"The proxy {url.rpartition('@')[2]} cannot be used to reach the API server: right is the"
        " URL of an HTTP proxy, with http:// or https:// before it."
    )


def _variable(name: str) -> str:
    return os.environ.get(name.upper()) or os.environ.get(name.lower()) or ""


def _is_here(host: str) -> bool:
    """A cluster on this machine is behind no proxy of the environment, as with kubectl."""
    return host == "localhost" or any(address.is_loopback for address in _addresses(host))


def _covers(listed: str, target: SplitResult) -> bool:
    """Whether a comma-separated list of domains, addresses and networks has the server."""
    return any(_is_meant(entry.strip().lower(), target) for entry in listed.split(","))


def _is_meant(entry: str, target: SplitResult) -> bool:
    host = target.hostname or ""
    with suppress(ValueError):
        network = ipaddress.ip_network(entry, strict=False)
        return any(address in network for address in _addresses(host))
    name, _colon, port = entry.partition(":")
    if port and port != str(target.port or _PORTS.get(target.scheme)):
        return False
    if name == "*":
        return True
    domain = name.removeprefix("*").removeprefix(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _addresses(host: str) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The host, where it is an address."""
    with suppress(ValueError):
        yield ipaddress.ip_address(host)
