# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The lists of one cluster, and the configuration of Istio that is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils.compare.config import (
    Config,
    Key,
    by_key,
    is_installed,
)
from ansible_collections.meshwright.istio.plugins.module_utils.compare.topic import Sort

_FORBIDDEN = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The objects by their keys, and the version of each kind, by its title, that is served."""

    objects: Mapping[Key, Config]
    versions: Mapping[str, Kind]


@dataclass(slots=True)
class Reader:
    """The lists of one cluster; what is not allowed is written down."""

    api: Api
    unread: set[str] = field(default_factory=set)

    def collect(
        self, kind: Kind, selector: str = "", keep: Callable[[Object], Any] = lambda item: item
    ) -> list[Any] | None:
        """What is kept of each object; None where the API server does not know the kind."""
        try:
            pages = 0
            found = []
            for page, _version in self.api.pages(kind, label_selector=selector):
                pages += 1
                found += [kept for item in page if (kept := keep(_bare(item))) is not None]
        except ApiError as error:
            if error.status != _FORBIDDEN:
                raise
            self.unread.add(kind.plural)
            return []
        return found if pages else None

    def sort(self, sort: Sort) -> tuple[Kind | None, list[Config]]:
        """The objects of the first version that is served."""
        for version in sort.versions:
            items = self.collect(version)
            if items is not None:
                own = (item for item in items if not is_installed(item))
                return version, [Config.from_object(sort, item) for item in own]
        return None, []


def read_all(reader: Reader, sorts: Iterable[Sort]) -> Configuration:
    """All objects of these kinds, at once."""
    asked = tuple(sorts)
    answers = reader.api.each(reader.sort, asked)
    versions = {sort.title: version for sort, (version, _found) in zip(asked, answers, strict=True)}
    return Configuration(
        objects=by_key(each for _version, found in answers for each in found),
        versions={title: version for title, version in versions.items() if version is not None},
    )


def _bare(item: Object) -> Object:
    # Half of an object, and nothing of it is compared.
    item["metadata"].pop("managedFields", None)
    return item
