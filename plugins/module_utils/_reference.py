# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""How users and results name a workload: `namespace/Kind/name`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError

# In the order in which they are shown.
RESTARTABLE = ("Deployment", "StatefulSet", "DaemonSet", "Rollout", "DeploymentConfig")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Reference:
    """An object by namespace, kind and name."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """The notation of options: namespace/Kind/name."""
        return f"{self.namespace}/{self.kind}/{self.name}"

    @classmethod
    def parse(cls, option: str, text: str) -> Reference:
        """Read the notation of an option; refused when it is not that of a workload."""
        parts = text.split("/")
        if len(parts) != 3 or not all(parts):
            raise BadInputError(
                f"{option}: got '{text}'; right is namespace/Kind/name, as shop/Deployment/web."
            )
        namespace, kind, name = parts
        if kind not in RESTARTABLE:
            raise BadInputError(
                f"{option}: got the kind '{kind}' in '{text}'; right is one of"
                f" {', '.join(RESTARTABLE)}."
            )
        return cls(namespace=namespace, kind=kind, name=name)

    def asdict(self) -> dict[str, Any]:
        """The keys by which a result names the object."""
        return {"namespace": self.namespace, "kind": self.kind, "name": self.name}


def parse_all(option: str, texts: Iterable[str] | None) -> tuple[Reference, ...]:
    """Read a list option of workloads."""
    return tuple(dict.fromkeys(Reference.parse(option, text) for text in texts or ()))
