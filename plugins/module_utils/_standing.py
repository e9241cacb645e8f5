# Copyright: (c) 2026, the meshwright.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection meshwright.istio: it may change at any time without notice.

"""What selects pods by their labels: Services, which send them requests, and policies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from ansible_collections.meshwright.istio.plugins.module_utils import _kinds
from ansible_collections.meshwright.istio.plugins.module_utils._api import Api, Object
from ansible_collections.meshwright.istio.plugins.module_utils._injector import selects
from ansible_collections.meshwright.istio.plugins.module_utils._kinds import Kind

Labels = Mapping[str, str]

_POLICIES = (
    _kinds.AUTHORIZATION_POLICY,
    _kinds.PEER_AUTHENTICATION,
    _kinds.REQUEST_AUTHENTICATION,
    _kinds.TELEMETRY,
    _kinds.WASM_PLUGIN,
    _kinds.SIDECAR,
    _kinds.ENVOY_FILTER,
    _kinds.GATEWAY,
    _kinds.DESTINATION_RULE,
)
# What these say of pods holds for those of other namespaces as well.
_EVERYWHERE = (_kinds.NETWORK_POLICY, _kinds.GATEWAY, _kinds.DESTINATION_RULE)
_NOTHING: Labels = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A Service, or a ServiceEntry that selects pods; `headless` where clients ask the DNS."""

    namespace: str
    kind: str
    name: str
    selector: Labels
    headless: bool = False
    is_local: bool = False
    """Whether it sends requests only to pods on the node from which they come."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    def selects(self, namespace: str, labels: Labels, added: Labels = _NOTHING) -> bool:
        """Whether it sends requests to such a pod.

        `added` are labels that its controller gives it, with the beginnings of their values.
        """
        return namespace == self.namespace and all(
            labels.get(key) == value or (key in added and value.startswith(added[key]))
            for key, value in self.selector.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What applies to the pods of a selector; with no namespace, to pods of every namespace."""

    name: str
    namespace: str | None
    selector: Mapping[str, Any]

    def tells_apart(self, namespace: str, before: Labels, after: Labels) -> bool:
        """Whether it applies to a pod with the one set of labels and not with the other."""
        if self.namespace not in (None, namespace):
            return False
        return selects(self.selector, before) != selects(self.selector, after)

    def asks_for(self, namespace: str, key: str) -> bool:
        """Whether it looks at that label of pods there."""
        expressions = self.selector.get("matchExpressions") or ()
        keys = {*(self.selector.get("matchLabels") or ()), *(each["key"] for each in expressions)}
        return self.namespace in (None, namespace) and key in keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All senders and policies, and the subsets into which the pods behind a sender are divided."""

    senders: tuple[Sender, ...] = ()
    policies: tuple[Policy, ...] = ()
    subsets: tuple[Policy, ...] = ()

    def senders_of(self, namespace: str, labels: Labels, added: Labels = _NOTHING) -> list[Sender]:
        """Those that send requests to such a pod; for `added` see `Sender.selects`."""
        return [sender for sender in self.senders if sender.selects(namespace, labels, added)]

    def using(self, namespace: str, key: str) -> list[str]:
        """What looks at that label of pods there, whatever its value is."""
        senders = (
            str(each)
            for each in self.senders
            if each.namespace == namespace and key in each.selector
        )
        others = (*self.policies, *self.subsets)
        return [*senders, *(each.name for each in others if each.asks_for(namespace, key))]

    def divide(self) -> Callable[[str], Standing]:
        """What of it concerns one namespace, by its name: to judge many pods each by little."""
        senders = _group(self.senders)
        policies, subsets = _group(self.policies), _group(self.subsets)
        return lambda namespace: Standing(
            senders=tuple(senders[namespace]),
            policies=(*policies[namespace], *policies[None]),
            subsets=(*subsets[namespace], *subsets[None]),
        )

    def disturbed(self, namespace: str, before: Labels, after: Labels) -> list[str]:
        """The policies that a change of labels would switch off or on for the pod."""
        return [
            policy.name for policy in self.policies if policy.tells_apart(namespace, before, after)
        ]


_Placed = TypeVar("_Placed", Sender, Policy)


def _group(items: Iterable[_Placed]) -> defaultdict[str | None, list[_Placed]]:
    found: defaultdict[str | None, list[_Placed]] = defaultdict(list)
    for item in items:
        found[item.namespace].append(item)
    return found


def read(api: Api, namespaces: Sequence[str] | None, roots: Iterable[str]) -> Standing:
    """Read those namespaces (None: all); policies in the roots apply to every namespace."""
    shared = set(roots)
    asked = list(_questions(namespaces, shared))
    answers = api.each(lambda ask: api.list(*ask), asked)
    senders: list[Sender] = []
    policies: list[Policy] = []
    subsets: list[Policy] = []
    for (kind, _scope), items in zip(asked, answers, strict=True):
        for item in items:
            senders += _senders(kind, item)
            policies += _policies(kind, item, shared)
            subsets += _subsets(kind, item)
    return Standing(senders=tuple(senders), policies=tuple(policies), subsets=tuple(subsets))


def _questions(
    namespaces: Sequence[str] | None, roots: set[str]
) -> Iterator[tuple[Kind, str | None]]:
    for kind in (_kinds.SERVICE, _kinds.SERVICE_ENTRY, _kinds.NETWORK_POLICY, *_POLICIES):
        if namespaces is None or kind in _EVERYWHERE:
            yield kind, None
        else:
            more = sorted(roots - set(namespaces)) if kind in _POLICIES else ()
            yield from ((kind, scope) for scope in (*namespaces, *more))


def _senders(kind: Kind, item: Object) -> Iterator[Sender]:
    spec, metadata = item.get("spec") or {}, item["metadata"]
    if kind == _kinds.SERVICE:
        # One that is only another name has no pods, even with a selector.
        selector = spec.get("selector") if spec.get("type") != "ExternalName" else None
    elif kind == _kinds.SERVICE_ENTRY:
        selector = (spec.get("workloadSelector") or {}).get("labels")
    else:
        return
    if selector:
        local = {spec.get("internalTrafficPolicy"), spec.get("externalTrafficPolicy")}
        yield Sender(
            namespace=metadata["namespace"],
            kind=kind.kind,
            name=metadata["name"],
            selector=selector,
            headless=spec.get("clusterIP") == "None",
            is_local="Local" in local,
        )


def _policies(kind: Kind, item: Object, roots: set[str]) -> Iterator[Policy]:
    """The policy of an object, and what it says of its peers; without a selector it says nothing.

    What applies to a whole namespace applies whatever the labels are.
    """
    metadata, spec = item["metadata"], item.get("spec") or {}
    namespace = metadata["namespace"]
    name = f"{item['kind']} {namespace}/{metadata['name']}"
    if kind == _kinds.NETWORK_POLICY:
        yield Policy(name=name, namespace=namespace, selector=spec.get("podSelector") or {})
        for peer in _peers(spec):
            scope = None if "namespaceSelector" in peer else namespace
            yield Policy(name=name, namespace=scope, selector=peer["podSelector"])
    elif kind in _POLICIES and (selector := _selector(kind, spec)):
        scope = None if namespace in roots or kind == _kinds.GATEWAY else namespace
        yield Policy(name=name, namespace=scope, selector={"matchLabels": selector})


def _selector(kind: Kind, spec: Mapping[str, Any]) -> Labels:
    selector = spec.get("selector") or spec.get("workloadSelector") or {}
    if kind == _kinds.GATEWAY:
        return dict(selector)
    labels: Labels = selector.get("matchLabels") or selector.get("labels") or {}
    return labels


def _peers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in spec.get(direction) or ():
            for peer in rule.get(side) or ():
                if peer.get("podSelector"):
                    yield peer


def _subsets(kind: Kind, item: Object) -> Iterator[Policy]:
    if kind != _kinds.DESTINATION_RULE:
        return
    metadata, spec = item["metadata"], item.get("spec") or {}
    # A short name is one of its own namespace: `web`, or `web.shop` with what may follow.
    _name, *rest = (spec.get("host") or "").split(".")
    namespace = rest[0] if rest else metadata["namespace"]
    for subset in spec.get("subsets") or ():
        yield Policy(
            name=f"DestinationRule {metadata['namespace']}/{metadata['name']}",
            namespace=namespace,
            selector={"matchLabels": subset.get("labels") or {}},
        )
