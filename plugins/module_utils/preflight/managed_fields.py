# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Who wrote which field of an object, as the API server has kept it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# Programs by which people change what is there: kubectl edit, patch, set, scale, and consoles.
_BY_HAND = ("kubectl-", "k9s", "lens", "Lens", "headlamp", "Mozilla", "dashboard")
# These do no more than start pods anew, or say how an object stands.
_RESTARTS = ("kubectl-rollout",)
# What they write is a file's, as long as nobody else has installed the object.
_FROM_FILES = ("kubectl-client-side-apply", "kubectl")
_RESTARTED_AT = "f:kubectl.kubernetes.io/restartedAt"
_SETTINGS = ("f:spec", "f:data", "f:binaryData", "f:webhooks")
# What a subresource holds is how an object stands, but for the number of replicas.
_WISHES = (None, "", "scale")
_INSTALLERS = ("istio-operator", "helm", "meshwright.istio", "pilot-discovery", "sail-operator")

Fields = Mapping[str, Any]


def edits(item: Mapping[str, Any]) -> list[str]:
    """The settings of an object that a person has written beside whoever installed it."""
    entries = item["metadata"].get("managedFields") or ()
    installed = any(entry.get("manager") in _INSTALLERS for entry in entries)
    found = {
        path
        for entry in entries
        if entry.get("subresource") in _WISHES and _is_by_hand(entry, installed=installed)
        for path in _paths(entry.get("fieldsV1") or {})
    }
    return sorted(found)


def writers(item: Mapping[str, Any], *path: str) -> list[str]:
    """The managers that have written the field of an object."""
    found = []
    for entry in item["metadata"].get("managedFields") or ():
        fields: Any = entry.get("fieldsV1") or {}
        for part in path:
            fields = fields.get(f"f:{part}") if isinstance(fields, Mapping) else None
        if fields is not None:
            found.append(str(entry.get("manager", "")))
    return found


def _is_by_hand(entry: Mapping[str, Any], *, installed: bool) -> bool:
    manager = entry.get("manager", "")
    if manager in _RESTARTS:
        return False
    if manager in _FROM_FILES:
        # No file that is applied has the number of replicas in that form.
        return installed or entry.get("subresource") == "scale"
    return str(manager).startswith(_BY_HAND)


def _paths(fields: Fields) -> Iterator[str]:
    for name in _SETTINGS:
        if name in fields:
            yield from _leaves(fields[name], name.removeprefix("f:"))


def _leaves(fields: Fields, path: str) -> Iterator[str]:
    """The fields that have no further ones, and no lists' own marks."""
    inner = {name: value for name, value in fields.items() if name != "."}
    if not inner:
        yield path
    for name, value in inner.items():
        if name != _RESTARTED_AT:
            yield from _leaves(value, f"{path}{_step(name)}")


def _step(name: str) -> str:
    kind, _colon, rest = name.partition(":")
    return f".{rest}" if kind == "f" else f"[{rest}]"
