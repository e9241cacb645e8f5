# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What the preflight reads of objects beyond the snapshot, at once and by reading alone.

What the account may not read is left out and named: the findings about it cannot be made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible_collections.meshwright.istio.plugins.module_utils import (
    _borrowed_template,
    _kinds,
    _snapshot,
    _standing,
)
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._budget import Budget
from ansible_collections.meshwright.istio.plugins.module_utils._errors import ApiError
from ansible_collections.meshwright.istio.plugins.module_utils._istiod import Istiod
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind
from ansible_collections.meshwright.istio.plugins.module_utils._releases import ChangedDefault
from ansible_collections.meshwright.istio.plugins.module_utils._snapshot import Snapshot
from ansible_collections.meshwright.istio.plugins.module_utils._standing import Standing
from ansible_collections.meshwright.istio.plugins.module_utils._syncz import Connection
from ansible_collections.meshwright.istio.plugins.module_utils._wire import Schema
from ansible_collections.meshwright.istio.plugins.module_utils._workload import KINDS, Workload
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.crd import (
    SCHEMA,
    GatewayCrd,
)
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.need import Need
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.topic import Topic
from ansible_collections.meshwright.istio.plugins.module_utils.preflight.upgrade import Upgrade

_FORBIDDEN = 403
_NODE_LEASES = "kube-node-lease"
# Nothing else of a Secret is read, let alone kept.
_METADATA = Schema({1: ("metadata", Schema({1: ("name", str), 11: ("labels", dict)}))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence(Snapshot):
    """One moment of a cluster, as far as it can stand against an upgrade.

    `unread` are the plurals of what the account may not read, `standing` is None where that is
    part of it. `affected` are the objects of the kinds whose default changes, `ignored` how many
    there are of the kinds of the Gateway API that the new istiod would not see. `rejecting` are the
    proxies that refuse what their istiod has for them, `silent` the istiods that could not be asked
    for that, and `lacking` the rights that the upgrade needs and the account has not.
    """

    now: float = 0.0
    workloads: tuple[Workload, ...] = ()
    budgets: tuple[Budget, ...] = ()
    standing: Standing | None = None
    topics: Mapping[Topic, tuple[Object, ...]] = field(default_factory=dict)
    affected: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    ignored: tuple[tuple[GatewayCrd, int], ...] = ()
    unread: tuple[str, ...] = ()
    rejecting: tuple[tuple[Istiod, Connection], ...] = ()
    silent: tuple[Istiod, ...] = ()
    lacking: tuple[Need, ...] = ()

    def of(self, topic: Topic) -> tuple[Object, ...]:
        """The objects of a topic."""
        return self.topics.get(topic, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One list; `scope` is a namespace, or None for all."""

    topic: Topic
    kind: Kind
    scope: str | None = None
    selector: str = ""
    schema: Schema | None = None

    def answer(self, api: Api, keep: Callable[[Topic, Object], Any]) -> list[Any] | None:
        """What is to be kept of each object; None where the account may not read them."""
        try:
            return [
                kept
                for page, _version in api.pages(
                    self.kind, self.scope, label_selector=self.selector, schema=self.schema
                )
                for item in page
                if (kept := keep(self.topic, item)) is not None
            ]
        except ApiError as error:
            if error.status == _FORBIDDEN:
                return None
            raise


def _asks(istio: str) -> list[_Ask]:
    remote = "istio/multiCluster=true"
    revisioned = [
        _Ask(topic=Topic.REVISIONED, kind=kind, selector="istio.io/rev")
        for kind in (*_kinds.ISTIO_CONFIG, _kinds.HTTP_ROUTE)
    ]
    return [
        _Ask(topic=Topic.NAMESPACES, kind=_kinds.NAMESPACE),
        *(_Ask(topic=Topic.WORKLOADS, kind=kind) for kind in KINDS.values()),
        _Ask(topic=Topic.ISTIOD_PODS, kind=_kinds.POD, scope=istio, selector="app=istiod"),
        _Ask(topic=Topic.AUTOSCALERS, kind=_kinds.HPA, scope=istio),
        _Ask(topic=Topic.BUDGETS, kind=_kinds.PDB),
        _Ask(topic=Topic.QUOTAS, kind=_kinds.RESOURCE_QUOTA),
        _Ask(topic=Topic.LIMIT_RANGES, kind=_kinds.LIMIT_RANGE),
        _Ask(topic=Topic.SERVICES, kind=_kinds.SERVICE),
        _Ask(topic=Topic.MUTATING, kind=_kinds.MUTATING_WEBHOOK),
        _Ask(topic=Topic.VALIDATING, kind=_kinds.VALIDATING_WEBHOOK),
        _Ask(topic=Topic.SETTINGS, kind=_kinds.CONFIG_MAP, scope=istio),
        _Ask(topic=Topic.ROOTS, kind=_kinds.CONFIG_MAP, selector="istio.io/config=true"),
        _Ask(
            topic=Topic.HELM,
            kind=_kinds.SECRET,
            scope=istio,
            selector="owner=helm",
            schema=_METADATA,
        ),
        _Ask(
            topic=Topic.REMOTES, kind=_kinds.SECRET, scope=istio, selector=remote, schema=_METADATA
        ),
        _Ask(topic=Topic.CRDS, kind=_kinds.CRD, schema=SCHEMA),
        _Ask(topic=Topic.API_GATEWAYS, kind=_kinds.K8S_GATEWAY),
        _Ask(topic=Topic.LISTENER_SETS, kind=_kinds.LISTENER_SET),
        _Ask(topic=Topic.LISTENER_SETS, kind=_kinds.EARLY_LISTENER_SET),
        _Ask(topic=Topic.ENVOY_FILTERS, kind=_kinds.ENVOY_FILTER),
        _Ask(topic=Topic.NODES, kind=_kinds.NODE),
        _Ask(topic=Topic.LEASES, kind=_kinds.LEASE, scope=_NODE_LEASES),
        *revisioned,
    ]


def read(api: Api, upgrade: Upgrade, clock: Callable[[], float] = time.time) -> Evidence:
    """Read everything."""
    snapshot = _snapshot.read(api, upgrade.istio_namespace)
    asks = _asks(upgrade.istio_namespace)
    now = clock()
    answers = api.each(lambda ask: ask.answer(api, _keep), asks)
    unread = {ask.kind.plural for ask, each in zip(asks, answers, strict=True) if each is None}
    topics: dict[Topic, tuple[Any, ...]] = {}
    for ask, each in zip(asks, answers, strict=True):
        topics[ask.topic] = (*topics.get(ask.topic, ()), *(each or ()))
    controllers = topics.pop(Topic.WORKLOADS)
    topics[Topic.CONTROLLERS] = tuple(item for _workload, item in controllers if item is not None)
    known = {workload.reference: workload for workload, _item in controllers}
    crds = [GatewayCrd.from_object(item) for item in topics[Topic.CRDS]]
    standing = _read_standing(api, snapshot, unread)
    return Evidence(
        **{each.name: getattr(snapshot, each.name) for each in fields(Snapshot)},
        now=now,
        workloads=tuple(_borrowed_template.fill_in(each, known.get) for each in known.values()),
        budgets=tuple(map(Budget.from_object, topics[Topic.BUDGETS])),
        standing=standing,
        topics=topics,
        affected=_read_affected(api, snapshot, upgrade, unread),
        ignored=_read_ignored(api, crds, upgrade, unread),
        unread=tuple(sorted(unread)),
    )


def _keep(topic: Topic, item: Object) -> Any:
    """Of thousands of workloads only what is judged, of Istio's own ones all."""
    if topic is Topic.WORKLOADS:
        workload = Workload.from_object(item)
        return workload, item if _is_of_istio(item) else None
    if topic is Topic.CRDS:
        return item if GatewayCrd.is_one(item) else None
    return item


def _is_of_istio(item: Object) -> bool:
    labels = item["metadata"].get("labels") or {}
    template = item["spec"].get("template", {}).get("metadata") or {}
    return (
        labels.get("app") == "istiod"
        or "operator.istio.io/component" in labels
        or labels.get("k8s-app") in ("istio-cni-node", "ztunnel")
        or labels.get("app") == "ztunnel"
        or "inject.istio.io/templates" in (template.get("annotations") or {})
    )


def _read_standing(api: Api, snapshot: Snapshot, unread: set[str]) -> Standing | None:
    roots = {each.service[0] for each in snapshot.mesh.injectors if each.service}
    try:
        return _standing.read(api, None, roots)
    except ApiError as error:
        if error.status != _FORBIDDEN:
            raise
        unread.add("services and policies")
        return None


def _read_affected(
    api: Api, snapshot: Snapshot, upgrade: Upgrade, unread: set[str]
) -> dict[str, tuple[Object, ...]]:
    """The objects of every kind that a changed default may matter to, by kind."""
    old = upgrade.left_version(snapshot)
    changes = upgrade.rules.changes(old, upgrade.version) if old else []
    return {
        change.kind: _optional(api, kind, unread)
        for change in _one_a_kind(changes)
        if (kind := api.find_kind(change.api_version, change.kind)) is not None
    }


def _one_a_kind(changes: Iterable[ChangedDefault]) -> Iterable[ChangedDefault]:
    return {change.kind: change for change in changes}.values()


def _read_ignored(
    api: Api, crds: Iterable[GatewayCrd], upgrade: Upgrade, unread: set[str]
) -> tuple[tuple[GatewayCrd, int], ...]:
    """The definitions that are too old, with the number of objects there are of each."""
    release = upgrade.rules.release(upgrade.version)
    old = [crd for crd in crds if release is not None and crd.is_older(release.gateway_api)]
    return tuple((crd, len(_optional(api, crd.kind, unread))) for crd in old)


def _optional(api: Api, kind: Kind, unread: set[str]) -> tuple[Object, ...]:
    found = _Ask(topic=Topic.SERVICES, kind=kind).answer(api, lambda _topic, item: item)
    if found is None:
        unread.add(kind.plural)
    return tuple(found or ())
