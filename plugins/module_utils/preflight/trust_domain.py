# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The trust domain is part of every identity: two of them in one mesh do not know each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _helm_values, _yaml
from ansible_collections.meshwright.istio.plugins.module_utils.preflight import (
    moving,
    new_settings,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_DEFAULT = "cluster.local"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trust:
    """Whose identities an istiod gives and lets its proxies take."""

    domain: str
    aliases: frozenset[str]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> _Trust:
        """Read a mesh's configuration."""
        return cls(
            domain=str(config.get("trustDomain") or _DEFAULT),
            aliases=frozenset(map(str, config.get("trustDomainAliases") or ())),
        )

    def knows(self, other: _Trust) -> bool:
        return other.domain in self.aliases


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    settings = new_settings.find(evidence, upgrade)
    if settings is None:
        return
    new = _Trust.of(_helm_values.mapping(settings.get("meshConfig")))
    for plane in moving.planes(evidence, upgrade):
        item = new_settings.beside(evidence, plane, lambda revision: revision.mesh_settings)
        old = _read(item) if item else None
        if item is None or old is None or old.domain == new.domain:
            continue
        both = old.knows(new) and new.knows(old)
        yield Finding(
            code="trust_domain",
            severity=Severity.WARN if both else Severity.BLOCK,
            title=f"The trust domain would change from {old.domain} to {new.domain}",
            objects=(f"ConfigMap {plane.namespace}/{item['metadata']['name']}",),
            consequence="Each knows the other as an alias, so connections go on; what names an"
            " identity outside of Istio does not match any more."
            if both
            else "Proxies that have moved and those that have not refuse each other's"
            " certificates, and policies that name an identity do not match any more.",
            remedy=f"Give meshConfig.trustDomain: {old.domain} with the values. To change it is"
            " an upgrade of its own, with trustDomainAliases first on both sides.",
            override=None if both else "trust_domain",
            source="istio/istio#30947, #44932; istio.io security/authentication/trust-domain",
        )


def _read(item: Mapping[str, Any]) -> _Trust | None:
    """That of a running mesh; None where its configuration cannot be read."""
    try:
        found = _yaml.load_all((item.get("data") or {}).get("mesh") or "{}")
    except ValueError:
        return None
    config = found[0] if found else {}
    return _Trust.of(config) if isinstance(config, Mapping) else None
