# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Pods that two injection webhooks would both take: the rule of istioctl's IST0139."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

from ansible_collections.meshwright.istio.plugins.module_utils import _injector
from ansible_collections.meshwright.istio.plugins.module_utils._api import Object
from ansible_collections.meshwright.istio.plugins.module_utils._errors import RefusedError
from ansible_collections.meshwright.istio.plugins.module_utils._injector import Injector

Labels = dict[str, str]


def refuse_new(injectors: Sequence[Injector], documents: Iterable[Object]) -> None:
    """Refuse documents that would have a pod injected twice, and not only as today."""
    written = {document["metadata"]["name"]: document for document in documents}
    new = [
        *(injector for injector in injectors if injector.configuration not in written),
        *(each for document in written.values() for each in Injector.from_object(document)),
    ]
    before = set(find(injectors))
    for pair in find(new):
        if pair not in before and written.keys() & set(pair):
            raise RefusedError(
                f"The webhooks of {pair[0]} and {pair[1]} would both inject the same pods"
                f" ({find(new)[pair]}). Remove the one that is not wanted first.",
                configurations=list(pair),
            )


def find(injectors: Sequence[Injector]) -> dict[tuple[str, str], str]:
    """Pairs of configurations that take the same pod, with an example of such a pod."""
    names = sorted(set().union(*(injector.names() for injector in injectors)))
    found: dict[tuple[str, str], str] = {}
    for namespace, pod in product(_namespaces(names), _pods(names)):
        taken = {each.configuration for each in _injector.find(injectors, namespace, pod)}
        for pair in _pairs(sorted(taken)):
            found.setdefault(pair, _describe(namespace, pod))
    return found


def _pairs(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for index, name in enumerate(names):
        for other in names[index + 1 :]:
            yield name, other


def _namespaces(names: Sequence[str]) -> Iterator[Labels]:
    yield from _labels("istio-injection", ("enabled", "disabled"), names)


def _pods(names: Sequence[str]) -> Iterator[Labels]:
    yield from _labels("sidecar.istio.io/inject", ("true", "false"), names)


def _labels(key: str, values: Sequence[str], names: Sequence[str]) -> Iterator[Labels]:
    for value, name in product((None, *values), (None, *names)):
        pairs: Mapping[str, str | None] = {key: value, "istio.io/rev": name}
        yield {label: text for label, text in pairs.items() if text is not None}


def _describe(namespace: Labels, pod: Labels) -> str:
    def words(labels: Labels) -> str:
        return ", ".join(f"{key}={value}" for key, value in labels.items()) or "no label"

    return f"namespace with {words(namespace)}; pod with {words(pod)}"
