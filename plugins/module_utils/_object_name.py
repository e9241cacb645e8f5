# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""An object's name with its kind and namespace: what plans, refusals and results speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import MeshError
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectName:
    """One object; the namespace is None where the kind has none."""

    kind: Kind
    name: str
    namespace: str | None = None

    @classmethod
    def of(cls, api: Api, item: Mapping[str, Any]) -> ObjectName:
        """The name of an object at hand; MeshError when the API server has no such kind."""
        kind = api.find_kind(item["apiVersion"], item["kind"])
        metadata = item["metadata"]
        if kind is None:
            raise MeshError(
                f"The API server does not know {item['apiVersion']} {item['kind']}, the kind of"
                f" {metadata['name']}. Install its CustomResourceDefinition first."
            )
        namespace = metadata.get("namespace") if kind.namespaced else None
        return cls(kind=kind, name=metadata["name"], namespace=namespace)

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind.kind} {where}{self.name}"

    def summary(self) -> dict[str, Any]:
        """The entry of a module's result."""
        return {"kind": self.kind.kind, "name": self.name, "namespace": self.namespace}


def labels_of(item: Mapping[str, Any]) -> dict[str, str]:
    """The labels of an object at hand."""
    return item["metadata"].get("labels") or {}


def annotations_of(item: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of an object at hand."""
    return item["metadata"].get("annotations") or {}
