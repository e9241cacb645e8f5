# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A gateway that istiod deploys from a Gateway of the Gateway API: who asks for it, and where to.

The Gateway's own label decides which istiod renders the Deployment, then its namespace's, then the
default. When another one takes over it does so at once, by server-side apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gateway_hold
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import REVISION_LABEL

# On the Deployment: what the Gateway carries is copied to its pods, and would restart them.
ADDED = "meshwright.istio/added-revision"
_MANAGED = "gateway.istio.io/managed"
# Waypoints and gateways between clusters have other controllers, and are left to istiod.
_CONTROLLER = "istio.io-gateway-controller"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The Gateway above a Deployment.

    `label` is the revision or tag that it names itself, `leads` the revision that it follows, and
    `without` the one that it would follow if it named none; None where that is nobody. `added` is
    whether a move has named it. `attached` has the routes of each listener that is programmed.
    `fixed` are the fields of the Deployment's spec that istiod writes. `held_at` is the revision on
    which its pods are held; None where they are not.
    """

    name: str
    label: str | None
    leads: str | None
    without: str | None
    added: bool = False
    attached: Mapping[str, int] = field(default_factory=dict)
    fixed: frozenset[str] = frozenset()
    held_at: str | None = None

    def label_for(self, name: str, revision: str) -> str | None:
        """What it has to name to follow that revision, by that name; None for nothing.

        One that named none before, or whose tag leads there by now, stays as it is.
        """
        if self.without == revision and (self.added or self.label is None):
            return None
        return self.label if self.leads == revision else name


def is_deployed(item: Mapping[str, Any]) -> bool:
    """Whether istiod deploys it, a Deployment or a pod, for a Gateway that takes requests in."""
    return labels_of(item).get(_MANAGED) == _CONTROLLER


def parent_name(item: Mapping[str, Any]) -> str | None:
    """The Gateway that a Deployment was made from; None for any other Deployment."""
    if not is_deployed(item):
        return None
    owners = item["metadata"].get("ownerReferences") or ()
    return next((each["name"] for each in owners if each["kind"] == "Gateway"), None)


def parent_of(
    item: Mapping[str, Any],
    gateway: Mapping[str, Any],
    namespace_labels: Labels,
    mesh: Mesh,
) -> Parent:
    """Read the Gateway above that Deployment."""
    label, space = labels_of(gateway).get(REVISION_LABEL), namespace_labels.get(REVISION_LABEL)
    return Parent(
        name=gateway["metadata"]["name"],
        label=label,
        leads=resolve(mesh, label or space),
        without=resolve(mesh, space),
        added=label is not None and annotations_of(item).get(ADDED) == label,
        attached=attached(gateway),
        fixed=frozenset(_fixed(item)),
        held_at=_gateway_hold.facts(item)["revision"] if _gateway_hold.is_held(item) else None,
    )


def refuse_fixed(parent: Parent, gateway: str) -> None:
    """Refuse a gateway that cannot be held, as istiod would write again what holds it."""
    if fixed := sorted(parent.fixed.intersection(_gateway_hold.HELD_FIELDS)):
        raise RefusedError(
            f"The {gateway} cannot be held while its new pods start: istiod writes"
            f" {', '.join(fixed)} of its Deployment. Take that out of the ConfigMap that the"
            f" parametersRef of Gateway {parent.name} names, or of the one of its class."
        )


def resolve(mesh: Mesh, asked: str | None) -> str | None:
    """The revision whose istiod looks after a Gateway that asks for that revision or tag."""
    found = mesh.resolve(asked or DEFAULT_TAG)
    # Without a default tag it is the istiod that validates by default.
    return found or (None if asked else mesh.validation)


def attached(gateway: Mapping[str, Any]) -> dict[str, int]:
    """The listeners that are programmed, each with the number of routes attached to it."""
    return {
        each["name"]: each.get("attachedRoutes", 0)
        for each in (gateway.get("status") or {}).get("listeners") or ()
        if any(
            condition["type"] == "Programmed" and condition["status"] == "True"
            for condition in each.get("conditions") or ()
        )
    }


def lacks(before: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """What the status of a Gateway no longer says, in words.

    Fewer routes may be another's wish by now; that the new pods serve the same ones as the old
    is asked of themselves.
    """
    return [
        f"listener {name}, which was programmed with {routes} routes and now "
        + ("has none" if name in now else "is not programmed")
        for name, routes in sorted(before.items())
        if name not in now or (routes and not now[name])
    ]


def _fixed(item: Mapping[str, Any]) -> Iterator[str]:
    """The fields of its spec that were written by server-side apply."""
    for entry in item["metadata"].get("managedFields") or ():
        if entry.get("operation") == "Apply":
            spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
            yield from (name.removeprefix("f:") for name in spec)
