# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a user wants of a copy, and what is found for it in both clusters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import check_name
from ansible_collections.meshwright.istio.plugins.module_utils._target import Pair
from ansible_collections.meshwright.istio.plugins.module_utils.compare import (
    reading,
    scope,
    secret,
    serving,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import Config
from ansible_collections.meshwright.istio.plugins.module_utils.compare.reading import (
    Configuration,
    Reader,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.scope import Limits
from ansible_collections.meshwright.istio.plugins.module_utils.compare.serving import Name
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import SORTS, Sort


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options. `revision` is what objects with a label of one get; None takes it away."""

    sorts: tuple[Sort, ...]
    limits: Limits
    istio_namespace: str
    revision: str | None
    create_namespaces: bool
    injection_labels: bool
    secrets: bool
    force: bool

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        """Read the options; refused where they cannot be used."""
        if params["revision"] is not None:
            check_name("revision", params["revision"])
        return cls(
            sorts=tuple(SORTS[title] for title in params["kinds"] or SORTS),
            limits=scope.read_limits(params["namespaces"], params["excluded_namespaces"]),
            istio_namespace=params["istio_namespace"],
            revision=params["revision"],
            create_namespaces=params["create_namespaces"],
            injection_labels=params["injection_labels"],
            secrets=params["secrets"],
            force=params["force"],
        )

    def concerns(self, namespace: str) -> bool:
        """Whether what lies there is copied."""
        wanted = self.limits.only | {self.istio_namespace}
        return namespace not in self.limits.excluded and (
            not self.limits.only or namespace in wanted
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Both clusters, as far as they matter for a copy; `namespaces` are the objects by name."""

    source: Configuration
    target: Configuration
    namespaces: Mapping[str, Object]
    target_namespaces: frozenset[str]
    secrets: Mapping[Name, Object] = field(default_factory=dict)
    target_secrets: Mapping[Name, Object] = field(default_factory=dict)

    def of(self, side: Configuration, request: Request) -> list[Config]:
        """The objects of a side that the request is about, sorted."""
        titles = {sort.title for sort in request.sorts}
        return [
            side.objects[key]
            for key in sorted(side.objects)
            if key[0] in titles and request.concerns(key[1])
        ]


def read(pair: Pair, request: Request) -> Found:
    """Read both at once; refused where the account may not, or a wanted namespace is not there."""
    readers = {"source": Reader(pair.source), "target": Reader(pair.target)}
    answers = pair.source.each(_read_side, ((each, request.sorts) for each in readers.values()))
    (source, namespaces), (target, others) = answers
    for side, reader in readers.items():
        if reader.unread:
            raise RefusedError(
                f"The account may not read {', '.join(sorted(reader.unread))} of the {side}."
                " Grant it to list them, or leave them out by kinds."
            )
    unknown = sorted(request.limits.only - namespaces.keys())
    if unknown:
        raise BadInputError(
            f"namespaces: the source has no {', '.join(unknown)}. Name those that are there."
        )
    found = Found(
        source=source,
        target=target,
        namespaces=namespaces,
        target_namespaces=frozenset(others),
    )
    return _with_secrets(pair, request, found) if request.secrets else found


def _read_side(asked: tuple[Reader, tuple[Sort, ...]]) -> tuple[Configuration, dict[str, Object]]:
    reader, sorts = asked
    namespaces = reader.collect(_kinds.NAMESPACE) or ()
    return reading.read_all(reader, sorts), {item["metadata"]["name"]: item for item in namespaces}


def _with_secrets(pair: Pair, request: Request, found: Found) -> Found:
    lists = pair.source.each(pair.source.list, serving.LOADS)
    loads = serving.read_loads(item for each in lists for item in each)
    names = secret.wanted(found.of(found.source, request), loads.values())
    here = _secrets(pair.source, names)
    return Found(
        source=found.source,
        target=found.target,
        namespaces=found.namespaces,
        target_namespaces=found.target_namespaces,
        secrets=here,
        target_secrets=_secrets(pair.target, here),
    )


def _secrets(api: Api, names: Iterable[Name]) -> dict[Name, Object]:
    chosen = tuple(names)
    items = api.each(lambda name: api.get(_kinds.SECRET, name[1], name[0]), chosen)
    return {name: item for name, item in zip(chosen, items, strict=True) if item is not None}
