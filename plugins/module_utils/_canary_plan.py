# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The plan of a canary, from a snapshot of the cluster and what the journal remembers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _waves
from ansible_collections.meshwright.istio.plugins.module_utils._canary import (
    GatewayMove,
    Kept,
    NamespaceMove,
    Plan,
    Source,
    TagMove,
    WaveMove,
    WorkloadMove,
)
from ansible_collections.meshwright.istio.plugins.module_utils._canary_record import Record
from ansible_collections.meshwright.istio.plugins.module_utils._control_plane import (
    DEFAULT_TAG,
    Mesh,
)
from ansible_collections.meshwright.istio.plugins.module_utils._membership import (
    members,
    revision_of,
)
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    Injection,
    Namespace,
)
from ansible_collections.meshwright.istio.plugins.module_utils._waves import (
    Candidate,
    Wave,
    WaveRequest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user wants; no names mean the whole mesh."""

    revision: str
    version: str
    namespaces: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    waves: tuple[WaveRequest, ...] = ()
    move_gateways: bool = True
    move_tags: bool = True
    istio_namespace: str = "istio-system"

    def concerns(self, namespace: str) -> bool:
        """Whether the upgrade may touch that namespace."""
        wanted = not self.namespaces or namespace in self.namespaces
        return wanted and namespace not in self.excluded
