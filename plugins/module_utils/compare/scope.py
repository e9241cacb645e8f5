# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The namespaces that are compared: those of the mesh, and those with configuration of Istio."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL

if TYPE_CHECKING:
    from ansible_collections.meshwright.istio.plugins.module_utils.compare.side import Side

INJECTION_LABEL = "istio-injection"
MODE_LABEL = "istio.io/dataplane-mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Which namespaces the user wants; all of the mesh where `only` is empty."""

    only: frozenset[str]
    excluded: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The namespaces. That of the control plane is always one: its policies hold everywhere."""

    namespaces: frozenset[str]

    def __contains__(self, namespace: object) -> bool:
        return namespace in self.namespaces


def read_limits(namespaces: Iterable[str], excluded: Iterable[str]) -> Limits:
    """Of the options; refused where they contradict each other."""
    limits = Limits(only=frozenset(namespaces), excluded=frozenset(excluded))
    both = sorted(limits.only & limits.excluded)
    if both:
        raise BadInputError(
            f"namespaces, excluded_namespaces: both have {', '.join(both)}. Name it in one."
        )
    return limits


def scope_of(sides: Collection[Side], limits: Limits, istio_namespace: str) -> Scope:
    """The namespaces of both; refused where a wanted one is in neither."""
    known = {name for side in sides for name in side.namespaces}
    unknown = sorted(limits.only - known)
    if unknown:
        raise BadInputError(
            f"namespaces: neither cluster has {', '.join(unknown)}. Name those that are there."
        )
    planes = {side.plane.namespace for side in sides if side.plane}
    roots = {root for side in sides if (root := side.settings.get("rootNamespace"))}
    everywhere = {istio_namespace, *planes, *roots}
    found = limits.only or {name for side in sides for name in _of_mesh(side)}
    return Scope(namespaces=frozenset((found | everywhere) - limits.excluded))


def _of_mesh(side: Side) -> Iterable[str]:
    yield from (name for name, labels in side.namespaces.items() if injection(labels))
    yield from (load.namespace for load in side.loads.values() if load.in_mesh)
    yield from (each.namespace for each in side.config.values())


def injection(labels: Mapping[str, str]) -> str:
    """How the pods of a namespace come into the mesh; empty where they do not."""
    if labels.get(INJECTION_LABEL) == "enabled":
        return "sidecar"
    if INJECTION_LABEL not in labels and REVISION_LABEL in labels:
        return "sidecar"
    return "ambient" if labels.get(MODE_LABEL) == "ambient" else ""
