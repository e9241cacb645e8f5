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

from ansible_collections.meshwright.istio.plugins.module_utils import _gone, _kinds
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


def options() -> dict[str, Any]:
    """The options of a module that is told what to look at."""
    return {
        "namespaces": {"type": "list", "elements": "str"},
        "namespace_selector": {"type": "str"},
        "workloads": {"type": "list", "elements": "str"},
        "gone": dict(_gone.OPTION),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Namespaces by name and by selector, or workloads; everything where nothing is given."""

    namespaces: tuple[str, ...] = ()
    namespace_selector: str | None = None
    workloads: tuple[Reference, ...] = ()
    leaves_out: bool = False

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
            leaves_out=_gone.leaves_out(params),
        )

    @property
    def is_everything(self) -> bool:
        return not (self.namespaces or self.workloads or self.namespace_selector is not None)

    def has(
        self, namespaces: Mapping[str, Labels], namespace: str, owner: Reference | None
    ) -> bool:
        """Whether a pod there with that owner is selected; `namespaces` is what was read."""
        if self.workloads:
            return owner in self.workloads and namespace in namespaces
        return self.is_everything or namespace in namespaces


def read_namespaces(api: Api, selection: Selection) -> dict[str, Labels]:
    """The labels of the selected namespaces by name.

    A name that does not exist is refused or left out, as one is then whose namespace is going.
    """
    found: dict[str, Labels] = {}
    if selection.is_everything or selection.namespace_selector is not None:
        found |= _labels(_list(api, selection.namespace_selector or ""))
    if selection.workloads:
        spaces = [each.namespace for each in selection.workloads]
        found |= _read_named(api, "workloads", spaces, leave_out=selection.leaves_out)
    named = selection.namespaces
    return found | _read_named(api, "namespaces", named, leave_out=selection.leaves_out)


def _read_named(
    api: Api, option: str, names: Sequence[str], *, leave_out: bool
) -> dict[str, Labels]:
    wanted = list(dict.fromkeys(names))
    found = _get_or_list(api, wanted)
    if leave_out:
        staying = _labels([item for item in found if not _gone.is_ending(item)])
        return {name: staying[name] for name in wanted if name in staying}
    known = _labels(found)
    absent = [name for name in wanted if name not in known]
    if absent:
        raise BadInputError(f"{option}: {_describe(absent, api)}. Correct the list.")
    return {name: known[name] for name in wanted}


def _get_or_list(api: Api, names: Sequence[str]) -> Sequence[Object]:
    """The namespaces of those names, and others where they are many."""
    if len(names) > _ONE_BY_ONE:
        return api.list(_kinds.NAMESPACE)
    items = api.each(lambda name: api.get(_kinds.NAMESPACE, name), names)
    return [item for item in items if item is not None]


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
