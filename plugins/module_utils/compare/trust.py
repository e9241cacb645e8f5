# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Whether both clusters trust each other's certificates: their roots, and their trust domains."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from ansible_collections.meshwright.istio.plugins.module_utils import _certificate, _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._certificates import CONFIG_MAP
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils.compare.scope import Scope
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)

if TYPE_CHECKING:
    from ansible_collections.meshwright.istio.plugins.module_utils.compare.plane import Settings
    from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Side

# Where a root was found, and the fingerprints of the certificates there.
Roots: TypeAlias = Mapping[str, frozenset[str]]
_KEY = "root-cert.pem"
# A plugged in authority comes before the one that istiod made for itself.
_SECRETS = (("cacerts", (_KEY, "ca-cert.pem")), ("istio-ca-secret", (_KEY, "ca-cert.pem")))
_AUTHORITY = "authority"
_FORBIDDEN = 403
_DOMAIN = "cluster.local"
_SOURCE = "istio.io plugin-ca-cert, multicluster/before-you-begin; istio/istio#27828"


def read_config_maps(items: Iterable[Object]) -> dict[str, frozenset[str]]:
    """What istiod has put into each namespace."""
    return {
        f"ConfigMap {item['metadata']['namespace']}/{CONFIG_MAP}": frozenset(
            _certificate.fingerprints((item.get("data") or {}).get(_KEY, ""))
        )
        for item in items
        if item["metadata"]["name"] == CONFIG_MAP
    }


def read_secret(api: Api, namespace: str, unread: set[str]) -> dict[str, frozenset[str]]:
    """The root of the authority that istiod signs with, or will when it starts anew."""
    try:
        for name, keys in _SECRETS:
            item = api.get(_kinds.SECRET, name, namespace)
            data = (item or {}).get("data") or {}
            key = next((each for each in keys if data.get(each)), None)
            if key is not None:
                text = base64.b64decode(data[key]).decode("ascii", "replace")
                return {_AUTHORITY: frozenset(_certificate.fingerprints(text))}
    except ApiError as error:
        if error.status != _FORBIDDEN:
            raise
        unread.add(_kinds.SECRET.plural)
    return {}


def find(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    yield from _roots(source, target, scope)
    yield from _domains(source.settings, target.settings)


def _roots(source: Side, target: Side, scope: Scope) -> Iterator[Finding]:
    both = [name for name in source.roots if name in target.roots and _concerns(name, scope)]
    pairs = {name: (source.roots[name], target.roots[name]) for name in sorted(both)}
    strange = [name for name, (one, other) in pairs.items() if not one & other]
    partly = [name for name, (one, other) in pairs.items() if one & other and one != other]
    if strange:
        yield Finding(
            code="root_of_trust",
            severity=Severity.BLOCK,
            title="The clusters have different roots of trust",
            objects=tuple(map(_title, strange)),
            consequence="Neither believes the other's certificates: whoever checks them outside"
            " fails, and so does traffic between the two while both serve.",
            remedy="Give both an intermediate authority under one root, in the Secret cacerts,"
            " before the target serves.",
            override="root_of_trust",
            source=_SOURCE,
        )
    if partly:
        yield Finding(
            code="root_bundle",
            severity=Severity.WARN,
            title="The clusters have some roots of trust in common, but not all",
            objects=tuple(map(_title, partly)),
            consequence="Certificates under a root that only one side knows are refused by the"
            " other.",
            remedy="Finish the change of the root in both clusters first.",
            override="root_bundle",
            source=_SOURCE,
        )


def _concerns(name: str, scope: Scope) -> bool:
    return name == _AUTHORITY or name.partition(" ")[2].partition("/")[0] in scope


def _title(name: str) -> str:
    return "root of the Secret cacerts or istio-ca-secret" if name == _AUTHORITY else name


def _domains(source: Settings, target: Settings) -> Iterator[Finding]:
    one, other = _domain(source), _domain(target)
    if one == other or not source or not target:
        return
    known = one in _aliases(target) and other in _aliases(source)
    yield Finding(
        code="trust_domain",
        severity=Severity.WARN if known else Severity.BLOCK,
        title=f"The trust domain is {one} in the source and {other} in the target",
        objects=("trustDomain",),
        consequence="Policies know both by their aliases; what names an identity outside of Istio"
        " does not match any more."
        if known
        else "Policies that name an identity match other workloads in the target, or none.",
        remedy=f"Install the target with meshConfig.trustDomain: {one}, or name each in the"
        " trustDomainAliases of the other.",
        override="trust_domain",
        source="istio.io security/authentication/trust-domain",
    )


def _domain(settings: Settings) -> str:
    return str(settings.get("trustDomain") or _DOMAIN)


def _aliases(settings: Settings) -> frozenset[str]:
    return frozenset(map(str, settings.get("trustDomainAliases") or ()))
