# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The definitions of the Gateway API in a cluster: how new they are decides what istiod sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._object_name import annotations_of
from ansible_collections.meshwright.istio.plugins.module_utils._version import Version
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema

_GROUP = "gateway.networking.k8s.io"
_BUNDLE = f"{_GROUP}/bundle-version"
# A definition is mostly its schema, which is of no interest here.
SCHEMA = Schema(
    {
        1: ("metadata", Schema({1: ("name", str), 12: ("annotations", dict)})),
        2: (
            "spec",
            Schema(
                {
                    1: ("group", str),
                    3: ("names", Schema({1: ("plural", str), 4: ("kind", str)})),
                    7: ("versions", [Schema({1: ("name", str), 2: ("served", bool)})]),
                }
            ),
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCrd:
    """One definition; `bundle` is None where it does not say of which release it is."""

    kind: Kind
    bundle: Version | None

    @classmethod
    def is_one(cls, item: Mapping[str, Any]) -> bool:
        """Whether it defines a kind of the Gateway API that is served."""
        spec = item["spec"]
        return spec["group"] == _GROUP and any(each.get("served") for each in spec["versions"])

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> GatewayCrd:
        """Read a CustomResourceDefinition."""
        spec = item["spec"]
        version = next(each["name"] for each in spec["versions"] if each.get("served"))
        names = spec["names"]
        return cls(
            kind=Kind(
                api_version=f"{_GROUP}/{version}", kind=names["kind"], plural=names["plural"]
            ),
            bundle=Version.parse(annotations_of(item).get(_BUNDLE, "")),
        )

    def is_older(self, minimums: Mapping[str, Version]) -> bool:
        """Whether an istiod with these minimums ignores the kind; one that says nothing is old."""
        least = minimums.get(self.kind.plural)
        return least is not None and (self.bundle is None or self.bundle < least)
