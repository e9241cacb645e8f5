# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Which revision the labels of a pod and its namespace ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._errors import BadInputError
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector


class Asking:
    """The answer of the cluster's webhooks, remembered for pods with the same labels."""

    def __init__(
        self, injectors: Iterable[Injector], namespaces: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._injectors = tuple(injectors)
        self._namespaces = namespaces
        self._known: dict[tuple[str, frozenset[tuple[str, str]]], str | None] = {}

    def revision(self, namespace: str, labels: Mapping[str, str]) -> str | None:
        """The revision that would inject such a pod; None for no sidecar."""
        key = (namespace, frozenset(labels.items()))
        if key not in self._known:
            self._known[key] = self._find(namespace, labels)
        return self._known[key]

    def _find(self, namespace: str, labels: Mapping[str, str]) -> str | None:
        found = _injector.find(self._injectors, self._namespaces.get(namespace, {}), labels)
        return found[0].revision if found else None


def resolve(injectors: Iterable[Injector], name: str) -> str | None:
    """The revision that a revision or tag stands for; None where no webhook goes by that name."""
    return next((each.revision for each in injectors if name in each.names()), None)


def revision_of(name: str, injectors: Iterable[Injector]) -> str:
    """The same; a name without a webhook may be a revision that has been removed."""
    return resolve(injectors, name) or name


def resolve_option(option: str, name: str, injectors: Iterable[Injector]) -> str:
    """The same; refused where it stands for nothing."""
    known = tuple(injectors)
    revision = resolve(known, name)
    if revision is None:
        names = sorted(set[str]().union(*(each.names() for each in known)))
        raise BadInputError(
            f"{option}: got '{name}', which is neither a revision nor a tag of this cluster; right"
            f" is one of {', '.join(names) or 'none, for there is no control plane'}."
        )
    return revision
