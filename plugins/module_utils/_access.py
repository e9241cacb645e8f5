# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the account may do: the API server tells it of itself, and nothing is written for that."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A verb on a kind; `namespace` is None for all of them, or for a kind that is in none."""

    verb: str
    kind: Kind
    subresource: str | None = None
    namespace: str | None = None

    def __str__(self) -> str:
        part = f"/{self.subresource}" if self.subresource else ""
        place = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.kind.plural}{part}{place}"

    def is_held(self, api: Api) -> bool:
        """Whether the account has it."""
        attributes = {
            "verb": self.verb,
            "group": self.kind.api_version.rpartition("/")[0],
            "resource": self.kind.plural,
            "subresource": self.subresource or "",
            "namespace": self.namespace or "",
        }
        answer = api.create(
            _kinds.ACCESS_REVIEW,
            {
                "apiVersion": _kinds.ACCESS_REVIEW.api_version,
                "kind": _kinds.ACCESS_REVIEW.kind,
                "metadata": {},
                "spec": {"resourceAttributes": attributes},
            },
        )
        return bool(answer["status"]["allowed"])
