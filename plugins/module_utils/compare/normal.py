# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Objects of two clusters in a form in which what means the same is the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# What an API server fills in, after the definitions of the Gateway API 1.6; Istio's have no such.
# By the key under which the mapping stands, lists left out; longer names count first.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "addresses": {"type": "IPAddress"},
    "allowedListeners.namespaces": {"from": "None"},
    "allowedRoutes": {"namespaces": {}},
    "allowedRoutes.namespaces": {"from": "Same"},
    "backendRef": {"group": "", "kind": "Service"},
    "backendRefs": {"group": "", "kind": "Service", "weight": 1},
    "certificateRefs": {"group": "", "kind": "Secret"},
    "clientCertificateRef": {"group": "", "kind": "Secret"},
    "cookieConfig": {"lifetimeType": "Session"},
    "cors": {"maxAge": 5},
    "fraction": {"denominator": 100},
    "headers": {"type": "Exact"},
    "kinds": {"group": "gateway.networking.k8s.io"},
    "listeners": {"allowedRoutes": {}},
    "matches": {"path": {}},
    "method": {"type": "Exact"},
    "parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway"},
    "parentRefs": {"group": "gateway.networking.k8s.io", "kind": "Gateway"},
    "path": {"type": "PathPrefix", "value": "/"},
    "queryParams": {"type": "Exact"},
    "requestRedirect": {"statusCode": 302},
    "rules": {"matches": [{}]},
    "sessionPersistence": {"type": "Cookie"},
    "spec": {"rules": [{}], "allowedListeners": {"namespaces": {}}},
    "tls": {"mode": "Terminate"},
    "validation": {"mode": "AllowValidOnly"},
}
_SHOWN = 3


def without_defaults(value: Any, *trail: str) -> Any:
    """The same without what the API server would fill in; `trail` is where it stands."""
    if isinstance(value, list):
        return [without_defaults(each, *trail) for each in value]
    if not isinstance(value, Mapping):
        return value
    inner = {key: without_defaults(each, *trail, key) for key, each in value.items()}
    filled = _DEFAULTS.get(".".join(trail[-2:])) or _DEFAULTS.get(trail[-1], {})
    absent = object()
    return {key: each for key, each in inner.items() if each != filled.get(key, absent)}


def without_nulls(value: Any) -> Any:
    """The same without keys that say nothing."""
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    if isinstance(value, Mapping):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return value


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where they differ. Never how: a filter's settings may hold what is nobody's business."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted(one.keys() | other.keys()):
            inner = f"{path}.{key}" if path else key
            if key in one and key in other:
                yield from differences(one[key], other[key], inner)
            else:
                yield inner
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}[{index}]")
    elif one != other:
        yield path


def places(one: Any, other: Any) -> str:
    """The first of them, as they are shown behind an object's name."""
    found = list(differences(one, other))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
