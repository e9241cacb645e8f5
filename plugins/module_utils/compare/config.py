# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An object of Istio's configuration as both clusters have it, and what is found about those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import (
    annotations_of,
    labels_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._revision import (
    COMPONENT_LABEL,
    REVISION_LABEL,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare import normal
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import Sort

# By kind as it is shown, namespace and name.
Key: TypeAlias = tuple[str, str, str]
# Annotations of a Gateway by which istiod makes its Service and its pods.
_MEANT = ("networking.istio.io/", "proxy.istio.io/", "sidecar.istio.io/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One object; `meaning` is what is compared, `asked` the revision that shall read it.

    `owned` is whether another object's controller keeps it.
    """

    sort: Sort
    namespace: str
    name: str
    meaning: Mapping[str, Any]
    asked: str | None
    owned: bool
    document: Object

    @classmethod
    def from_object(cls, sort: Sort, item: Object) -> Config:
        """Read it as the API shows it."""
        metadata = item["metadata"]
        return cls(
            sort=sort,
            namespace=metadata["namespace"],
            name=metadata["name"],
            meaning=_meaning(sort, item),
            asked=labels_of(item).get(REVISION_LABEL),
            owned=any(each.get("controller") for each in metadata.get("ownerReferences") or ()),
            document=item,
        )

    @property
    def key(self) -> Key:
        return self.sort.title, self.namespace, self.name

    def __str__(self) -> str:
        return title(self.key)


def title(key: Key) -> str:
    """The name by which findings and results speak of it."""
    return f"{key[0]} {key[1]}/{key[2]}"


def is_installed(item: Mapping[str, Any]) -> bool:
    """Whether an installation of Istio brought it: each version has its own."""
    return COMPONENT_LABEL in labels_of(item)


def _meaning(sort: Sort, item: Object) -> dict[str, Any]:
    spec = normal.without_nulls(item.get("spec") or {})
    if not sort.is_gateway_api:
        return {"spec": spec}
    noted = {key: value for key, value in annotations_of(item).items() if key.startswith(_MEANT)}
    meaning = {"spec": normal.without_defaults(spec, "spec")}
    return {**meaning, "annotations": noted} if sort.kind == "Gateway" else meaning


def by_key(items: Iterable[Config]) -> dict[Key, Config]:
    """The same, to be looked up."""
    return {each.key: each for each in items}


def of_sorts(found: Mapping[Key, Config], sorts: Iterable[Sort]) -> Iterator[Config]:
    """Those of some kinds, sorted."""
    titles = {each.title for each in sorts}
    for key in sorted(found):
        if key[0] in titles:
            yield found[key]
