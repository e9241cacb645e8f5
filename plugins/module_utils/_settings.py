# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The settings of a control plane that runs, as the charts wrote them down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._revision import Revision

_KEY = "original-values"
# What every installation says for itself, or what belongs to one version alone.
_OWN = (
    ("global", "tag"),
    ("pilot", "tag"),
    ("pilot", "revision"),
    ("revision",),
    ("revisionTags",),
    ("defaultRevision",),
)


def find(api: Api, revision: Revision) -> dict[str, Any] | None:
    """The Helm values that it was installed with; None where the cluster does not have them.

    The charts keep them since Istio 1.24, whoever installs them.
    """
    item = api.get(_kinds.CONFIG_MAP, name_of(revision), revision.namespace)
    return read(item) if item else None


def name_of(revision: Revision) -> str:
    """The name of the ConfigMap that they are in."""
    return f"values{revision.suffix}"


def read(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those in that ConfigMap; None where they cannot be read."""
    try:
        values: dict[str, Any] | None = json.loads((item.get("data") or {}).get(_KEY) or "null")
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    for path in _OWN:
        values = _without(values, path)
    return values


def _without(values: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The same without that key."""
    key, *rest = path
    kept = dict(values)
    if not rest:
        kept.pop(key, None)
    elif isinstance(values.get(key), Mapping):
        kept[key] = _without(values[key], tuple(rest))
    return kept
