# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The root of all certificates: whether it ends soon, and whether everybody has the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _certificate
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.evidence import Evidence
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_NAME = "istio-ca-root-cert"
_KEY = "root-cert.pem"
_DAY = 86_400
_SOON = 30 * _DAY
_SOURCE = "istio/istio#27828, #46600"


def find(evidence: Evidence, upgrade: Upgrade) -> Iterator[Finding]:
    roots = {
        item["metadata"]["namespace"]: text
        for item in evidence.of(Topic.ROOTS)
        if item["metadata"]["name"] == _NAME and (text := _text(item))
    }
    own = roots.get(upgrade.istio_namespace)
    if own is None:
        return
    yield from _ending(own, evidence.now, upgrade)
    others = tuple(
        f"ConfigMap {namespace}/{_NAME}" for namespace in sorted(roots) if roots[namespace] != own
    )
    if others:
        yield Finding(
            code="root_differs",
            severity=Severity.WARN,
            title="Namespaces have another root certificate than istiod's own",
            objects=others,
            consequence="Their pods trust another root, also those that start during the upgrade:"
            " mutual TLS with the others fails.",
            remedy="Wait until istiod has written them anew, or see which of two control planes"
            " writes them.",
            source=_SOURCE,
        )


def _text(item: Mapping[str, Any]) -> str:
    return str((item.get("data") or {}).get(_KEY, "")).strip()


def _ending(text: str, now: float, upgrade: Upgrade) -> Iterator[Finding]:
    ends = _certificate.earliest_end(text)
    if ends is None or ends - now > _SOON:
        return
    days = int((ends - now) // _DAY)
    yield Finding(
        code="root_certificate",
        severity=Severity.WARN if days >= 1 else Severity.BLOCK,
        title=f"The root certificate ends in {days} days" if days >= 0 else "The root has ended",
        objects=(f"ConfigMap {upgrade.istio_namespace}/{_NAME}",),
        consequence="When it ends every connection by mutual TLS fails, in the middle of the"
        " upgrade or after it.",
        remedy="Renew the root first: a new root and new sidecars are two changes, and a way back"
        " from the one should not need the other.",
        override="root_certificate",
        source=_SOURCE,
    )
