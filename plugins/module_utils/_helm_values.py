# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The Helm values that several documents come to, as far as somebody has written them down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Values = Mapping[str, Any]


def merge(before: Values, after: Values) -> dict[str, Any]:
    """The one over the other; mappings go into each other, and anything else is replaced."""
    merged = dict(before)
    for key, value in after.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(known, value)
        else:
            merged[key] = value
    return merged


def of_operators(documents: Iterable[Values]) -> dict[str, Any]:
    """Those of IstioOperator documents, of which later ones overrule earlier ones."""
    merged: dict[str, Any] = {}
    for document in documents:
        merged = merge(merged, mapping(at(document, "spec", "values")))
        # istioctl hands this part to the charts as their value of that name.
        merged = merge(merged, {"meshConfig": mapping(at(document, "spec", "meshConfig"))})
    return merged


def mapping(value: Any) -> Values:
    """The value, or none where it is something else, which the charts will refuse."""
    return value if isinstance(value, Mapping) else {}


def at(values: Values, *path: str) -> Any:
    """What stands there; None for nothing."""
    value: Any = values
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
