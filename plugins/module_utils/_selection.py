# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""The namespaces and workloads that a module was told to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    ApiError,
    BadInputError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._reference import (
    Reference,
    parse_all,
)

Labels = Mapping[str, str]
# So many are read one by one, which needs no right to list; more are listed.
_ONE_BY_ONE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Namespaces by name and by selector, or workloads; everything where nothing is given."""

    namespaces: tuple[str, ...] = ()
    namespace_selector: str | None = None
    workloads: tuple[Reference, ...] = ()

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Selection:
        """Read a module's options."""
        for option in ("namespaces", "workloads"):
            if params[option] is not None and not params[option]:
                raise BadInputError(
                    f"{option}: got an empty list; right is at least one name, or to leave the"
                    " option out."
                )
        return cls(
            namespaces=tuple(dict.fromkeys(params["namespaces"] or ())),
            namespace_selector=params["namespace_selector"],
            workloads=parse_all("workloads", params["workloads"]),
        )

    @property
    def is_everything(self) -> bool:
        return not (self.namespaces or self.workloads or self.namespace_selector is not None)

    def has(
        self, namespaces: Mapping[str, Labels], namespace: str, owner: Reference | None
    ) -> bool:
        """Whether a pod there with that owner is selected; `namespaces` is what was read."""
        if self.workloads:
            return owner in self.workloads
        return self.is_everything or namespace in namespaces


def read_namespaces(api: Api, selection: Selection) -> dict[str, Labels]:
    """The labels of the selected namespaces by name; refused where a name does not exist."""
    found: dict[str, Labels] = {}
    if selection.is_everything or selection.namespace_selector is not None:
        found |= _labels(_list(api, selection.namespace_selector or ""))
    if selection.workloads:
        found |= _read_named(api, "workloads", [each.namespace for each in selection.workloads])
    return found | _read_named(api, "namespaces", selection.namespaces)


def _read_named(api: Api, option: str, names: Sequence[str]) -> dict[str, Labels]:
    wanted = list(dict.fromkeys(names))
    if len(wanted) > _ONE_BY_ONE:
        found = _labels(api.list(_kinds.NAMESPACE))
    else:
        items = api.each(lambda name: api.get(_kinds.NAMESPACE, name), wanted)
        found = _labels([item for item in items if item is not None])
    absent = [name for name in wanted if name not in found]
    if absent:
        raise BadInputError(f"{option}: {_describe(absent, api)}. Correct the list.")
    return {name: found[name] for name in wanted}


def _list(api: Api, selector: str) -> Sequence[Object]:
    try:
        return api.list(_kinds.NAMESPACE, label_selector=selector)
    except ApiError as error:
        if error.status == 400 and selector:
            raise BadInputError(
                f"namespace_selector: got '{selector}', which the API server refuses"
                f" ({error.message}); right is a label selector such as team=shop,stage!=test."
            ) from error
        raise


def _labels(items: Sequence[Object]) -> dict[str, Labels]:
    return {item["metadata"]["name"]: item["metadata"].get("labels") or {} for item in items}


def _describe(absent: Sequence[str], api: Api) -> str:
    known = _labels(api.list(_kinds.NAMESPACE))
    texts = []
    for name in absent:
        similar = get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f" (there is {similar[0]})" if similar else ""
        texts.append(f"the namespace '{name}' does not exist{hint}")
    return "; ".join(texts)
