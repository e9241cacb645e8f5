# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What a user asks for when namespaces shall change their labels, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _gone,
    _injector,
    _kinds,
    _namespace,
    _share,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._namespace import (
    Injection,
    Move,
    Namespace,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relabelling:
    """The options of `namespace_revision_label`; `selector` is None where none was given."""

    names: tuple[str, ...]
    selector: str | None
    share: float
    present: bool
    wanted: Injection
    istio_namespace: str
    allow_system_namespaces: bool
    allow_opted_out: bool
    leaves_out: bool = False

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Relabelling:
        """Read the module's options; BadInputError for what cannot be right on any cluster."""
        names = tuple(dict.fromkeys(params["namespaces"] or ()))
        selector = params["label_selector"]
        present = params["state"] == "present"
        wanted = Injection(revision=params["revision"], injection=params["injection"])
        _share.check_share(params["share"])
        for name in names:
            _namespace.check_name("namespaces", name)
        if selector is not None and not selector.strip():
            raise BadInputError(
                "label_selector: got an empty one, which would match every namespace; right is a"
                " selector as 'istio-injection=enabled', or no label_selector."
            )
        _check_wanted(wanted, present=present)
        return cls(
            names=names,
            selector=selector,
            share=params["share"],
            present=present,
            wanted=wanted,
            istio_namespace=params["istio_namespace"],
            allow_system_namespaces=params["allow_system_namespaces"],
            allow_opted_out=params["allow_opted_out"],
            leaves_out=_gone.leaves_out(params),
        )

    def read(self, api: Api) -> list[Namespace]:
        """The namespaces that are meant, with one LIST (two for names and a selector)."""
        chosen = {}
        if self.names:
            named = _namespace.pick(_list(api, ""), self.names, leave_out=self.leaves_out)
            chosen = {one.name: one for one in named}
        if self.selector is not None:
            chosen |= {one.name: one for one in _list(api, self.selector)}
        return [one for one in chosen.values() if _share.is_within(one.name, self.share)]

    def left_out(self, moves: Iterable[Move]) -> list[str]:
        """The names that were given and have no move, as there are no such namespaces."""
        there = {move.name for move in moves}
        return [
            name for name in self.names if name not in there and _share.is_within(name, self.share)
        ]

    def plan(self, namespaces: Sequence[Namespace]) -> tuple[Move, ...]:
        """What becomes of each; refused where somebody has to say first that it is meant."""
        moves = tuple(
            Move(name=one.name, before=one.injection, after=self._after(one.injection))
            for one in sorted(namespaces, key=lambda one: one.name)
        )
        if not self.allow_system_namespaces:
            _namespace.refuse_system(moves, self.istio_namespace)
        if not self.allow_opted_out:
            _namespace.refuse_opted_out(moves)
        return moves

    def _after(self, before: Injection) -> Injection:
        if self.present:
            return self.wanted
        if self.wanted.revision not in (None, before.revision):
            return before
        opted_out = before.injection == _namespace.DISABLED
        return Injection(injection=before.injection if opted_out else None)

    def require_injector(self, api: Api) -> None:
        """Refuse when nothing would answer for the new labels."""
        if self.present and self.wanted.injection != _namespace.DISABLED:
            labels = self.wanted.labels()
            wanted = self.wanted.revision or "istio-injection=enabled"
            _injector.require_live(api, wanted, labels, {})


def _check_wanted(wanted: Injection, *, present: bool) -> None:
    if wanted.revision is not None:
        _namespace.check_name("revision", wanted.revision)
    elif present and wanted.injection is None:
        raise BadInputError(
            "revision: got none with state=present; right is a revision or tag, or injection."
        )
    if wanted.injection is not None and not present:
        raise BadInputError(
            f"injection: got '{wanted.injection}' with state=absent, which takes the label away;"
            " leave injection out."
        )


def _list(api: Api, selector: str) -> list[Namespace]:
    try:
        items = api.list(_kinds.NAMESPACE, label_selector=selector)
    except ApiError as error:
        if error.status != 400:
            raise
        raise BadInputError(
            f"label_selector: got '{selector}', which the API server cannot read: {error.message}"
            " Right is as in 'team=payments,stage in (dev, test)'."
        ) from error
    return [Namespace.from_object(item) for item in items]
