# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""A second cluster that the same gate watches, so that whichever fails first ends it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _gate_sources
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._gate import Check, Sample, Source
from ansible_collections.meshwright.istio.plugins.module_utils._gate_request import (
    SOURCES,
    Request,
)

OPTIONS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    **SOURCES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is asked of the second cluster; its checks are told apart by its name."""

    api: Api
    request: Request
    name: str

    @classmethod
    def from_params(
        cls, params: Mapping[str, Any], connect: Callable[[Mapping[str, Any]], Api]
    ) -> Beside | None:
        """Read the option; all of the mesh is looked at there, and by the same switches."""
        given = params["beside"]
        if given is None:
            return None
        if not given["name"].strip():
            raise BadInputError("beside.name: got an empty name; right is one to be told by.")
        own = {name: given[name] for name in SOURCES}
        whole = {"namespaces": None, "namespace_selector": None, "revision": None}
        request = Request.from_params({**params, **whole, **own})
        return cls(api=connect(given), request=request, name=given["name"])

    def sources(self) -> list[Source]:
        """Everything that must hold there."""
        found = _gate_sources.for_holding(self.api, self.request)
        return [_Named(source=source, name=self.name) for source in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A source whose checks have the name of their cluster before their own."""

    source: Source
    name: str

    @property
    def checks(self) -> Sequence[Check]:
        return [replace(each, name=self._full(each.name)) for each in self.source.checks]

    def look(self, now: datetime) -> Sequence[Sample]:
        return [replace(each, check=self._full(each.check)) for each in self.source.look(now)]

    def _full(self, name: str) -> str:
        return f"{self.name}: {name}"
