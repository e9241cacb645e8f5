# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Who uses a revision: what would break, now or at the next restart, if it were gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace

from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._inventory import Asking, Inventory
from ansible_collections.meshwright.istio.plugins.module_utils._istiod import Answer
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    ENABLED,
    Injection,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    UNREVISIONED,
    Revision,
)

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """The users of one revision by kind, each list sorted; pods are `namespace/name`."""

    namespaces: tuple[str, ...] = ()
    pods: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    webhooks: tuple[str, ...] = ()
    config_objects: tuple[str, ...] = ()
    control_planes: tuple[str, ...] = ()
    ending: tuple[str, ...] = ()
    """Pods that have been told to stop; they and their proxies are not among the others."""
    unanswered: tuple[str, ...] = ()
    """istiods that could not be asked which proxies are connected to them."""

    @property
    def any(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def describe(self) -> str:
        """All of them in words, the first few by name."""
        return "; ".join(
            f"{_WORDS[name]} {_some(found)}" for name, found in asdict(self).items() if found
        )


_WORDS = {
    "namespaces": "namespaces",
    "pods": "pods that carry its sidecar",
    "workloads": "workloads whose pods ask for it",
    "gateways": "gateways",
    "proxies": "connected proxies",
    "tags": "tags",
    "webhooks": "webhooks that call it",
    "config_objects": "Istio objects labelled for it",
    "ending": "pods that are ending",
    "control_planes": "control planes that read its mesh configuration",
    "unanswered": "istiods that did not say which proxies are connected to them",
}


def _some(found: tuple[str, ...]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"({len(found)}): {', '.join(found[:_SHOWN])}{more}"


def find(
    inventory: Inventory, mesh: Mesh, revision: Revision, answers: Iterable[Answer] = ()
) -> Users:
    """The users of the revision; `answers` are what the istiods say of their proxies."""
    own = [answer for answer in answers if answer.istiod.revision == revision.name]
    carrying = [pod for pod in inventory.pods if pod.revision == revision.name]
    pods = [pod for pod in carrying if not pod.ending]
    ending = {pod.key for pod in carrying if pod.ending}
    asking = ask_for(inventory, names_of(mesh, revision.name))
    known = {f"Pod {pod.key}" for pod in carrying}
    return replace(
        asking,
        workloads=tuple(each for each in asking.workloads if each not in known),
        pods=_sorted(pod.key for pod in pods if not pod.gateway),
        gateways=_sorted((*asking.gateways, *(f"Pod {pod.key}" for pod in pods if pod.gateway))),
        proxies=_sorted({each.key for answer in own for each in answer.connections} - ending),
        ending=_sorted(ending),
        tags=_sorted(tag.name for tag in mesh.tags if tag.revision == revision.name),
        webhooks=_sorted(_callers(inventory, mesh, revision)),
        control_planes=_sorted(
            str(plane)
            for plane, config in inventory.sharing
            if config == revision.mesh_settings and plane.name != revision.istiod
        ),
        # One that does not run has nobody connected to it.
        unanswered=_sorted(
            f"{answer.istiod.namespace}/{answer.istiod.name}: {answer.istiod.problem}"
            for answer in own
            if answer.istiod.running and answer.istiod.problem
        ),
    )


def ask_for(inventory: Inventory, names: Collection[str]) -> Users:
    """Those that ask for a revision or tag of these names by a label."""
    injections = {each.name: each.injection for each in inventory.namespaces}
    gateways = _api_gateways(inventory, injections, names)
    old = (str(each.target) for each in inventory.old_gateways if each.asked in names)
    return Users(
        namespaces=_sorted(
            name for name, injection in injections.items() if asked_by(injection) in names
        ),
        workloads=_sorted(
            str(each.target)
            for each in _askers((*inventory.templates, *inventory.pods_alone), injections, names)
        ),
        gateways=_sorted((*(str(each) for each in gateways), *old)),
        config_objects=_sorted(
            str(each.target) for each in inventory.config if each.asked in names
        ),
    )


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def names_of(mesh: Mesh, revision: str) -> set[str]:
    """The names by which the revision is asked for: its own and its tags'."""
    names = {tag.name for tag in mesh.tags if tag.revision == revision}
    if revision != UNREVISIONED:
        names.add(revision)
    # Where nobody injects by default, the one without a revision is who is meant.
    if mesh.resolve(DEFAULT_TAG) == revision or (
        revision == UNREVISIONED and mesh.resolve(DEFAULT_TAG) is None
    ):
        names.add(DEFAULT_TAG)
    return names


def asked_by(injection: Injection) -> str | None:
    """The revision or tag that a namespace asks for."""
    if injection.injection is not None:
        return DEFAULT_TAG if injection.injection == ENABLED else None
    return injection.revision


def _askers(
    templates: Iterable[Asking], injections: Mapping[str, Injection], names: Collection[str]
) -> Iterator[Asking]:
    """Templates and pods that choose by themselves, in namespaces that leave the choice to them."""
    for each in templates:
        asked = each.asked or (DEFAULT_TAG if each.injected else None)
        if asked in names and injections.get(each.target.namespace or "") == Injection():
            yield each


def _api_gateways(
    inventory: Inventory, injections: Mapping[str, Injection], names: Collection[str]
) -> Iterator[object]:
    """Gateways of the Gateway API: by their own label, their namespace's, or the default."""
    for each in inventory.gateways:
        injection = injections.get(each.target.namespace or "", Injection())
        if (each.asked or injection.revision or DEFAULT_TAG) in names:
            yield each.target


def _callers(inventory: Inventory, mesh: Mesh, revision: Revision) -> Iterator[str]:
    """Webhooks of others that lead to its istiod, above all the default validator."""
    own = {target.name for target in revision.webhooks()}
    own |= {tag.configuration for tag in mesh.tags}
    service = (revision.namespace, revision.istiod)
    for each in inventory.webhooks:
        if service in each.services and each.target.name not in own:
            yield str(each.target)


def summary(users: Users) -> dict[str, list[str]]:
    """The users as a module's result."""
    return {name: list(found) for name, found in asdict(users).items()}
