# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The mark of a pod that is on its way out, written in the request that changes its labels.

Its controller no longer knows such a pod, so nothing but the mark would lead a later run to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference

DRAINING = "meshwright.istio/draining"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Whose pod it was, its labels before, and whether it has left its Services."""

    workload: Reference
    labels: Mapping[str, str] = field(default_factory=dict)
    out: bool = False

    @classmethod
    def from_annotations(cls, annotations: Mapping[str, str]) -> Mark | None:
        """Read the mark of a pod; None without one, or with one that is not ours."""
        try:
            content = json.loads(annotations[DRAINING])
            return cls(
                workload=Reference.parse(DRAINING, content["workload"]),
                labels=dict(content["labels"]),
                out=bool(content["out"]),
            )
        except (KeyError, TypeError, ValueError, BadInputError):
            return None

    def patch(self, changes: Mapping[str, str]) -> dict[str, Any]:
        """The merge patch that changes the labels and writes the mark."""
        content = {"workload": self.workload.path, "labels": dict(self.labels), "out": self.out}
        text = json.dumps(content, sort_keys=True)
        return {"metadata": {"labels": dict(changes), "annotations": {DRAINING: text}}}

    def erase(self) -> dict[str, Any]:
        """The merge patch that gives the pod its labels back, and so to its controller."""
        return {"metadata": {"labels": dict(self.labels), "annotations": {DRAINING: None}}}


def let_go(template: str) -> str:
    """The hash of its template as its controller does not know it; nothing else looks at that."""
    return f"{template[:40]}-released"
