# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What workload_restart was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._asking import resolve_option
from ansible_collections.meshwright.istio.plugins.module_utils._drain_plan import DrainMode
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector
from ansible_collections.meshwright.istio.plugins.module_utils._patience import Patience
from ansible_collections.meshwright.istio.plugins.module_utils._reference import (
    RESTARTABLE,
    Reference,
    parse_all,
)
from ansible_collections.meshwright.istio.plugins.module_utils._selection import Selection
from ansible_collections.meshwright.istio.plugins.module_utils._surge import SurgeMode
from ansible_collections.meshwright.istio.plugins.module_utils._wanted import (
    Wanted,
    check_version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may go on at once, and how much may go wrong."""

    parallel: int
    failures: int
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options; `name` is the revision or tag as the user wrote it."""

    selection: Selection
    name: str | None
    version: str | None
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    excluded: tuple[Reference, ...]
    surge: SurgeMode
    drain: DrainMode
    patience: Patience
    respects_budgets: bool
    waits: bool
    limits: Limits

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Request:
        """Read the options; BadInputError before anything is asked of the cluster."""
        for option in ("max_parallel", "max_failures", "wait_timeout"):
            if params[option] < 1:
                raise BadInputError(f"{option}: got {params[option]}; right is 1 or more.")
        for option in ("kinds", "names"):
            if params[option] is not None and not params[option]:
                raise BadInputError(
                    f"{option}: got an empty list; right is at least one entry, or to leave the"
                    " option out."
                )
        _check_drain(params)
        return cls(
            selection=Selection.from_params(params),
            name=params["revision"],
            version=check_version("version", params["version"]),
            kinds=tuple(params["kinds"] or RESTARTABLE),
            names=tuple(dict.fromkeys(params["names"] or ())),
            excluded=parse_all("excluded_workloads", params["excluded_workloads"]),
            surge=SurgeMode(params["surge"]),
            drain=DrainMode(params["drain"]),
            patience=Patience.from_params(params),
            respects_budgets=params["disruption_budgets"] == "respect",
            waits=params["wait"],
            limits=Limits(
                parallel=params["max_parallel"],
                failures=params["max_failures"],
                seconds=params["wait_timeout"],
            ),
        )

    def wanted(self, injectors: Iterable[Injector]) -> Wanted:
        """What the pods shall have; refused where the revision stands for nothing."""
        revision = self.name and resolve_option("revision", self.name, injectors)
        return Wanted(revision=revision, version=self.version)

    def names_it(self, reference: Reference) -> bool:
        """Whether the filters by kind and by name let the workload pass."""
        if reference in self.excluded:
            return False
        return reference.kind in self.kinds and (not self.names or reference.name in self.names)

    def absent(self, known: Iterable[Reference]) -> tuple[str, ...]:
        """The names that no workload has; most likely they are misspelt, so they are refused.

        Those of workloads are left out where that was asked for.
        """
        present = set(known)
        missing = [each for each in self.selection.workloads if each not in present]
        if not self.selection.leaves_out:
            _refuse("workloads", map(str, missing))
        _refuse("names", sorted(set(self.names) - {each.name for each in present}))
        return tuple(each.path for each in missing)


def _check_drain(params: Mapping[str, Any]) -> None:
    if params["drain"] == DrainMode.ROLLOUT:
        return
    if not params["wait"]:
        raise BadInputError(
            f"wait: got false with drain={params['drain']}; right is true, for a pod is drained"
            " only while somebody looks on. Or set drain to rollout, and some requests may be lost."
        )
    timeout, wait = params["drain_timeout"], params["wait_timeout"]
    if timeout >= wait:
        raise BadInputError(
            f"drain_timeout: got {timeout} with wait_timeout={wait}; right is less than that, or"
            " the workload would be given up while its pods still answer."
        )


def _refuse(option: str, absent: Iterable[str]) -> None:
    texts = ", ".join(absent)
    if texts:
        raise BadInputError(
            f"{option}: got {texts}, which does not exist among the selected workloads. Correct"
            " the list."
        )
