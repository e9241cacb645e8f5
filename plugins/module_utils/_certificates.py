# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The certificates that proxies have, and the roots that they shall come from."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _envoy, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod

CONFIG_MAP = "istio-ca-root-cert"
_KEY = "root-cert.pem"
_ISTIOS = "istio.io/config=true"
_IDENTITY = "spiffe://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root: its serial number and when it ends."""

    serial: int
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a proxy has; `problem` says why it could not be asked, and the rest is empty then."""

    pod: str
    roots: frozenset[int] = frozenset()
    identity: str | None = None
    problem: str = ""


def read_roots(option: str, text: str) -> tuple[Root, ...]:
    """The roots of a PEM bundle."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise BadInputError(
            f"{option}: it holds no certificate that can be read ({error}); right are roots in PEM."
        ) from error
    return tuple(
        Root(serial=int(str(each["serialNumber"]), 16), ends=_moment(str(each["notAfter"])))
        for each in context.get_ca_certs()
    )


def _moment(text: str) -> datetime:
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def handed_out(api: Api) -> dict[str, str]:
    """The bundle that istiod has put into each namespace."""
    return {
        item["metadata"]["namespace"]: (item.get("data") or {}).get(_KEY, "")
        for item in api.list(_kinds.CONFIG_MAP, label_selector=_ISTIOS)
        if item["metadata"]["name"] == CONFIG_MAP
    }


def ask_all(api: Api, pods: Iterable[Pod]) -> tuple[Held, ...]:
    """Ask these proxies at once."""
    return tuple(api.each(lambda pod: _ask(api, pod), pods))


def _ask(api: Api, pod: Pod) -> Held:
    try:
        answer = json.loads(_envoy.ask(api, pod.name, pod.namespace, "/certs"))
        entries = list(answer.get("certificates") or ())
    except (ApiError, ValueError, AttributeError) as error:
        return Held(pod=pod.key, problem=str(error))
    return Held(pod=pod.key, roots=frozenset(_roots(entries)), identity=_identity(entries))


def _roots(entries: Iterable[Mapping[str, Any]]) -> Iterable[int]:
    """The roots by which it trusts the mesh; a gateway may have others for its clients."""
    for entry in entries:
        if _identity([entry]) or not entry.get("cert_chain"):
            yield from (int(each["serial_number"], 16) for each in entry.get("ca_cert") or ())


def _identity(entries: Iterable[Mapping[str, Any]]) -> str | None:
    for entry in entries:
        for certificate in entry.get("cert_chain") or ():
            for name in certificate.get("subject_alt_names") or ():
                if str(name.get("uri", "")).startswith(_IDENTITY):
                    return str(name["uri"])
    return None
