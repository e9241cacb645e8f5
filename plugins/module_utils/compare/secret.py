# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The Secrets by which gateways serve TLS, read without keeping what opens anything."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import _certificate, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import Config
from ansible_collections.meshwright.istio.plugins.module_utils.compare.serving import Load, Name

AUTHORITY_SUFFIX = "-cacert"
_FORBIDDEN = 403
_CERTIFICATE, _KEY, _AUTHORITY = ("tls.crt", "cert"), ("tls.key", "key"), ("ca.crt", "cacert")
_MUTUAL = ("MUTUAL", "OPTIONAL_MUTUAL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What a Secret holds: fingerprints, names and ends, and nothing that opens anything."""

    certificates: tuple[str, ...]
    names: frozenset[str]
    ends: float | None
    key: str
    authorities: frozenset[str]

    @classmethod
    def from_object(cls, item: Object) -> Tls:
        """Read a Secret of either form that Istio takes."""
        data = item.get("data") or {}
        certificate = _first(data, _CERTIFICATE).decode("ascii", "replace")
        return cls(
            certificates=_certificate.fingerprints(certificate),
            names=_certificate.names(certificate),
            ends=_certificate.earliest_end(certificate),
            key=hashlib.sha256(_first(data, _KEY)).hexdigest(),
            authorities=frozenset(
                _certificate.fingerprints(_first(data, _AUTHORITY).decode("ascii", "replace"))
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The Secrets of one side by their names, and those that may not be read."""

    found: Mapping[Name, Tls]
    unread: frozenset[Name] = frozenset()


def _first(data: Mapping[str, str], keys: Iterable[str]) -> bytes:
    text = next((data[key] for key in keys if data.get(key)), "")
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def wanted(configs: Iterable[Config], loads: Collection[Load]) -> tuple[Name, ...]:
    """The Secrets that gateways refer to."""
    found: set[Name] = set()
    for each in configs:
        if each.sort.kind in _REFERENCES:
            found.update(_REFERENCES[each.sort.kind](each, loads))
    return tuple(sorted(found))


def read(api: Api, names: Iterable[Name]) -> Certificates:
    """Read them at once."""
    chosen = tuple(names)
    unread: set[Name] = set()
    answers = api.each(lambda name: _get(api, name, unread), chosen)
    found = zip(chosen, answers, strict=True)
    return Certificates(
        found={name: Tls.from_object(item) for name, item in found if item is not None},
        unread=frozenset(unread),
    )


def _get(api: Api, name: Name, unread: set[Name]) -> Object | None:
    try:
        return api.get(_kinds.SECRET, name[1], name[0])
    except ApiError as error:
        if error.status != _FORBIDDEN:
            raise
        unread.add(name)
        return None


def _of_gateway(config: Config, loads: Iterable[Load]) -> Iterator[Name]:
    """Istio's own Gateway: the Secrets lie where the pods do that it selects."""
    spec = config.document.get("spec") or {}
    if config.sort.is_gateway_api:
        yield from _of_listeners(config)
        return
    selector = spec.get("selector") or {}
    places = {load.namespace for load in loads if selector and load.has(selector)}
    for server in spec.get("servers") or ():
        tls = server.get("tls") or {}
        names = [*filter(None, [tls.get("credentialName")]), *(tls.get("credentialNames") or ())]
        for name in names:
            for place in places or {config.namespace}:
                yield place, name
                if tls.get("mode") in _MUTUAL:
                    yield place, f"{name}{AUTHORITY_SUFFIX}"


def _of_listeners(config: Config) -> Iterator[Name]:
    for listener in (config.document.get("spec") or {}).get("listeners") or ():
        for reference in (listener.get("tls") or {}).get("certificateRefs") or ():
            if reference.get("kind", "Secret") == "Secret":
                yield reference.get("namespace", config.namespace), reference["name"]


_REFERENCES: Mapping[str, Callable[[Config, Iterable[Load]], Iterator[Name]]] = {
    "Gateway": _of_gateway,
    "ListenerSet": lambda config, _loads: _of_listeners(config),
}
