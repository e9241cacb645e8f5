# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What is found about the certificates of gateways; a key is compared and never shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from ansible_collections.meshwright.istio.plugins.module_utils.compare.secret import (
    Certificates,
    Tls,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.serving import Name
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.finding import (
    Finding,
    Severity,
)

_SOURCE = "istio.io traffic-management/ingress/secure-ingress"


def find(source: Certificates, target: Certificates, now: float) -> Iterator[Finding]:
    here, there = source.found, target.found
    both = sorted(here.keys() & there.keys())
    for code, severity, title, consequence, holds in _QUESTIONS:
        names = [
            _secret(name) + (" (another key)" if here[name].key != there[name].key else "")
            for name in both
            if holds(here[name], there[name], now)
        ]
        if names:
            yield _finding(code, severity, title, names, consequence)
    missing = [_secret(name) for name in sorted(here.keys() - there.keys() - target.unread)]
    if missing:
        yield _finding(
            "certificate_missing",
            Severity.BLOCK,
            "The target lacks Secrets of its gateways",
            missing,
            "The gateway has nothing to show, and ends each connection.",
        )


_Question: TypeAlias = tuple[str, Severity, str, str, Callable[[Tls, Tls, float], bool]]


def _is_renewed(one: Tls, other: Tls, _now: float) -> bool:
    return one.certificates != other.certificates and one.names == other.names


def _is_for_others(one: Tls, other: Tls, _now: float) -> bool:
    return one.certificates != other.certificates and one.names != other.names


def _has_ended(one: Tls, other: Tls, now: float) -> bool:
    ended = other.ends is not None and other.ends <= now
    return ended and (one.ends is None or one.ends > now)


def _has_strange_key(one: Tls, other: Tls, _now: float) -> bool:
    return one.certificates == other.certificates and one.key != other.key


_QUESTIONS: tuple[_Question, ...] = (
    (
        "certificate_names",
        Severity.BLOCK,
        "Certificates are for other names in the target",
        "Clients refuse them.",
        _is_for_others,
    ),
    (
        "certificate_ended",
        Severity.BLOCK,
        "Certificates have ended in the target",
        "Clients refuse them.",
        _has_ended,
    ),
    (
        "certificate_key",
        Severity.BLOCK,
        "Certificates are the same, but their keys are not",
        "One of both does not fit its certificate, and connections to it fail.",
        _has_strange_key,
    ),
    (
        "certificate_authority",
        Severity.BLOCK,
        "Gateways trust other clients' authorities in the target",
        "Clients that show a certificate are refused there, or let in that are refused now.",
        lambda one, other, _now: one.authorities != other.authorities,
    ),
    (
        "certificate_differs",
        Severity.WARN,
        "Certificates for the same names are others in the target",
        "Clients that pin a certificate refuse it; others do not notice.",
        _is_renewed,
    ),
)


def _finding(
    code: str, severity: Severity, title: str, objects: Iterable[str], consequence: str
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        title=title,
        objects=tuple(objects),
        consequence=consequence,
        remedy="Bring the Secret of the source to the target; istio_config_copy does so with"
        " secrets: true.",
        override=code,
        source=_SOURCE,
    )


def _secret(name: Name) -> str:
    return f"Secret {name[0]}/{name[1]}"
