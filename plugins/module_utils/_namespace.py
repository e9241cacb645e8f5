# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Namespaces and the two labels by which they choose who injects their pods."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils._errors import (
    BadInputError,
    RefusedError,
)
from ansible_collections.meshwright.istio.plugins.module_utils._result import Change

REVISION_LABEL = "istio.io/rev"
INJECTION_LABEL = "istio-injection"
ENABLED = "enabled"
DISABLED = "disabled"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# The platform's own: a sidecar there can stop the cluster. Istio itself never injects the first.
_SYSTEM_PREFIXES = ("kube-", "openshift-")
_SYSTEM_NAMES = frozenset({"local-path-storage"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """The labels that decide; None where the namespace does not carry the label.

    `istio-injection` beats `istio.io/rev`, whatever its value.
    """

    revision: str | None = None
    injection: str | None = None

    @classmethod
    def from_labels(cls, labels: Mapping[str, str]) -> Injection:
        """Read the labels of a namespace."""
        return cls(revision=labels.get(REVISION_LABEL), injection=labels.get(INJECTION_LABEL))

    def labels(self) -> dict[str, str]:
        """The labels that a namespace carries for it."""
        pairs = ((REVISION_LABEL, self.revision), (INJECTION_LABEL, self.injection))
        return {label: value for label, value in pairs if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """A namespace as far as injection goes."""

    name: str
    injection: Injection

    @classmethod
    def from_object(cls, item: Mapping[str, Any]) -> Namespace:
        """Read a namespace object."""
        metadata = item["metadata"]
        labels = metadata.get("labels") or {}
        return cls(name=metadata["name"], injection=Injection.from_labels(labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One namespace before and after; `error` when the write failed."""

    name: str
    before: Injection
    after: Injection
    error: str | None = None

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def patch(self) -> dict[str, Any]:
        """The merge patch: the labels that differ and nothing else."""
        before, after = self.before.labels(), self.after.labels()
        names = sorted(before.keys() | after.keys())
        labels = {name: after.get(name) for name in names if before.get(name) != after.get(name)}
        return {"metadata": {"labels": labels}}

    def change(self) -> Change:
        """The labels before and after, for the diff."""
        return Change(
            name=f"Namespace {self.name}", before=self.before.labels(), after=self.after.labels()
        )

    def summary(self) -> dict[str, Any]:
        """The entry of the module's result."""
        return {**asdict(self), "changed": self.changed and self.error is None}


def check_name(option: str, name: str) -> None:
    """Refuse a name that neither a namespace nor a revision can have."""
    if not _NAME.fullmatch(name):
        raise BadInputError(
            f"{option}: got '{name}'; right is 1 to 63 lower-case letters, digits and hyphens,"
            " with a letter or digit at both ends (a revision is written 1-31, not 1.31)."
        )


def pick(
    namespaces: Sequence[Namespace], names: Iterable[str], *, leave_out: bool = False
) -> list[Namespace]:
    """The named ones; a name that does not exist is refused, or left out."""
    known = {namespace.name: namespace for namespace in namespaces}
    wanted = list(dict.fromkeys(names))
    missing = [_describe_missing(name, known) for name in wanted if name not in known]
    if missing and not leave_out:
        raise BadInputError(
            f"namespaces: {'; '.join(missing)}. Correct the list or create them first.",
        )
    return [known[name] for name in wanted if name in known]


def _describe_missing(name: str, known: Iterable[str]) -> str:
    similar = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"'{name}' does not exist" + (f" (there is {similar[0]})" if similar else "")


def refuse_system(moves: Iterable[Move], istio_namespace: str) -> None:
    """Refuse to change namespaces of the platform and of Istio itself."""
    found = [move.name for move in moves if move.changed and is_system(move.name, istio_namespace)]
    if found:
        raise RefusedError(
            f"System namespaces are among those to be changed: {', '.join(found)}. A sidecar there"
            " can stop the cluster. Leave them out of namespaces and label_selector, or set"
            " allow_system_namespaces.",
            namespaces=found,
        )


def is_system(name: str, istio_namespace: str) -> bool:
    """Whether the namespace is the platform's or Istio's own."""
    return name == istio_namespace or name in _SYSTEM_NAMES or name.startswith(_SYSTEM_PREFIXES)


def refuse_opted_out(moves: Iterable[Move]) -> None:
    """Refuse to inject where somebody has said that nothing shall be injected."""
    found = [
        move.name
        for move in moves
        if move.before.injection == DISABLED != move.after.injection and move.after.labels()
    ]
    if found:
        raise RefusedError(
            f"These namespaces have opted out of injection ({INJECTION_LABEL}={DISABLED}):"
            f" {', '.join(found)}. Leave them out, as with the label_selector"
            f" '{INJECTION_LABEL}!={DISABLED}', or set allow_opted_out.",
            namespaces=found,
        )
