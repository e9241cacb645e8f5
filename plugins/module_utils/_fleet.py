# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""Workloads with their pods and disruption budgets, kept up to date by a feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _borrowed_template,
    _kinds,
    _pod_schema,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._feed import Feed, Source, scopes
from ansible_collections.meshwright.istio.plugins.module_utils._pod import Pod
from ansible_collections.meshwright.istio.plugins.module_utils._reference import Reference
from ansible_collections.meshwright.istio.plugins.module_utils._workload import KINDS, Workload

# More namespaces than these are read and watched as one whole cluster.
_SCOPES = 4


class Fleet:
    """What the cluster holds, as far as it has been told; see `_feed.Sink`."""

    def __init__(self) -> None:
        self._workloads: dict[Reference, Workload] = {}
        self._records: dict[Source, dict[str, Any]] = {}
        self._pods: defaultdict[Reference | None, dict[str, Pod]] = defaultdict(dict)

    def feed(self, api: Api, namespaces: Sequence[str] | None, kinds: Iterable[str]) -> Feed:
        """The feed that fills it: pods, budgets and workloads of these kinds."""
        readers = [
            (_kinds.POD, Pod.from_object, _pod_schema.POD),
            (_kinds.PDB, Budget.from_object, None),
            *((KINDS[kind], Workload.from_object, None) for kind in kinds),
        ]
        sources = [
            Source(kind=kind, namespace=scope, read=read, schema=schema)
            for scope in scopes(namespaces, _SCOPES)
            for kind, read, schema in readers
        ]
        return Feed(api, sources, self)

    def reset(self, source: Source, records: Mapping[str, Any]) -> None:
        """These are all there are of the source now."""
        for key in list(self._records.get(source, {})):
            self.change(source, key, None)
        self._records[source] = {}
        for key, record in records.items():
            self.change(source, key, record)

    def change(self, source: Source, key: str, record: Any) -> None:
        """One is new or has changed; None: it is gone."""
        records = self._records.setdefault(source, {})
        before = records.pop(key, None)
        if isinstance(before, Workload):
            self._workloads.pop(before.reference, None)
        elif isinstance(before, Pod):
            self._pods[before.owner].pop(before.key, None)
        if record is None:
            return
        records[key] = record
        if isinstance(record, Workload):
            self._workloads[record.reference] = record
        elif isinstance(record, Pod):
            self._pods[record.owner][record.key] = record

    def workloads(self) -> list[Workload]:
        """All of them, sorted."""
        found = (self._workloads[reference] for reference in sorted(self._workloads))
        return [_borrowed_template.fill_in(each, self._workloads.get) for each in found]

    def workload(self, reference: Reference) -> Workload | None:
        """The one of that name."""
        found = self._workloads.get(reference)
        return found and _borrowed_template.fill_in(found, self._workloads.get)

    def pods(self, owner: Reference) -> list[Pod]:
        """The pods of that workload, sorted by name."""
        return [pod for _key, pod in sorted(self._pods.get(owner, {}).items())]

    def others(self) -> Iterator[Pod]:
        """The pods that belong to none of the workloads that were read."""
        for owner, pods in self._pods.items():
            if owner is None or owner not in self._workloads:
                yield from pods.values()

    def budgets(self, workload: Workload) -> list[Budget]:
        """The disruption budgets over its pods."""
        namespace, labels = workload.reference.namespace, workload.template_labels
        return [
            record
            for records in self._records.values()
            for record in records.values()
            if isinstance(record, Budget) and record.covers(namespace, labels)
        ]
